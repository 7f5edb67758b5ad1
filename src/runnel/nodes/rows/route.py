"""Send rows different ways."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.sdk import Example, Expressions, Finding, GuardedConfig, Ledger, Node, Port, Ports, Relation, Where, field
from runnel.sdk.node import input_ports, output_ports


class Route(Node):
    """Sends each row out of the first route whose condition is true; the others leave through `rest`."""

    kind = "table.route"
    title = "Route rows"
    summary = "Send each row out of the first route whose condition is true"
    group = "rows"
    icon = "split"
    synonyms = ("split", "switch", "branch", "case", "if else", "router")
    ledger = Ledger.ROUTE
    outputs = ("rest",)

    class Config(GuardedConfig):
        """Settings of the routes."""

        routes: Expressions = field(title="Routes", help="Port name: condition; the first that is true wins.",
                                    widget="routes", min_length=1)  # fmt: skip

    examples = (
        Example(
            "By size",
            {"routes": {"large": "n >= 100", "small": "n >= 1"}},
            {"input": [{"n": 500}, {"n": 5}, {"n": 0}, {"n": None}]},
            {"large": [{"n": 500}], "small": [{"n": 5}], "rest": [{"n": 0}, {"n": None}]},
        ),
    )

    @classmethod
    def ports(cls, config: Config) -> Ports:
        """One output per route, then `rest` and `rejected`."""
        made = tuple(Port(name, required=False) for name in config.routes)
        return Ports(inputs=input_ports(cls), outputs=(*made, *output_ports(cls, cls.outputs)))

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the routes."""
        return ", ".join(config.routes)

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report route names that are taken."""
        for name in self.config.routes:
            if name in ("rest", "rejected") or "." in name:
                yield Finding("RNL-CONFIG-005", "error", f"a route cannot be called `{name}`",
                              "Choose another name, without dots.", Where(field=f"routes.{name}"))  # fmt: skip

    def relate(self, input: Relation) -> dict[str, Relation]:
        """A row takes the first true condition; NULL counts as not true."""
        conditions = self.trees("routes")
        names = list(input.columns)
        made: dict[str, Relation] = {}
        earlier: list[exp.Expr] = []
        for name, condition in conditions.items():
            true = condition.copy().is_(exp.true())
            made[name] = input.where(exp.and_(*[part.copy().not_() for part in earlier], true)).select(names)
            earlier.append(true)
        made["rest"] = input.where(exp.and_(*[part.copy().not_() for part in earlier])).select(names)
        return made
