"""Compute columns differently per case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from sqlglot import exp

from runnel.sdk import Example, ExpressionMark, Finding, GuardedConfig, Node, Relation, Where, any_of, column, field


class Case(BaseModel):
    """One case: a condition, and the columns that are set where it is the first that is true."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str
    set: dict[str, str]


class Conditional(Node):
    """Sets columns by the first case whose condition is true.

    A column that the row's case does not set keeps its value; a new column is NULL there. NULL counts as not true.
    """

    kind = "table.conditional"
    title = "Set columns by case"
    summary = "Compute columns differently, depending on conditions"
    group = "columns"
    icon = "git-branch"
    synonyms = ("if", "case when", "switch", "if else", "conditional column", "when then")

    class Config(GuardedConfig):
        """Settings of the cases."""

        cases: list[Case] = field(title="Cases", widget="cases", min_length=1,
                                  help="Each with `when` (a condition) and `set` (column: expression).")  # fmt: skip
        otherwise: dict[str, str] = field(default_factory=dict, title="Otherwise", alias="else", widget="expressions",
                                          help="Column: expression, where no case is true.")  # fmt: skip
        whens: SkipJsonSchema[Annotated[list[str], ExpressionMark(condition=True)]] = Field(
            default_factory=list[str], exclude=True
        )
        values: SkipJsonSchema[Annotated[dict[str, str], ExpressionMark()]] = Field(
            default_factory=dict[str, str], exclude=True
        )

        @model_validator(mode="before")
        @classmethod
        def _composed(cls, data: Any) -> Any:
            """Gather the conditions, and one expression per column in which the cases stand as CASE."""
            if not isinstance(data, Mapping) or not isinstance(data.get("cases"), list):
                return data
            cases = [case if isinstance(case, Mapping) else {} for case in data["cases"]]
            rest = data.get("else", data.get("otherwise")) or {}
            if not isinstance(rest, Mapping) or not all(_is_case(case) for case in cases):
                return data
            names = list(dict.fromkeys(name for part in [*[case["set"] for case in cases], rest] for name in part))
            whens = [case["when"] for case in cases]
            return {**data, "whens": whens, "values": {name: _composed(name, cases, rest) for name in names}}

    examples = (
        Example(
            "Discount by segment",
            {
                "cases": [
                    {"when": "segment = 'VIP'", "set": {"discount": "0.15"}},
                    {"when": "spent > 1000", "set": {"discount": "0.10", "segment": "'good'"}},
                ],
                "else": {"discount": "0.05"},
            },
            {
                "input": [
                    {"segment": "VIP", "spent": 5000},
                    {"segment": "new", "spent": 2000},
                    {"segment": None, "spent": None},
                ]
            },
            {
                "output": [
                    {"segment": "VIP", "spent": 5000, "discount": 0.15},
                    {"segment": "good", "spent": 2000, "discount": 0.1},
                    {"segment": None, "spent": None, "discount": 0.05},
                ]
            },
        ),
        Example(
            "Without `else` a new column is NULL",
            {"cases": [{"when": "n > 1", "set": {"big": "TRUE"}}]},
            {"input": [{"n": 1}, {"n": 2}]},
            {"output": [{"n": 1, "big": None}, {"n": 2, "big": True}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns and count the cases."""
        return f"{', '.join(config.values)} in {len(config.cases)} case(s)"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report cases that set nothing."""
        for index, case in enumerate(self.config.cases):
            if not case.set:
                yield Finding("RNL-CONFIG-002", "error", f"case {index + 1} sets no column",
                              "Write `set: {column: expression}`.", Where(field=f"cases.{index}.set"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Take the case's value where it sets the column, else the column as it was."""
        lowered = {name.lower(): name for name in input.columns}
        made: dict[str, exp.Expr] = {}
        for name, value in self.trees("values").items():
            exact = lowered.get(name.lower())
            made[exact or name] = value if exact is None else self._kept(exact, name, value)
        return input.extend(made)

    def _kept(self, exact: str, name: str, value: exp.Expr) -> exp.Expr:
        sets: list[exp.Expr] = []
        before: list[exp.Expr] = []
        for case, when in zip(self.config.cases, self.bound["whens"], strict=True):
            true = exp.Is(this=exp.Paren(this=when.copy()), expression=exp.true())
            if name in case.set:
                sets.append(exp.and_(*[part.copy().not_() for part in before], true.copy()))
            before.append(true)
        if name in self.config.otherwise:
            sets.append(exp.and_(*[part.copy().not_() for part in before]))
        return exp.Case().when(any_of(sets), value).else_(column(exact))


def _is_case(case: Mapping[str, Any]) -> bool:
    return isinstance(case.get("when"), str) and isinstance(case.get("set"), Mapping)


def _composed(name: str, cases: list[Mapping[str, Any]], rest: Mapping[str, Any]) -> str:
    whens = " ".join(f"WHEN ({case['when']}) THEN ({case['set'].get(name, 'NULL')})" for case in cases)
    return f"CASE {whens} ELSE ({rest.get(name, 'NULL')}) END"
