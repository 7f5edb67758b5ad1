"""What the command line prints: results to stdout, everything else to stderr, colours and bars on terminals only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from runnel.errors import RunnelError
from runnel.model.findings import Finding


class Output:
    """The two streams of one call of the program."""

    def __init__(self, quiet: bool = False, log_format: str = "pretty", json: bool = False) -> None:
        self.quiet = quiet
        self.log_format = log_format
        self.json = json
        self._drawn = False

    @property
    def colour(self) -> bool:
        """Whether stderr may be coloured."""
        return sys.stderr.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    @property
    def interactive(self) -> bool:
        """Whether progress bars make sense."""
        return sys.stderr.isatty() and not self.quiet and not self.json and self.log_format == "pretty"

    def result(self, value: Any) -> None:
        """Print the one JSON document of a verb."""
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=_plain)
        sys.stdout.buffer.write(text + b"\n")
        sys.stdout.flush()

    def text(self, text: str) -> None:
        """Print text to stdout."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()

    def note(self, message: str, **fields: Any) -> None:
        """Say something on stderr, unless asked to be quiet."""
        if not self.quiet:
            self._say("info", message, fields)

    def warn(self, message: str, **fields: Any) -> None:
        """Say a warning on stderr."""
        self._say("warning", message, fields)

    def error(self, error: RunnelError) -> None:
        """Say an error on stderr: code, what, hint, and its findings where it has some."""
        findings: Sequence[Finding] = getattr(error, "findings", ())
        if self.log_format == "json":
            self._say("error", error.what, error.to_json())
            return
        if findings:
            self.findings(findings)
            return
        place = " · ".join(f"{key} {value}" for key, value in error.where.items() if value is not None)
        sys.stderr.write(f"{self._painted('error', '31;1')} {error.code}  {error.what}\n")
        if place and "traceback" not in error.where:
            sys.stderr.write(f"  at {place}\n")
        if error.hint:
            sys.stderr.write(f"  {self._painted('hint', '36')} {error.hint}\n")

    def findings(self, findings: Iterable[Finding]) -> None:
        """Show findings on stderr, errors first."""
        rank = {"error": 0, "warning": 1, "info": 2}
        colours = {"error": "31;1", "warning": "33;1", "info": "34"}
        for finding in sorted(findings, key=lambda finding: rank[finding.severity]):
            where = finding.where
            parts = [part for part in (where.node, where.field) if part]
            place = ".".join(parts) + (f" (line {where.line})" if where.line else "")
            painted = self._painted(finding.severity, colours[finding.severity])
            sys.stderr.write(f"{painted} {finding.code}  {place}: {finding.what}\n")
            if finding.hint:
                sys.stderr.write(f"  {self._painted('hint', '36')} {finding.hint}\n")
            if finding.fix:
                sys.stderr.write(f"  {self._painted('fix', '32')} {finding.fix.title}\n")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None,
              right: Sequence[int] = ()) -> None:  # fmt: skip
        """Print a table to stdout: drawn on a terminal, tab-separated into a pipe."""
        listed = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if not sys.stdout.isatty():
            self.text(plain_table(columns, listed, set(right), title))
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        made = Table(title=title, box=SIMPLE_HEAD, title_justify="left", header_style="bold")
        for index, name in enumerate(columns):
            made.add_column(name, justify="right" if index in right else "left", overflow="fold")
        for row in listed:
            made.add_row(*[_escaped(cell) for cell in row])
        Console(no_color="NO_COLOR" in os.environ).print(made)

    def progress(self, label: str, share: float, seconds_left: float | None = None) -> None:
        """Draw a progress bar on the terminal's last line; a share of 1 removes it."""
        width = 30
        full = int(share * width)
        left = "" if seconds_left is None else f"  {duration(seconds_left)} left"
        bar = "" if share >= 1 else f"{label[:24]:24} {'█' * full}{'░' * (width - full)} {share:4.0%}{left}"
        sys.stderr.write("\r\x1b[K" + bar)
        sys.stderr.flush()
        self._drawn = bool(bar)

    def clear_progress(self) -> None:
        """Remove a progress bar that still stands."""
        if self._drawn:
            self.progress("", 1)

    def _say(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        if self.log_format == "json":
            line = orjson.dumps({"level": level, "message": message, **fields}, default=_plain)
            sys.stderr.write(line.decode() + "\n")
            return
        colours = {"info": "34", "warning": "33;1", "error": "31;1"}
        prefix = "" if level == "info" else self._painted(level, colours[level]) + " "
        sys.stderr.write(f"{prefix}{message}\n")

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour else text


def duration(seconds: float) -> str:
    """Return a time in words: 9 s, 2 min, 1 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = (whole + 30) // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def plain_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: set[int], title: str | None = None
) -> str:
    """Return a table as aligned text."""
    widths = [max([len(name), *(len(row[index]) for row in rows)]) for index, name in enumerate(columns)]

    def line(cells: Sequence[str]) -> str:
        made = [
            cell.rjust(widths[index]) if index in right else cell.ljust(widths[index])
            for index, cell in enumerate(cells)
        ]
        return "  ".join(made).rstrip()

    lines = [title] if title else []
    return "\n".join([*lines, line(columns), line(["-" * width for width in widths]), *map(line, rows)]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")


def _plain(value: Any) -> Any:
    return str(value)


_CURRENT = [Output()]


def set_output(output: Output) -> None:
    """Set how this call of the program prints."""
    _CURRENT[0] = output


def current_output() -> Output:
    """Return how this call of the program prints."""
    return _CURRENT[0]
