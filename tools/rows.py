"""Writes docs/rows.tsv: which row of the capability list is met by which module and test, read off the tests' marks."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "rows.tsv"


class Marks:
    """A plugin of pytest that gathers `@pytest.mark.row("M-…", met_by="…", deviation="…")` while tests are collected."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[list[str], list[str], list[str]]] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Note every mark of every test; a parametrised test counts once."""
        for item in items:
            for mark in item.iter_markers("row"):
                test = f"{item.nodeid.partition('[')[0]}"
                for row in mark.args:
                    self.note(str(row), test, mark.kwargs.get("met_by", ""), mark.kwargs.get("deviation", ""))

    def note(self, row: str, test: str, met_by: str, deviation: str) -> None:
        """Add a test to a row."""
        for known, value in zip(self.rows.setdefault(row, ([], [], [])), (met_by, test, deviation), strict=True):
            if value and value not in known:
                known.append(value)


def table(marks: Marks) -> str:
    """Return the table as text: row, met by, test, deviation."""
    lines = ["row\tmet by\ttest\tdeviation"]
    for row, (met_by, tests, deviations) in sorted(marks.rows.items()):
        shown = met_by or sorted({test.partition("::")[0] for test in tests})
        lines.append("\t".join([row, "; ".join(shown), "; ".join(tests), "; ".join(deviations)]))
    return "\n".join(lines) + "\n"


def main() -> int:
    """Collect the tests and write the table; returns the exit code of the collection."""
    marks = Marks()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", str(ROOT / "tests")], plugins=[marks])
    if code:
        print(said.getvalue()[-4000:], file=sys.stderr)
        return int(code)
    TARGET.write_text(table(marks), "utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(marks.rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
