"""Split a text column into rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.templates import fill
from runnel.sdk import Column, Example, Finding, Ledger, Node, NodeConfig, Relation, Unsupported, Where, column, field
from runnel.sdk.joining import family


class SplitRows(Node):
    """Makes one row per part of a text; the other columns repeat. NULL stays one row with NULL."""

    kind = "table.split_rows"
    title = "Split into rows"
    summary = "Make one row per part of a text"
    group = "tables"
    icon = "rows-3"
    synonyms = ("text to rows", "separate rows", "delimiter", "explode text", "record splitting", "comma separated")
    ledger = Ledger.ABSORBED
    dialects = {"postgres": Unsupported("lists inside tables are not part of what is proven there")}

    class Config(NodeConfig):
        """Settings of the split."""

        column: Column = field(title="Column", help="The text to split.", widget="column")
        separator: str = field(",", title="Separator", help="What stands between the parts.", min_length=1)
        regex: bool = field(False, title="Pattern", help="The separator is a regular expression (RE2).")
        trim: bool = field(True, title="Trim", help="No blanks at the ends of the parts.")
        skip_empty: bool = field(False, title="Skip empty parts", help="A text without other parts gives no row.")

    examples = (
        Example("Tags", {"column": "tags"}, {"input": [{"id": 1, "tags": "x, y"}, {"id": 2, "tags": None}]},
                {"output": [{"id": 1, "tags": "x"}, {"id": 1, "tags": "y"}, {"id": 2, "tags": None}]}),
        Example("Empty parts left out", {"column": "t", "separator": ";", "skip_empty": True},
                {"input": [{"t": "a;;b;"}, {"t": ""}]}, {"output": [{"t": "a"}, {"t": "b"}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name column and separator."""
        return f"{config.column} at “{config.separator}”"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report a column that holds no text."""
        name = self.bound["column"]
        if family(inputs["input"].types.get(name, "VARCHAR")) != "text":
            yield Finding("RNL-TYPE-003", "error", f"`{name}` is {inputs['input'].types[name]}, not text",
                          "For a list column take table.explode.", Where(field="column"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Unnest the parts."""
        name = self.bound["column"]
        how = "regexp_split_to_array(:x, :separator)" if self.config.regex else "string_split(:x, :separator)"
        parts = fill(how, x=column(name), separator=self.config.separator)
        if self.config.trim:
            parts = fill("list_transform(:parts, lambda _rn_p: trim(_rn_p))", parts=parts)
        if self.config.skip_empty:
            parts = fill("list_filter(:parts, lambda _rn_p: _rn_p <> '')", parts=parts)
        rows = fill("unnest(CASE WHEN :x IS NULL THEN [NULL] ELSE :parts END)", x=column(name), parts=parts)
        made: dict[str, exp.Expr] = {other: rows if other == name else column(other) for other in input.columns}
        return input.select(made)
