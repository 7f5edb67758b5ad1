"""The rows of a port as a file in a format that other programs read; texts that a spreadsheet would compute are defused."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.locked_reading import locked_reading
from runnel.app.looks import Look, quoted, selection
from runnel.app.previews import kept_result
from runnel.connectors.files.conversion import neutral_name
from runnel.errors import AuthoringError

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

FORMATS: Mapping[str, str] = {
    "csv": "FORMAT csv, HEADER", "json": "FORMAT json, ARRAY true", "ndjson": "FORMAT json",
    "parquet": "FORMAT parquet, COMPRESSION zstd", "arrow": "", "xlsx": "",
}  # fmt: skip
DANGEROUS = r"^\s*[\"'']*\s*[=+\-@\t\r]"


def export(project: Project, compiled: Compiled, port: tuple[str, str], look: Look, format: str, raw: bool) -> Path:
    """Write the rows of a port (sorted, filtered, limited as `look` says) into a file and return it; the caller removes it.

    In CSV and Excel a text or a column's name that begins with = + - @, a tab or a carriage return gets an apostrophe
    in front, unless `raw`; numbers stay numbers.
    """
    if format not in FORMATS:
        raise AuthoringError("RNL-CLI-003", f"`{format}` is no format to export to", f"Choose {', '.join(FORMATS)}.")
    from runnel.engines.duckdb.storage import reading_query

    schema = dict(compiled.typed[port[0]].schemas[port[1]])
    kept = kept_result(project, compiled.plan([port], whole=True))
    query = f'WITH "the rows" AS ({reading_query([kept.data], kept.types)}) {selection(project, schema, look)}'
    if format in ("csv", "xlsx") and not raw:
        query = _defused(query, {name: schema[name] for name in look.columns or schema})
    target = Path(tempfile.mkdtemp(dir=project.scratch)) / f"rows.{format}"
    try:
        with locked_reading(project, [kept.data], target.parent) as connection:
            if format == "arrow":
                _arrow(connection, query, target)
            elif format == "xlsx":
                _excel(connection, query, target)
            else:
                place = str(target).replace("'", "''")
                connection.execute(f"COPY ({query}) TO '{place}' ({FORMATS[format]})")
    except BaseException:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise
    return target


def _defused(query: str, schema: Mapping[str, str]) -> str:
    cells = [
        f"CASE WHEN regexp_matches({quoted(name)}, '{DANGEROUS}') THEN '''' || {quoted(name)} ELSE {quoted(name)} END "
        f"AS {quoted(neutral_name(name))}" if type == "VARCHAR" else f"{quoted(name)} AS {quoted(neutral_name(name))}"
        for name, type in schema.items()
    ]  # fmt: skip
    return f"SELECT {', '.join(cells)} FROM ({query}) AS exported"


def _arrow(connection: Any, query: str, target: Path) -> None:
    import pyarrow as pa

    reader = connection.sql(query).to_arrow_reader(100_000)
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_stream(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def _excel(connection: Any, query: str, target: Path) -> None:
    import xlsxwriter

    relation = connection.execute(query)
    with xlsxwriter.Workbook(str(target), {"constant_memory": True, "strings_to_formulas": False,
                                           "strings_to_urls": False, "remove_timezone": True}) as book:  # fmt: skip
        sheet = book.add_worksheet("rows")
        bold = book.add_format({"bold": True})
        for place, item in enumerate(relation.description):
            sheet.write_string(0, place, str(item[0]), bold)
        number = 0
        while batch := relation.fetchmany(10_000):
            for row in batch:
                number += 1
                for place, cell in enumerate(row):
                    _excel_cell(sheet, number, place, cell)


def _excel_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float) and abs(value) < 1e15:
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value))
