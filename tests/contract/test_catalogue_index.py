"""The index of node kinds: the same catalogue as without it, fewer imports, and made anew whenever it does not hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from runnel.catalog import discover, discover_indexed

LOADED = """
import sys
from pathlib import Path
from runnel.catalog import discover_indexed
made = discover_indexed(Path(sys.argv[1]))
node = made.nodes["table.filter"]
print(node.kind, *sorted(name for name in sys.modules if name.startswith(("runnel.nodes.", "runnel.connectors."))))
print(*[kind for kind in made.nodes if kind.startswith("my.")])
"""


def loaded(index: Path, **environ: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", LOADED, str(index)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environ}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_index_gives_the_same_classes_in_the_same_order(tmp_path):
    walked = discover()
    for _ in range(2):
        found = discover_indexed(tmp_path / "catalog.json")
        assert list(found.nodes) == list(walked.nodes)
        assert all(found.nodes[kind] is walked.nodes[kind] for kind in walked.nodes)
        assert found.get("table.nothing") is None and "table.nothing" not in found.nodes
        assert found.nearest("table.filtr") == "table.filter"


def test_a_new_process_imports_only_the_modules_of_the_kinds_it_uses(tmp_path):
    first, second = loaded(tmp_path / "catalog.json")[0].split(), loaded(tmp_path / "catalog.json")[0].split()
    assert "runnel.nodes.tables.join" in first
    assert "runnel.nodes.rows.filter" in second and "runnel.nodes.tables.join" not in second
    assert len(second) < len(first) / 3


def test_an_index_that_is_torn_or_of_another_installation_is_made_anew(tmp_path):
    index = tmp_path / "catalog.json"
    loaded(index)
    whole = index.read_text()
    for wrong in ("", whole[: len(whole) // 2], "[]", '{"x": 1}', whole.replace('"nodes"', '"other"')):
        index.write_text(wrong)
        assert loaded(index)[0].startswith("table.filter")
        assert json.loads(index.read_text())
    index.unlink()
    index.mkdir()
    assert loaded(index)[0].startswith("table.filter")


def test_a_plugin_that_is_installed_later_is_found_and_one_that_is_removed_is_gone(tmp_path):
    index, site = tmp_path / "catalog.json", tmp_path / "site"
    site.mkdir()
    place = {"PYTHONPATH": str(site)}
    assert loaded(index, **place)[1] == "" and loaded(index, **place)[1] == ""
    (site / "plug.py").write_text(
        "from runnel.nodes.rows.filter import Filter\nclass Mine(Filter):\n    kind = 'my.filter'\n"
    )
    info = site / "plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[runnel.nodes]\nplug = plug\n")
    assert loaded(index, **place)[1] == "my.filter" and loaded(index, **place)[1] == "my.filter"
    for file in info.iterdir():
        file.unlink()
    info.rmdir()
    assert loaded(index, **place)[1] == ""
