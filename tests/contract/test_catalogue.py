"""The catalogue: every kind says what it is, loads no driver, and plugins come in by entry points alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from runnel.catalog import discover
from runnel.catalog.describe import entry, file_schema, listing

CATALOG = discover()
KINDS = list(CATALOG.nodes)
DRIVERS = ("duckdb", "pyarrow", "pandas", "polars", "numpy", "deltalake", "lxml", "fastavro", "fastexcel", "sqlalchemy", "pyspark")


@pytest.mark.row("M-001-03", met_by="catalog/describe.py", deviation="kinds carry all that their forms need; the editor that draws them comes later")
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_is(kind):
    node = CATALOG.nodes[kind]
    assert re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", kind)
    assert node.title and node.group and node.icon and node.since
    assert node.summary and not node.summary.endswith(".") and "\n" not in node.summary and len(node.summary) <= 120
    assert node.synonyms and len(set(node.synonyms)) == len(node.synonyms)
    assert node.__doc__ and node.__module__.rpartition(".")[2]


@pytest.mark.row("M-001-03", "M-003-102", met_by="sdk/fields.py")
@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_of_a_kind_has_a_title_a_help_and_a_valid_schema(kind):
    schema = CATALOG.nodes[kind].Config.model_json_schema()
    assert schema.get("additionalProperties") is False
    for name, field in schema.get("properties", {}).items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert field.get("title"), f"{kind}.{name} has no title"
        assert field.get("description") or field.get("title"), f"{kind}.{name} has no help"
    assert sane(schema, schema) == []


def sane(schema: Any, root: dict[str, Any], path: str = "#") -> list[str]:
    """What is no JSON Schema below a place: references that lead nowhere, unknown types, required names that do not exist."""
    found: list[str] = []
    if isinstance(schema, list):
        return [problem for number, part in enumerate(schema) for problem in sane(part, root, f"{path}/{number}")]
    if not isinstance(schema, dict):
        return found
    reference = schema.get("$ref")
    if isinstance(reference, str):
        place: Any = root
        for part in reference.removeprefix("#/").split("/"):
            place = place.get(part) if isinstance(place, dict) else None
        if place is None:
            found.append(f"{path}: {reference} leads nowhere")
    types = {"object", "array", "string", "integer", "number", "boolean", "null"}
    type = schema.get("type")
    if isinstance(type, str) and type not in types:
        found.append(f"{path}: the type {type}")
    if isinstance(schema.get("required"), list) and isinstance(schema.get("properties"), dict):
        found += [f"{path}: requires {name}" for name in schema["required"] if name not in schema["properties"]]
    for key, part in schema.items():
        if key not in ("default", "const", "enum", "examples"):
            found += sane(part, root, f"{path}/{key}")
    return found


def test_the_schema_of_pipeline_files_holds_every_kind_and_is_sane():
    schema = file_schema(CATALOG)
    assert sane(schema, schema) == []
    text = json.dumps(schema)
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_description_of_a_kind_is_json_with_ports_and_examples(kind):
    made = json.loads(json.dumps(entry(CATALOG.nodes[kind], full=True), default=str))
    assert made["kind"] == kind and made["config"]["type"] == "object"
    assert {"inputs", "outputs"} <= set(made["ports"])
    for example in CATALOG.nodes[kind].examples:
        CATALOG.nodes[kind].Config.model_validate(dict(example.config))


def test_the_listing_names_every_kind_once():
    kinds = [node["kind"] for node in listing(CATALOG)["nodes"]]
    assert sorted(kinds) == sorted(KINDS) and len(set(kinds)) == len(kinds)


def test_a_synonym_finds_its_kind():
    assert CATALOG.nearest("table.jion") == "table.join"
    assert CATALOG.nearest("x.vlookup") is not None
    assert CATALOG.nearest("zzzzzz") is None


def python(code: str, **environ: str) -> str:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environ}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("statement", ["import runnel.catalog", "from runnel.catalog import discover; discover()", "import runnel"])
def test_the_catalogue_loads_no_driver(statement):
    loaded = python(f"{statement}; import sys; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))").split()
    assert [name for name in DRIVERS if name in loaded] == []


def wheel_folder(folder: Path, name: str, files: dict[str, str], entry_points: str) -> Path:
    """What `pip install --target` leaves behind: the package and its metadata."""
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    return folder


SHOW = """
from runnel.catalog import discover
made = discover()
print([kind for kind in made.nodes if kind.startswith("my.")], [(item.name, item.error) for item in made.broken], len(made.nodes))
"""


def test_a_broken_plugin_is_listed_with_its_error_and_stops_nothing(tmp_path):
    files = {"raising.py": "raise OSError('no such driver')", "thing.py": "value = 5"}
    points = "[runnel.nodes]\nraising = raising\nmissing = not_there_at_all\nvalue = thing:value\n"
    said = python(SHOW, PYTHONPATH=str(wheel_folder(tmp_path, "broken", files, points)))
    assert "OSError: no such driver" in said and "not_there_at_all" in said and "neither a module nor a Node" in said
    assert said.rstrip().endswith(str(len(KINDS)))


PLUGIN = '''
    """A node of a plugin."""

    from runnel.sdk import Example, Node, NodeConfig, Relation, field


    class Doubled(Node):
        """Gives every row twice."""

        kind = "my.doubled"
        title = "Double"
        summary = "Give every row twice"
        group = "rows"
        synonyms = ("twice",)

        class Config(NodeConfig):
            """No settings."""

        def relate(self, input: Relation) -> Relation:
            """Append the rows to themselves."""
            return input.union_all([input])
'''


def test_a_plugin_in_a_wheel_of_its_own_works_by_pip_install_alone(tmp_path):
    project = tmp_path / "source"
    (project / "my_nodes").mkdir(parents=True)
    (project / "my_nodes" / "__init__.py").write_text(textwrap.dedent(PLUGIN))
    (project / "pyproject.toml").write_text(textwrap.dedent("""
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [project]
        name = "my-nodes"
        version = "1.0"
        [project.entry-points."runnel.nodes"]
        my_nodes = "my_nodes"
        [tool.hatch.build.targets.wheel]
        packages = ["my_nodes"]
    """))
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pip = [str(Path(sys.executable).parent / "uv"), "pip"]
    done = subprocess.run([*pip, "install", "--no-deps", "--no-build-isolation", "--quiet", "--target", str(target), str(project)],
                          capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "['my.doubled'] []" in python(SHOW, PYTHONPATH=str(target))
    (tmp_path / "p.runnel.yaml").write_text(textwrap.dedent("""
        runnel: 1
        name: p
        nodes:
          rows: {kind: source.rows, config: {rows: [{a: 1}, {a: 2}]}}
          twice: {kind: my.doubled, from: rows}
    """))
    run = subprocess.run([sys.executable, "-m", "runnel.cli.main", "preview", str(tmp_path / "p.runnel.yaml"), "twice", "--json"],
                         capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(target)}, check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["total_rows"] == 4
