"""Files of rows that people download: made by a locked connection, safe for spreadsheets, and given up in time."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from building import compiled, fresh_project, node, rows, run_nodes
from runnel.app.exports import export
from runnel.app.locked_reading import locked_reading
from runnel.app.looks import Look
from runnel.app.patience import Patience, waiting
from runnel.app.project import Project
from runnel.app.tables import arrow_table
from runnel.errors import LimitError

FORMULAS = ("=cmd|' /C calc'!A0", "+x", "-x", "@x", "\tx", "\rx")


@pytest.fixture
def project() -> Iterator[Project]:
    """A project."""
    with fresh_project() as made:
        yield made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings of every connection that this process opens from now on, looked up when it closes."""
    found: list[dict[str, str]] = []
    connect = duckdb.connect

    class Watched:
        """A real connection whose settings are noted when it is closed."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None:
            self.close()

        def close(self) -> None:
            found.append(dict(self.inner.execute("SELECT name, value FROM duckdb_settings()").fetchall()))
            self.inner.close()

    monkeypatch.setattr(duckdb, "connect", lambda *given, **named: Watched(connect(*given, **named)))
    return found


def exported(project: Project, format: str, look: Look | None = None, raw: bool = False, **columns: Any) -> Path:
    given = columns or {"a": "x"}
    made = compiled(project, {"rows": rows(given, **dict.fromkeys(given, "VARCHAR"))})
    return export(project, made, ("rows", "output"), look or Look(), format, raw)


@pytest.mark.parametrize("format", ["csv", "json", "ndjson", "parquet", "arrow", "xlsx"])
def test_the_rows_are_read_by_a_connection_that_reaches_nothing_else(
    project: Project, opened: list, format: str
) -> None:
    target = exported(project, format, Look(where="a = 'x'", search="x"))
    assert target.stat().st_size > 0
    settings = opened[-1]
    assert (settings["enable_external_access"], settings["lock_configuration"]) == ("false", "true")
    assert settings["threads"] == "2" and settings["TimeZone"] == "UTC"
    assert str(target.parent) in settings["allowed_directories"] and "/etc" not in settings["allowed_directories"]


def test_a_table_of_a_run_is_read_by_a_locked_connection(project: Project, opened: list) -> None:
    report = run_nodes(project, {"rows": rows({"a": 1}, a="BIGINT"), "out": node("sink.dataset", "rows", name="d")})
    assert arrow_table(project, report, "rows").to_pylist() == [{"a": 1}]
    settings = opened[-1]
    assert (settings["enable_external_access"], settings["lock_configuration"]) == ("false", "true")


def test_the_connection_reads_no_other_file_and_its_settings_stay(project: Project, tmp_path: Path) -> None:
    other = project.root / "other.csv"
    other.write_text("a\n1\n", "utf-8")
    with locked_reading(project, [], tmp_path) as connection:
        for text in (
            f"SELECT * FROM '{other}'",
            "SELECT * FROM read_text('/etc/passwd')",
            f"COPY (SELECT 1) TO '{other}'",
            "SET enable_external_access = true",
            "SET memory_limit = '99GB'",
            f"ATTACH '{project.home / 'runnel.db'}'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(text)
        connection.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path / 'mine.csv'}' (FORMAT csv)")
    assert other.read_text("utf-8") == "a\n1\n"
    assert list(project.scratch.iterdir()) == []


ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3"


def test_what_lasts_too_long_is_given_up(project: Project, tmp_path: Path) -> None:
    begun = time.monotonic()
    with (
        pytest.raises(LimitError, match="was not done within"),
        locked_reading(project, [], tmp_path, seconds=0.3) as connection,
    ):
        connection.execute(ENDLESS)
    assert time.monotonic() - begun < 10


def test_what_nobody_waits_for_any_longer_is_given_up(project: Project, tmp_path: Path) -> None:
    patience = Patience()
    threading.Timer(0.3, patience.leave).start()
    begun = time.monotonic()
    with waiting(patience), pytest.raises(LimitError), locked_reading(project, [], tmp_path) as connection:
        connection.execute(ENDLESS)
    assert time.monotonic() - begun < 10


def test_what_takes_more_memory_than_is_allowed_is_refused(tmp_path: Path) -> None:
    with fresh_project(flags={"memory": "64MB"}) as project:
        huge = "SELECT list(range) FROM range(60000000)"
        with pytest.raises(LimitError, match="memory"), locked_reading(project, [], tmp_path) as connection:
            connection.execute(huge)


def test_an_export_that_fails_leaves_nothing_behind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise OSError("no space left on device")

    exported(project, "xlsx")
    before = set(project.scratch.iterdir())
    monkeypatch.setattr("xlsxwriter.Workbook", full)
    with pytest.raises(OSError, match="no space"):
        exported(project, "xlsx")
    assert set(project.scratch.iterdir()) == before


@pytest.mark.parametrize("name", FORMULAS)
def test_the_names_of_columns_are_no_formulas_in_a_spreadsheet_unless_raw_is_wanted(
    project: Project, name: str
) -> None:
    def names(raw: bool) -> list[str]:
        with exported(project, "csv", None, raw, **{name: "x", "plain": "y"}).open(
            newline="", encoding="utf-8"
        ) as file:
            return next(csv.reader(file))

    assert names(False) == ["'" + name, "plain"] and names(True) == [name, "plain"]


def test_the_names_of_columns_are_no_formulas_in_excel(project: Project) -> None:
    import zipfile

    target = exported(project, "xlsx", None, False, **{"=1+1": "x", "n": "=2"})
    with zipfile.ZipFile(target) as book:
        texts = book.read("xl/worksheets/sheet1.xml") + (
            book.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in book.namelist() else b""
        )
    assert b">'=1+1<" in texts or b">&#39;=1+1<" in texts
    assert b"<f>" not in texts and b">=1+1<" not in texts
