"""Expect things of a whole table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from sqlglot import exp

from runnel.nodes.quality.expectations import Between, Checked, Expectation, InSet, Matches, NotNull, RowCount, Unique
from runnel.nodes.templates import fill
from runnel.sdk import (
    Example,
    ExpressionMark,
    Finding,
    Node,
    NodeConfig,
    Relation,
    Streaming,
    Unsupported,
    Where,
    all_of,
    call,
    column,
    field,
    literal,
)
from runnel.sdk.joining import family
from runnel.sdk.names import nearest_column, resolve_column


class Expect(Node):
    """Passes all rows on, and says in `results` of each expectation whether the table fulfils it.

    An expectation that is not fulfilled and has the severity `error` has `fails` true, which is meant to end the run
    with exit code 4.
    """

    kind = "quality.expect"
    title = "Expect of a table"
    summary = "Check a whole table: row count, missing, unique, allowed values, ranges"
    group = "quality"
    icon = "list-checks"
    synonyms = (
        "test",
        "assert",
        "data quality",
        "great expectations",
        "quality gate",
        "unique",
        "not null",
        "check",
        "monitor",
    )
    streaming = Streaming.BOUNDED
    outputs = ("output", "results")
    reports = ("results",)
    gates = ("results",)
    dialects = {"postgres": Unsupported("lists inside tables are not part of what is proven there")}

    class Config(NodeConfig):
        """Settings of the expectations."""

        expectations: list[Expectation] = field(
            title="Expectations",
            widget="expectations",
            min_length=1,
            help="Each with a `type` such as row_count, not_null, unique, between.",
        )
        checks: SkipJsonSchema[Annotated[dict[str, str], ExpressionMark(condition=True, on_error="null")]] = Field(
            default_factory=dict[str, str], exclude=True
        )

        @model_validator(mode="before")
        @classmethod
        def _gathered(cls, data: Any) -> Any:
            """Gather the conditions under the numbers of their expectations."""
            if not isinstance(data, Mapping) or not isinstance(data.get("expectations"), list):
                return data
            checks = {
                str(index): item["check"]
                for index, item in enumerate(data["expectations"])
                if isinstance(item, Mapping) and item.get("type") == "condition" and isinstance(item.get("check"), str)
            }
            return {**data, "checks": checks}

    examples = (
        Example(
            "Orders",
            {
                "expectations": [
                    {"type": "row_count", "min": 1, "max": 10},
                    {"type": "not_null", "columns": ["mail"], "severity": "warning"},
                    {"type": "unique", "columns": ["id"]},
                    {"type": "in_set", "column": "s", "values": ["a", "b"], "at_least": 0.5},
                    {"type": "between", "column": "n", "min": 0},
                    {"type": "matches", "column": "mail", "pattern": "@"},
                    {"type": "condition", "name": "positive", "check": "n > 1"},
                ]
            },
            {"input": [{"id": 1, "mail": "a@x", "s": "a", "n": 1}, {"id": 1, "mail": None, "s": "z", "n": 2}]},
            {
                "output": [{"id": 1, "mail": "a@x", "s": "a", "n": 1}, {"id": 1, "mail": None, "s": "z", "n": 2}],
                "results": [
                    {"name": "row_count", "passed": True, "observed": "2 rows", "fails": False},
                    {"name": "not_null_mail", "passed": False, "observed": "1 of 2 rows break it", "fails": False},
                    {"name": "unique_id", "passed": False, "observed": "1 of 2 rows break it", "fails": True},
                    {"name": "in_set_s", "passed": True, "observed": "1 of 2 rows break it", "fails": False},
                    {"name": "between_n", "passed": True, "observed": "0 of 2 rows break it", "fails": False},
                    {"name": "matches_mail", "passed": True, "observed": "0 of 2 rows break it", "fails": False},
                    {"name": "positive", "passed": False, "observed": "1 of 2 rows break it", "fails": True},
                ],
            },
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the expectations."""
        return ", ".join(item.label for item in config.expectations)

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report unknown columns and ranges without ends."""
        for index, item in enumerate(self.config.expectations):
            for name in item.used:
                if resolve_column(inputs["input"], name) is None:
                    yield nearest_column(inputs["input"], name, Where(field=f"expectations.{index}"))
            yield from self._check_types(inputs["input"], index, item)
            if isinstance(item, RowCount | Between) and item.min is None and item.max is None:
                yield Finding(
                    "RNL-CONFIG-002",
                    "error",
                    f"{item.type} has neither `min` nor `max`",
                    "Write e.g. `min: 1`.",
                    Where(field=f"expectations.{index}"),
                )

    def _check_types(self, input: Relation, index: int, item: Any) -> Iterator[Finding]:
        """Report values of another kind than the column; a day or time may be written as text."""
        values = item.values if isinstance(item, InSet) else [item.min, item.max] if isinstance(item, Between) else []
        values = ["", *values] if isinstance(item, Matches) else values
        type = input.types.get(resolve_column(input, item.used[0]) or "", "") if values else ""
        for value in values:
            given = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
            fits = given == family(type) or (
                given == "text" and family(type) == "time" and not isinstance(item, Matches)
            )
            if value is not None and type and not fits:
                yield Finding(
                    "RNL-TYPE-005",
                    "error",
                    f"`{item.used[0]}` is {type}, but {item.type} compares it with {given}",
                    "Compare with values of the column's kind, or cast the column before.",
                    Where(field=f"expectations.{index}"),
                )
                return

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Compute all results in one row of structs, and make rows of them."""
        names = list(input.columns)
        rows = [self._result(input, index, item) for index, item in enumerate(self.config.expectations)]
        one = input.aggregate({}, {"results": call("LIST_VALUE", *rows)})
        fields = ("name", "type", "columns", "passed", "observed", "rows", "breaking", "severity", "fails")
        each = one.select({"result": call("UNNEST", column("results"))})
        made = each.select({name: call("STRUCT_EXTRACT", column("result"), name) for name in fields})
        return {"output": input.select(names), "results": made}

    def _result(self, input: Relation, index: int, item: Any) -> exp.Expr:
        total: exp.Expr = exp.Count(this=exp.Star())
        if isinstance(item, RowCount):
            ends = [fill("count(*) >= :n", n=item.min)] if item.min is not None else []
            ends += [fill("count(*) <= :n", n=item.max)] if item.max is not None else []
            passed, breaking = all_of(ends), exp.cast(literal(0), "BIGINT")
            observed = call("CONCAT", exp.cast(total, "VARCHAR"), " rows")
        else:
            breaking = self._breaking(input, index, item)
            passed = fill("coalesce(:breaking <= floor((1 - CAST(:share AS DOUBLE)) * count(*) + 1e-9), TRUE)",
                          breaking=breaking, share=item.at_least)  # fmt: skip
            texts = [exp.cast(part, "VARCHAR") for part in (breaking, total)]
            observed = call("CONCAT", texts[0], " of ", texts[1], " rows break it")
        fails = exp.and_(exp.Paren(this=passed.copy()).not_(), literal(item.severity == "error"))
        parts: dict[str, exp.Expr] = {
            "name": literal(item.label), "type": literal(item.type), "columns": literal(", ".join(item.used)),
            "passed": passed, "observed": observed, "rows": total, "breaking": breaking,
            "severity": literal(item.severity), "fails": fails,
        }  # fmt: skip
        fields = [
            exp.PropertyEQ(this=exp.to_identifier(key, quoted=True), expression=part) for key, part in parts.items()
        ]
        return exp.Struct(expressions=fields)

    def _breaking(self, input: Relation, index: int, item: Any) -> exp.Expr:
        """Return how many rows break an expectation."""
        columns = [column(resolve_column(input, name) or name) for name in item.used]
        if isinstance(item, Unique):
            there = all_of(part.is_(exp.null()).not_() for part in columns)
            whole = columns[0] if len(columns) == 1 else call("ROW", *columns)
            return fill("count_if(:there) - count(DISTINCT CASE WHEN :there THEN :whole END)", there=there, whole=whole)
        if isinstance(item, NotNull):
            kept = all_of(part.is_(exp.null()).not_() for part in columns)
        elif isinstance(item, Checked):
            kept = self.trees("checks")[str(index)]
        else:
            kept = fill("coalesce(:kept, TRUE)", kept=exp.Paren(this=_fulfilled(item, columns[0])))
        return fill("count_if(:kept IS NOT TRUE)", kept=exp.Paren(this=kept))


def _fulfilled(item: Any, value: exp.Expr) -> exp.Expr:
    if isinstance(item, InSet):
        return exp.In(this=value, expressions=[literal(part) for part in item.values])
    if isinstance(item, Matches):
        return call("REGEXP_MATCHES", value, item.pattern)
    ends = [exp.GTE(this=value.copy(), expression=literal(item.min))] if item.min is not None else []
    upper = [exp.LTE(this=value.copy(), expression=literal(item.max))] if item.max is not None else []
    return all_of([*ends, *upper])
