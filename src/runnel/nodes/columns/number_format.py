"""Write numbers as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.templates import fill, types_of
from runnel.sdk import (
    Columns,
    Example,
    Finding,
    Node,
    NodeConfig,
    Relation,
    Unsupported,
    Where,
    call,
    column,
    field,
    literal,
)
from runnel.sdk.joining import family

_WHOLE = (
    "ltrim(reverse(regexp_replace(reverse(split_part(:plain, '.', 1)), '(\\d{3})', '\\1,', 'g')), ',')"
    " || CASE WHEN strpos(:plain, '.') > 0 THEN '.' || split_part(:plain, '.', 2) ELSE '' END"
)


class NumberFormat(Node):
    """Writes numbers with a fixed number of decimals, a sign between thousands, and text before and behind.

    Halves are rounded away from zero. NaN and infinities are written as they are; NULL stays NULL.
    """

    kind = "table.number_format"
    title = "Format numbers"
    summary = "Write numbers as text with decimals, thousands and a unit"
    group = "columns"
    icon = "binary"
    synonyms = (
        "currency",
        "decimals",
        "thousands separator",
        "money",
        "percent",
        "format",
        "to text",
        "euro",
        "dollar",
    )
    dialects = {"postgres": Unsupported("the digits of doubles are written otherwise there")}

    class Config(NodeConfig):
        """Settings of the form."""

        columns: Columns = field(title="Columns", help="The numbers to write.", widget="columns", min_length=1)
        decimals: int = field(2, title="Decimals", help="Digits behind the decimal sign.", ge=0, le=15)
        thousands: str = field(",", title="Thousands sign", help="Empty for none.", max_length=1)
        decimal_sign: str = field(".", title="Decimal sign", help="Point or comma.", min_length=1, max_length=1)
        prefix: str = field("", title="Before", help="For example `€ `.")
        suffix: str = field("", title="Behind", help="For example ` %`.")

    examples = (
        Example(
            "Money in Germany",
            {"columns": ["v"], "thousands": ".", "decimal_sign": ",", "suffix": " €"},
            {"input": [{"v": 1234567.5}, {"v": -0.125}, {"v": None}, {"v": 999.995}]},
            {"output": [{"v": "1.234.567,50 €"}, {"v": "-0,13 €"}, {"v": None}, {"v": "1.000,00 €"}]},
        ),
        Example(
            "Whole numbers",
            {"columns": ["n"], "decimals": 0},
            {"input": [{"n": 1000}, {"n": 123}, {"n": -123456}]},
            {"output": [{"n": "1,000"}, {"n": "123"}, {"n": "-123,456"}]},
        ),
        Example(
            "All digits of a decimal",
            {"columns": ["d"]},
            {"input": [{"d": "12345678901234567890.12"}]},
            {"output": [{"d": "12,345,678,901,234,567,890.12"}]},
            types={"input": {"d": "DECIMAL(38,2)"}},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show the form."""
        digits = f"{config.decimal_sign}{'0' * config.decimals}" if config.decimals else ""
        return f"{', '.join(config.columns)}: {config.prefix}1{config.thousands}000{digits}{config.suffix}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report columns that hold no numbers, and equal signs."""
        for name in self.bound["columns"]:
            type = inputs["input"].types.get(name, "DOUBLE")
            if family(type) != "number":
                yield Finding("RNL-TYPE-003", "error", f"`{name}` is {type}, not a number", "Cast it first.",
                              Where(field="columns"))  # fmt: skip
        if self.config.thousands == self.config.decimal_sign:
            yield Finding("RNL-CONFIG-006", "error", "the same sign stands for thousands and decimals", "Change one.",
                          Where(field="thousands"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Write each column."""
        return input.extend(
            {name: self._written(column(name), input.types.get(name, "")) for name in self.bound["columns"]}
        )

    def _written(self, value: exp.Expr, type: str) -> exp.Expr:
        config = self.config
        wide = exp.TryCast(this=value.copy(), to=types_of(f"DECIMAL(38,{config.decimals})"))
        if type in ("DOUBLE", "FLOAT"):
            text = exp.TryCast(this=exp.cast(value, "VARCHAR"), to=types_of("DECIMAL(38,18)"))
            wide = exp.TryCast(this=call("COALESCE", text, wide), to=types_of(f"DECIMAL(38,{config.decimals})"))
        plain = exp.cast(call("ABS", wide), "VARCHAR")
        grouped = fill(_WHOLE, plain=plain)
        signs = fill("translate(:x, ',.', :signs)", x=grouped, signs=config.thousands + config.decimal_sign)
        if not config.thousands:
            signs = fill("replace(replace(:x, ',', ''), '.', :sign)", x=grouped, sign=config.decimal_sign)
        minus = exp.Case().when(exp.LT(this=wide.copy(), expression=literal(0)), literal("-")).else_(literal(""))
        whole = call("CONCAT", minus, config.prefix, signs, config.suffix)
        odd = exp.cast(value, "VARCHAR")
        known = exp.Case().when(wide.copy().is_(exp.null()).not_(), whole).else_(odd)
        return known
