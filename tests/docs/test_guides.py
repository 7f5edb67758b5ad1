"""Every command of the tutorial and the guides works, in the order in which it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "guides").glob("*.md")),
         *sorted((ROOT / "docs" / "tutorial").glob("*.md"))]  # fmt: skip


def commands(page: Path) -> str:
    """Return the commands of a page's console blocks as one shell script."""
    lines: list[str] = []
    inside = False
    for line in page.read_text("utf-8").split("\n"):
        if line.startswith("```"):
            inside = line == "```console"
            continue
        if inside:
            lines.append(line[2:] if line.startswith("$ ") else line)
    return "\n".join(lines)


@pytest.mark.row("M-001-41", "M-003-55", "M-003-534", "M-003-536", "M-003-537")
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_command_of_the_page_works(page, tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "set -e\n" + commands(page)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_the_reference_is_generated_from_the_code(tmp_path):
    done = subprocess.run([sys.executable, "-m", "tools.docs"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    nodes = (ROOT / "docs" / "reference" / "nodes.md").read_text("utf-8")
    assert "table.join" in nodes and "source.file" in nodes
    functions = (ROOT / "docs" / "reference" / "functions.md").read_text("utf-8")
    assert functions.count("\n### ") >= 150
