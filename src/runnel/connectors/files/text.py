"""Plain text: one row per line, with its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnel.connectors.files import limits, sql
from runnel.connectors.files.dialect import Dialect, newline_of
from runnel.connectors.files.formats import Chosen, Format, Prepared, Reading, Sniffed
from runnel.connectors.files.overlay import NUMBERS, rows_checked
from runnel.connectors.files.records import uniform
from runnel.connectors.files.refused import harvest
from runnel.connectors.files.values import NO_DELIMITER, overriding
from runnel.sdk import Opened

_COLUMNS = {"line": "VARCHAR", "line_number": "BIGINT"}
_PLAIN = Dialect(delimiter=NO_DELIMITER, quote="", escape="", header=False)


class TextFormat(Format):
    """Lines."""

    name = "text"
    extensions = ("txt", "log", "text")
    textual = True

    def sniff(self, file: Prepared, reading: Reading) -> Sniffed:
        """Return the two columns; only the line ends are looked at."""
        limits.line_sizes(file.readable, file.shown)
        newline = newline_of(_whole(file.readable))
        return Sniffed(overriding(_COLUMNS, reading.given), {"newline": newline}, ())

    def open(self, files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> Opened:
        """Return the lines, those of each file numbered from 1."""
        parts = [self._lines(chosen, reading) for chosen in files]
        wanted = sql.names(_COLUMNS)
        made = (
            parts[0] if len(parts) == 1 else f"({' UNION ALL '.join(f'SELECT {wanted} FROM {part}' for part in parts)})"
        )
        return Opened(rows_checked(made, _COLUMNS, columns, reading, {"file": files[0].file.path}) or made)

    def _lines(self, chosen: Chosen, reading: Reading) -> str:
        path = chosen.file.readable
        if chosen.options["newline"] == "mixed":
            path = reading.workspace.new(".txt")
            uniform(chosen.file.readable, path, "", "")
        key = f"text_{next(NUMBERS)}"
        reading.state[key] = (path, chosen.file)
        skip = reading.settings.skip_rows
        return (
            f"(SELECT COALESCE(line, '') AS line, row_number() OVER () + {skip} AS line_number FROM "
            f"read_csv({sql.text(path)}, header=false, auto_detect=false, "
            f"delim={sql.text(NO_DELIMITER)}, quote='', escape='', skip={skip}, "
            f"columns={{'line': 'VARCHAR'}}, max_line_size={limits.MAX_RECORD_BYTES}, buffer_size=32000000, "
            f"store_rejects=true, rejects_table='{key}_rejects', rejects_scan='{key}_scans'))"
        )

    def finish(self, reading: Reading) -> None:
        """Refuse lines that are no UTF-8."""
        for key, value in list(reading.state.items()):
            if isinstance(key, str) and key.startswith("text_") and key not in reading.harvested:
                reading.harvested.add(key)
                path, file = value
                harvest(reading, f"{key}_rejects", f"{key}_scans", {path: file}, _PLAIN)


def _whole(path: str) -> str:
    """Return only the line ends of a file, as text."""
    kinds: set[str] = set()
    with open(path, "rb") as file:
        rest = b""
        while chunk := file.read(1 << 20):
            data = rest + chunk
            rest = data[-1:] if data.endswith(b"\r") else b""
            data = data[: len(data) - len(rest)]
            pairs = data.count(b"\r\n")
            kinds |= {"\r\n"} if pairs else set()
            kinds |= {"\n"} if data.count(b"\n") > pairs else set()
            kinds |= {"\r"} if data.count(b"\r") > pairs else set()
        kinds |= {"\r"} if rest else set()
    return "".join(f"x{kind}" for kind in sorted(kinds) for _ in range(30))


FORMATS = (TextFormat(),)
