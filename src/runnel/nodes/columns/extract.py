"""Take parts out of a text by a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp

from runnel.nodes.columns.split import taken
from runnel.nodes.refusing import placed
from runnel.nodes.templates import fill
from runnel.sdk import Column, Example, Finding, Node, NodeConfig, Relation, Unsupported, Where, column, field
from runnel.sdk.joining import family

_TOKEN = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\((?!\?)|\(\?P?<([A-Za-z_]\w*)>", re.DOTALL
)


def groups(pattern: str) -> list[str | None]:
    """Return the groups of a pattern in order: their names, None for unnamed ones."""
    return [found[1] for found in _TOKEN.finditer(pattern) if found[0].startswith("(")]


class Extract(Node):
    """Makes one column per group of a regular expression (RE2), from its first match.

    Where the pattern does not occur all are NULL; a group that took no part in the match is empty text.
    """

    kind = "table.extract"
    title = "Extract by pattern"
    summary = "Make columns from the groups of a regular expression"
    group = "columns"
    icon = "regex"
    synonyms = ("regex", "regexp", "pattern", "parse", "capture", "log parsing", "grok", "named groups")
    dialect_limits = {"postgres": "patterns with named groups or flags"}

    class Config(NodeConfig):
        """Settings of the extraction."""

        column: Column = field(title="Column", help="The text to search.", widget="column")
        pattern: str = field(title="Pattern", help=r"With groups, e.g. `(?P<user>\w+)@(?P<host>\S+)`.", widget="regex")
        into: list[str] | None = field(
            None,
            title="New columns",
            widget="list",
            help="Names for the groups in order; without it the groups' own names.",
        )
        keep: bool = field(True, title="Keep the column", help="Or leave it out.")

    examples = (
        Example(
            "Named groups",
            {"column": "t", "pattern": r"(?P<level>[A-Z]+) (?P<code>\d+)", "keep": False},
            {"input": [{"t": "12:00 WARN 42 disk"}, {"t": "nothing"}, {"t": None}]},
            {"output": [{"level": "WARN", "code": "42"}, {"level": None, "code": None}, {"level": None, "code": None}]},
        ),
        Example(
            "Names in order",
            {"column": "t", "pattern": r"(\d+)x(\d*)", "into": ["w", "h"]},
            {"input": [{"t": "3x"}]},
            {"output": [{"t": "3x", "w": "3", "h": ""}]},
        ),
    )

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Only patterns that mean the same there."""
        return {"postgres": Unsupported("named groups and flags of patterns are RE2's")} if "(?" in config.pattern else {}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what becomes what."""
        return f"{config.column} → {', '.join(config.into or [name or '?' for name in groups(config.pattern)])}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report patterns whose groups have no names, and columns that hold no text."""
        relation, own, found = inputs["input"], self.bound["column"], groups(self.config.pattern)
        if family(relation.types.get(own, "VARCHAR")) != "text":
            yield Finding("RNL-TYPE-003", "error", f"`{own}` is {relation.types[own]}, not text", "Cast it first.",
                          Where(field="column"))  # fmt: skip
        if not found:
            yield Finding(
                "RNL-CONFIG-007",
                "error",
                "the pattern has no group",
                r"Put parts in brackets: `(?P<name>\d+)`.",
                Where(field="pattern"),
            )
        elif self.config.into is not None and len(self.config.into) != len(found):
            what = f"the pattern has {len(found)} group(s), but {len(self.config.into)} column(s) are named"
            yield Finding(
                "RNL-CONFIG-007", "error", what, "Write `(?:…)` for a group that is not wanted.", Where(field="into")
            )
        elif self.config.into is None and None in found:
            yield Finding("RNL-CONFIG-007", "error", f"group {found.index(None) + 1} of the pattern has no name",
                          "Write `(?P<name>…)`, or name the columns in `into`.", Where(field="pattern"))  # fmt: skip
        else:
            yield from taken(relation, self._names(), [] if self.config.keep else [own], "into")

    def _names(self) -> list[str]:
        return self.config.into or [name or "" for name in groups(self.config.pattern)]

    def relate(self, input: Relation) -> Relation:
        """Extract each group."""
        own, pattern = self.bound["column"], self.config.pattern
        made: dict[str, exp.Expr] = {
            name: fill("CASE WHEN regexp_matches(:x, :pattern) THEN regexp_extract(:x, :pattern, :number) END",
                       x=column(own), pattern=pattern, number=index + 1)
            for index, name in enumerate(self._names())
        }  # fmt: skip
        order = [name for name in placed(input, list(made), own) if self.config.keep or name != own or name in made]
        return input.select({name: made.get(name, column(name)) for name in order})
