"""Change the types of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from sqlglot import exp

from runnel.sdk import (
    ColumnMark,
    Example,
    Finding,
    GuardedConfig,
    Node,
    Relation,
    Unsupported,
    Where,
    all_of,
    call,
    column,
    field,
    literal,
)
from runnel.sdk.types import normal_type

_JUDGED = frozenset({"VARCHAR", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "BOOLEAN"})


class Cast(Node):
    """Casts columns; a value that does not fit is refused, becomes NULL, or stops the run."""

    kind = "table.cast"
    title = "Change types"
    summary = "Change the types of columns"
    group = "columns"
    icon = "binary"
    synonyms = ("convert", "type", "to number", "to date", "to text", "parse")
    dialect_limits = {"postgres": "casts to decimals and to dates and times that refuse rows or give NULL"}

    class Config(GuardedConfig):
        """Settings of the casts."""

        columns: Annotated[dict[str, str], ColumnMark(keys=True)] = field(
            title="Types", help="Column: type, e.g. `price: DECIMAL(10,2)` or `day: date`.", widget="types", min_length=1
        )

    examples = (
        Example(
            "Text to whole numbers",
            {"columns": {"q": "integer"}},
            {"input": [{"id": 1, "q": "12"}, {"id": 2, "q": "twelve"}, {"id": 3, "q": None}]},
            {"output": [{"id": 1, "q": 12}, {"id": 3, "q": None}],
             "rejected": [{"id": 2, "q": "twelve", "_reason": "q: 'twelve' is no BIGINT"}]},
        ),
        Example("Bad values become NULL", {"columns": {"q": "BIGINT"}, "on_error": "null"},
                {"input": [{"q": "x"}]}, {"output": [{"q": None}]}),
    )  # fmt: skip

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Casts that end the run, or whose failures are judged alike."""
        judged = all(normal_type(type) in _JUDGED for type in config.columns.values())
        reason = "text is read otherwise as a decimal, date or time there; on_error fail ends the run at what is wrong there too"
        return {} if config.on_error == "fail" or judged else {"postgres": Unsupported(reason)}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show columns and types."""
        return ", ".join(f"{name}: {type}" for name, type in config.columns.items())

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report types that do not exist."""
        for name, type in self.config.columns.items():
            if normal_type(type) is None:
                hint = "Types are BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR, BOOLEAN, DATE, TIMESTAMP …, or integer, text …"
                yield Finding("RNL-TYPE-002", "error", f"`{type}` is no type", hint, Where(field=f"columns.{name}"))

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Cast each column; NULL stays NULL."""
        types = {name: normal_type(type) or type for name, type in self.bound["columns"].items()}
        policy = self.config.on_error
        if policy != "reject":
            kind = exp.Cast if policy == "fail" else exp.TryCast
            return {"output": input.extend({name: _cast(kind, column(name), type) for name, type in types.items()})}
        return self._rejecting(input, types)

    def _rejecting(self, input: Relation, types: dict[str, str]) -> dict[str, Relation]:
        hidden = {name: f"__cast{index}" for index, name in enumerate(types)}
        tried = input.hide({hidden[name]: _cast(exp.TryCast, column(name), type) for name, type in types.items()})
        fits = {
            name: exp.Or(this=column(name).is_(exp.null()), expression=column(made).is_(exp.null()).not_())
            for name, made in hidden.items()
        }
        reasons = [
            exp.Case()
            .when(fits[name].copy().not_(), call("CONCAT", f"{name}: '", _text(column(name)), f"' is no {types[name]}"))
            .copy()
            for name in types
        ]
        reason = call("CONCAT_WS", "; ", *reasons)
        good = all_of(fits.values())
        kept: dict[str, exp.Expr] = {name: column(hidden.get(name, name)) for name in input.columns}
        refused: dict[str, exp.Expr] = {name: column(name) for name in input.columns}
        return {
            "output": tried.accept(good, reason).select(kept),
            "rejected": tried.where(good.not_()).select({**refused, "_reason": reason}),
        }


def _cast(kind: type[exp.Cast], tree: exp.Expr, type: str) -> exp.Expr:
    return kind(this=tree, to=exp.DataType.build(type, dialect="duckdb"))


def _text(tree: exp.Expr) -> exp.Expr:
    return call("LEFT", exp.cast(tree, "VARCHAR"), literal(80))
