"""Split a text column into columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from runnel.nodes.refusing import placed
from runnel.nodes.templates import fill
from runnel.sdk import Column, Example, Finding, Node, NodeConfig, Relation, Unsupported, Where, column, field
from runnel.sdk.joining import family

_PART = (
    "CASE WHEN (length(:x) - length(replace(:x, :separator, ''))) >= :needed "
    "THEN split_part(:x, :separator, :number) END"
)


class Split(Node):
    """Splits a text at a separator (or a pattern) into new columns behind it.

    A part that the text does not have is NULL; an empty part stays empty. Further parts are left out, or stay together
    in the last column.
    """

    kind = "table.split"
    title = "Split a column"
    summary = "Split a text into several columns"
    group = "columns"
    icon = "scissors"
    synonyms = ("text to columns", "separate", "delimiter", "first name last name", "regex split", "parts")
    dialect_limits = {"postgres": "patterns as separators"}

    class Config(NodeConfig):
        """Settings of the split."""

        column: Column = field(title="Column", help="The text to split.", widget="column")
        into: list[str] = field(title="New columns", help="Names of the parts, in order.", widget="list", min_length=1)
        separator: str = field(" ", title="Separator", help="What stands between the parts.", min_length=1)
        regex: bool = field(False, title="Pattern", help="The separator is a regular expression (RE2).")
        further: bool = field(False, title="Keep further parts", help="In the last column, with their separators.")
        keep: bool = field(True, title="Keep the column", help="Or leave it out.")

    examples = (
        Example(
            "First and last name",
            {"column": "name", "into": ["first", "last"], "keep": False},
            {"input": [{"id": 1, "name": "Ann Lee"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": None}]},
            {
                "output": [
                    {"id": 1, "first": "Ann", "last": "Lee"},
                    {"id": 2, "first": "Bob", "last": None},
                    {"id": 3, "first": None, "last": None},
                ]
            },
        ),
        Example(
            "Empty parts stay, further ones too",
            {"column": "t", "into": ["a", "b"], "separator": "--", "further": True},
            {"input": [{"t": "x----y"}]},
            {"output": [{"t": "x----y", "a": "x", "b": "--y"}]},
        ),
        Example(
            "At a pattern",
            {"column": "t", "into": ["a", "b"], "separator": "[,;] *", "regex": True},
            {"input": [{"t": "1; 2,3"}]},
            {"output": [{"t": "1; 2,3", "a": "1", "b": "2"}]},
        ),
    )

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Not at patterns."""
        return {"postgres": Unsupported("PostgreSQL splits at its own patterns, not at RE2's")} if config.regex else {}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what becomes what."""
        return f"{config.column} → {', '.join(config.into)}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report a column that holds no text, names that are taken, and settings that exclude each other."""
        relation, own = inputs["input"], self.bound["column"]
        if family(relation.types.get(own, "VARCHAR")) != "text":
            yield Finding("RNL-TYPE-003", "error", f"`{own}` is {relation.types[own]}, not text", "Cast it first.",
                          Where(field="column"))  # fmt: skip
        yield from taken(relation, self.config.into, [own] if not self.config.keep else [], "into")
        if self.config.regex and self.config.further:
            yield Finding("RNL-CONFIG-006", "error", "`further` needs one fixed separator, not a pattern",
                          "Leave `further` away, or extract with groups.", Where(field="further"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Compute each part."""
        own, into = self.bound["column"], self.config.into
        parts = {name: self._part(column(own), index + 1) for index, name in enumerate(into)}
        order = [name for name in placed(input, into, own) if self.config.keep or name != own or name in into]
        return input.select({name: parts.get(name, column(name)) for name in order})

    def _part(self, text: exp.Expr, number: int) -> exp.Expr:
        separator = self.config.separator
        if self.config.regex:
            return fill(
                "list_extract(regexp_split_to_array(:x, :separator), :number)",
                x=text,
                separator=separator,
                number=number,
            )
        if self.config.further and number == len(self.config.into):
            rest = self._rest(text, number)
            has = fill("length(:x) - length(replace(:x, :separator, '')) >= :needed", x=text, separator=separator,
                       needed=len(separator) * (number - 1))  # fmt: skip
            return exp.Case().when(has, rest)
        needed = len(separator) * (number - 1)
        return fill(_PART, x=text, separator=separator, needed=needed, number=number)

    def _rest(self, text: exp.Expr, number: int) -> exp.Expr:
        """Return the text from a part on: what stands behind the parts before it and their separators."""
        separator = self.config.separator
        start: exp.Expr = exp.convert(len(separator) * (number - 1) + 1)
        for index in range(1, number):
            part = fill("length(split_part(:x, :separator, :index))", x=text, separator=separator, index=index)
            start = exp.Add(this=start, expression=part)
        return fill("substring(:x, :start)", x=text, start=start)


def taken(relation: Relation, names: list[str], gone: list[str], where: str) -> Iterator[Finding]:
    """Yield findings for new columns whose name there is already, or that are named twice."""
    there = {name.lower() for name in relation.columns if name not in gone}
    for index, name in enumerate(names):
        if name.lower() in there:
            yield Finding("RNL-COLUMN-002", "error", f"there is a column `{name}` already", "Choose another name.",
                          Where(field=f"{where}.{index}"))  # fmt: skip
        there.add(name.lower())
