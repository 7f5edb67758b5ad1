"""Check rows against rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from runnel.sdk import Example, ExpressionMark, Ledger, Node, NodeConfig, Relation, all_of, call, field


class Rule(BaseModel):
    """One rule: a condition that valid rows fulfil."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    name: str | None = None
    message: str | None = None
    on_null: Literal["fail", "pass"] = "fail"

    @property
    def reason(self) -> str:
        """What is said of a row that breaks the rule."""
        return self.message or self.name or self.check


class Validate(Node):
    """Passes rows that fulfil every rule; the others leave through `rejected` with all rules that they break.

    NULL counts as broken unless the rule says `on_null: pass`; so does a check that cannot be evaluated.
    """

    kind = "table.validate"
    title = "Validate rows"
    summary = "Check rows against rules; broken ones go to rejected with the reasons"
    group = "quality"
    icon = "shield-check"
    synonyms = ("check", "rules", "quality", "constraint", "assert", "schema enforcement")
    ledger = Ledger.SUBSET
    outputs = ("valid", "rejected")

    class Config(NodeConfig):
        """Settings of the rules."""

        rules: Annotated[list[Rule], ExpressionMark(condition=True, key="check", on_error="null")] = field(
            title="Rules", widget="rules", min_length=1,
            help="Each with `check` (a condition), and optionally `name`, `message`, `on_null` (fail or pass).",
        )  # fmt: skip

    examples = (
        Example(
            "Two rules",
            {"rules": [{"name": "positive", "check": "n > 0"}, {"name": "short", "check": "length(t) <= 3"}]},
            {"input": [{"n": 1, "t": "abc"}, {"n": 0, "t": "abcd"}, {"n": None, "t": "a"}]},
            {"valid": [{"n": 1, "t": "abc"}],
             "rejected": [{"n": 0, "t": "abcd", "_reason": "positive; short"}, {"n": None, "t": "a", "_reason": "positive"}]},
        ),
        Example(
            "NULL may pass",
            {"rules": [{"check": "is_email(mail)", "message": "no e-mail address", "on_null": "pass"}]},
            {"input": [{"mail": "a@example.com"}, {"mail": None}, {"mail": "nobody"}]},
            {"valid": [{"mail": "a@example.com"}, {"mail": None}],
             "rejected": [{"mail": "nobody", "_reason": "no e-mail address"}]},
        ),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the rules."""
        return ", ".join(rule.name or rule.check for rule in config.rules)

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Evaluate every rule for every row."""
        holds: list[exp.Expr] = []
        reasons: list[exp.Expr] = []
        for rule, check in zip(self.config.rules, self.bound["rules"], strict=True):
            broken = check.copy().is_(exp.false() if rule.on_null == "pass" else exp.true())
            passed = broken.not_() if rule.on_null == "pass" else broken
            holds.append(passed)
            reasons.append(exp.Case().when(passed.copy().not_(), exp.Literal.string(rule.reason)))
        good = all_of(holds)
        reason = call("CONCAT_WS", "; ", *reasons)
        columns: dict[str, exp.Expr] = {name: input.column(name) for name in input.columns}
        return {
            "valid": input.accept(good, reason).select(list(input.columns)),
            "rejected": input.where(good.not_()).select({**columns, "_reason": reason}),
        }
