"""Writes docs/rows.tsv: which row of the capability list is met by which module and test, read off the tests' marks.

With `--check` nothing is written: a table that is out of date, or a mark that is wrong, ends it with 1.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "rows.tsv"
SOURCE = ROOT / "src" / "runnel"
ROW = re.compile(r"M-\d{3}-\d{2,3}")
KEYWORDS = ("met_by", "deviation")


class Marks:
    """A plugin of pytest that gathers `@pytest.mark.row("M-…", met_by="…", deviation="…")` while tests are collected.

    `met_by` is a file below src/runnel; `deviation` says in plain words what is left for later or is otherwise, and why.
    """

    def __init__(self) -> None:
        self.rows: dict[str, tuple[list[str], list[str], list[str]]] = {}
        self.problems: list[str] = []

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Note every mark of every test; a parametrised test counts once."""
        for item in items:
            for mark in item.iter_markers("row"):
                self.take(item.nodeid.partition("[")[0], mark.args, mark.kwargs)

    def take(self, test: str, rows: tuple[Any, ...], words: Mapping[str, Any]) -> None:
        """Add a mark of a test, or the problems of the mark."""
        found = list(mark_problems(rows, words))
        self.problems += [f"{test}: {problem}" for problem in found if f"{test}: {problem}" not in self.problems]
        for row in rows if not found else ():
            self.note(row, test, words.get("met_by", ""), words.get("deviation", ""))

    def note(self, row: str, test: str, met_by: str, deviation: str) -> None:
        """Add a test to a row."""
        for known, value in zip(self.rows.setdefault(row, ([], [], [])), (met_by, test, deviation), strict=True):
            if value and value not in known:
                known.append(value)


def mark_problems(rows: tuple[Any, ...], words: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a mark: no row, a malformed one, unknown keywords, a module that does not exist."""
    if not rows:
        yield "the mark `row` names no row"
    for row in rows:
        if not isinstance(row, str) or not ROW.fullmatch(row):
            yield f"{row!r} is no row; rows are called like M-003-21"
    for key, value in words.items():
        if key not in KEYWORDS:
            yield f"the mark `row` has no keyword `{key}`; it has {', '.join(KEYWORDS)}"
        elif not isinstance(value, str) or "\t" in value or "\n" in value:
            yield f"`{key}` is no text of one line"
    met_by = words.get("met_by")
    if met_by and not (SOURCE / str(met_by)).is_file():
        yield f"`met_by` names src/runnel/{met_by}, which does not exist"


def table(marks: Marks) -> str:
    """Return the table as text: row, met by, test, deviation."""
    lines = ["row\tmet by\ttest\tdeviation"]
    for row, (met_by, tests, deviations) in sorted(marks.rows.items(), key=lambda item: _numbers(item[0])):
        shown = met_by or sorted({test.partition("::")[0] for test in tests})
        lines.append("\t".join([row, "; ".join(shown), "; ".join(tests), "; ".join(deviations)]))
    return "\n".join(lines) + "\n"


def _numbers(row: str) -> tuple[int, ...]:
    return tuple(int(part) for part in row.split("-")[1:])


def main() -> int:
    """Collect the tests and write or check the table; returns the exit code."""
    marks = Marks()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", str(ROOT / "tests")], plugins=[marks])
    if code:
        print(said.getvalue()[-4000:], file=sys.stderr)
        return int(code)
    made = table(marks)
    stale = not TARGET.exists() or TARGET.read_text("utf-8") != made
    if "--check" in sys.argv[1:] and stale:
        marks.problems.append("docs/rows.tsv is out of date; `python -m tools.rows` writes it anew")
    if marks.problems:
        print(*marks.problems, sep="\n", file=sys.stderr)
        return 1
    if stale:
        TARGET.write_text(made, "utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(marks.rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
