"""The catalogue that the editor's tests read is the one that the program has."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "web" / "tools" / "catalogue_golden.py"


def test_the_editors_tests_read_the_present_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written anew with `python web/tools/catalogue_golden.py` when a kind or a setting changes."""
    spec = importlib.util.spec_from_file_location("catalogue_golden", TOOL)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    kept = tool.GOLDEN.read_text("utf-8")
    monkeypatch.setattr(tool, "GOLDEN", tmp_path / "catalogue.json")
    tool.main()
    assert (tmp_path / "catalogue.json").read_text("utf-8") == kept
