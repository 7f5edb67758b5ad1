"""Hide parts of values."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from runnel.nodes.templates import fill
from runnel.sdk import Columns, Example, Node, NodeConfig, Relation, column, field

_HIDDEN = {
    "end": "CASE WHEN length(:x) <= :keep THEN repeat(:sign, length(:x)) "
           "ELSE repeat(:sign, length(:x) - :keep) || right(:x, :keep) END",
    "start": "CASE WHEN length(:x) <= :keep THEN repeat(:sign, length(:x)) "
             "ELSE left(:x, :keep) || repeat(:sign, length(:x) - :keep) END",
    "digits": "translate(:x, '0123456789', repeat(:sign, 10))",
    "email": "CASE WHEN strpos(:x, '@') > 1 THEN left(:x, 1) || repeat(:sign, 3) || substring(:x, strpos(:x, '@')) "
             "WHEN :x IS NOT NULL THEN repeat(:sign, 3) END",
    "all": "CASE WHEN :x IS NOT NULL THEN repeat(:sign, 3) END",
}  # fmt: skip


class Mask(Node):
    """Hides values: all but the last or first characters, all digits, the name of an e-mail address, or everything.

    A text that is no longer than what would stay is hidden whole. NULL stays NULL.
    """

    kind = "table.mask"
    title = "Mask values"
    summary = "Hide parts of values, such as all but the last four characters"
    group = "columns"
    icon = "eye-off"
    synonyms = ("redact", "anonymise", "hide", "privacy", "pii", "gdpr", "credit card", "obfuscate")

    class Config(NodeConfig):
        """Settings of the mask."""

        columns: Columns = field(title="Columns", help="What is hidden.", widget="columns", min_length=1)
        show: Literal["end", "start", "email", "digits", "all"] = field(
            "end", title="How", help="end and start show these characters; email, digits and all hide what they name."
        )
        keep: int = field(4, title="Shown characters", help="For end and start.", unit="characters", ge=0, le=1000)
        sign: str = field("*", title="Sign", help="Stands for a hidden character.", min_length=1, max_length=1)

    examples = (
        Example(
            "Last four",
            {"columns": ["card"]},
            {"input": [{"card": "4111111111111111"}, {"card": "123"}, {"card": None}]},
            {"output": [{"card": "************1111"}, {"card": "***"}, {"card": None}]},
            types={"input": {"card": "VARCHAR"}},
        ),
        Example(
            "E-mail addresses",
            {"columns": ["m"], "show": "email"},
            {"input": [{"m": "ann@x.org"}, {"m": "none"}]},
            {"output": [{"m": "a***@x.org"}, {"m": "***"}]},
        ),
        Example(
            "Digits",
            {"columns": ["t"], "show": "digits", "sign": "#"},
            {"input": [{"t": "call 030-12"}]},
            {"output": [{"t": "call ###-##"}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        shown = f"all but {config.keep} at the {config.show}" if config.show in ("end", "start") else config.show
        return f"{', '.join(config.columns)}: {shown}"

    def relate(self, input: Relation) -> Relation:
        """Hide each column."""
        made: dict[str, exp.Expr] = {}
        for name in self.bound["columns"]:
            text = exp.cast(column(name), "VARCHAR")
            made[name] = fill(_HIDDEN[self.config.show], x=text, keep=self.config.keep, sign=self.config.sign)
        return input.extend(made)
