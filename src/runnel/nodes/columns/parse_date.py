"""Read dates and times from text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from sqlglot import exp

from runnel.nodes.refusing import Attempt, attempted, not_made, placed
from runnel.nodes.templates import fill, types_of
from runnel.sdk import Columns, Example, Finding, GuardedConfig, Node, Relation, Unsupported, Where, call, column, field
from runnel.sdk.date_formats import numeric_format
from runnel.sdk.joining import family

_TYPES = {"date": "DATE", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMP WITH TIME ZONE"}


class ParseDate(Node):
    """Reads dates and times, trying the formats in order; text that fits none is refused, becomes NULL, or stops a run.

    Without formats ISO 8601 is read. With `zone` local times become moments in that zone; a format with `%z` reads the
    offset that stands in the text.
    """

    kind = "table.parse_date"
    title = "Read dates"
    summary = "Turn text into dates or times, by one or more formats"
    group = "columns"
    icon = "calendar"
    synonyms = (
        "to date",
        "strptime",
        "parse date",
        "timestamp",
        "datetime",
        "time zone",
        "convert date",
        "date format",
    )
    dialect_limits = {"postgres": "formats other than numbers with signs between them, and on_error fail"}

    class Config(GuardedConfig):
        """Settings of the reading."""

        columns: Columns = field(title="Columns", help="The text columns to read.", widget="columns", min_length=1)
        formats: list[str] = field(
            default_factory=list,
            title="Formats",
            widget="list",
            help="Such as `%d.%m.%Y` or `%Y-%m-%d %H:%M`, tried in order; ISO 8601 without.",
        )
        type: Literal["date", "timestamp", "timestamptz"] = field(
            "date", title="Result", help="A day, a local time, or a moment."
        )
        zone: str | None = field(
            None, title="Time zone", help="timestamptz: where times without offset were taken, e.g. Europe/Berlin."
        )

    examples = (
        Example(
            "German and ISO dates",
            {"columns": ["d"], "formats": ["%d.%m.%Y", "%Y-%m-%d"]},
            {"input": [{"d": "24.12.2024"}, {"d": "2024-12-25"}, {"d": "soon"}, {"d": None}]},
            {"output": [{"d": "2024-12-24"}, {"d": "2024-12-25"}, {"d": None}],
             "rejected": [{"d": "soon", "_reason": "d: 'soon' is no date of the form %d.%m.%Y, %Y-%m-%d"}]},
        ),
        Example(
            "Local times become moments",
            {"columns": ["t"], "formats": ["%Y-%m-%d %H:%M"], "type": "timestamptz", "zone": "Europe/Berlin"},
            {"input": [{"t": "2024-07-01 12:00"}]}, {"output": [{"t": "2024-07-01T10:00:00Z"}]},
            types={"input": {"t": "VARCHAR"}},
        ),
        Example("No day of the calendar", {"columns": ["d"], "formats": ["%Y-%m-%d"], "on_error": "null"},
                {"input": [{"d": "2023-02-29"}]}, {"output": [{"d": None}]}, types={"input": {"d": "VARCHAR"}}),
    )  # fmt: skip

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Formats of numbers are taken apart by a pattern there."""
        if config.formats and all(map(numeric_format, config.formats)) and config.on_error != "fail":
            return {}
        return {"postgres": Unsupported("only formats of numbers with signs between them are read alike there")}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name columns and formats."""
        return f"{', '.join(config.columns)}: {' or '.join(config.formats) or 'ISO 8601'}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report columns that hold no text, formats without fields, and zones that do not fit."""
        for name in self.bound["columns"]:
            type = inputs["input"].types.get(name, "VARCHAR")
            if family(type) != "text":
                yield Finding(
                    "RNL-TYPE-003",
                    "error",
                    f"`{name}` is {type}, not text",
                    "Leave it out; it is read already.",
                    Where(field="columns"),
                )
        for index, format in enumerate(self.config.formats):
            if "%" not in format:
                yield Finding(
                    "RNL-CONFIG-008",
                    "error",
                    f"the format `{format}` has no field",
                    "Write e.g. `%d.%m.%Y`.",
                    Where(field=f"formats.{index}"),
                )
            elif self.config.zone is None and self.config.type == "timestamptz" and "%z" not in format:
                yield Finding(
                    "RNL-CONFIG-008",
                    "error",
                    f"the format `{format}` reads no offset, and no zone is given",
                    "Name the `zone` in which the times were taken, e.g. UTC.",
                    Where(field="zone"),
                )
        if self.config.zone is not None and self.config.type != "timestamptz":
            yield Finding("RNL-CONFIG-006", "error", f"`zone` does not go with the result {self.config.type}",
                          "Write `type: timestamptz`.", Where(field="zone"))  # fmt: skip

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Try the formats."""
        said = f"is no {self.config.type.removesuffix('tz')} of the form {', '.join(self.config.formats) or 'ISO 8601'}"
        attempts = [
            Attempt(name, self._read(column(name)), *not_made(name, name, said)) for name in self.bound["columns"]
        ]
        return dict(attempted(input, attempts, self.config.on_error, placed(input, [], None)))

    def _read(self, text: exp.Expr) -> exp.Expr:
        tries = [self._try(text, format) for format in self.config.formats] or [self._iso(text)]
        return call("COALESCE", *tries) if len(tries) > 1 else tries[0]

    def _try(self, text: exp.Expr, format: str) -> exp.Expr:
        read = fill("try_strptime(:x, :format)", x=text, format=format)
        return self._typed(read, "%z" in format or "%Z" in format)

    def _iso(self, text: exp.Expr) -> exp.Expr:
        if self.config.type == "timestamptz" and self.config.zone is None:
            return exp.TryCast(this=text.copy(), to=types_of(_TYPES["timestamptz"]))
        return self._typed(exp.TryCast(this=text.copy(), to=types_of("TIMESTAMP")), False)

    def _typed(self, read: exp.Expr, has_offset: bool) -> exp.Expr:
        if self.config.type == "timestamptz":
            return read if has_offset else call("TIMEZONE", self.config.zone, read)
        local = call("TIMEZONE", "UTC", read) if has_offset else read
        return exp.Cast(this=local, to=types_of(_TYPES[self.config.type]))
