"""Apply a list of transformation rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from runnel.model.document import NodeDoc
from runnel.model.findings import Finding
from runnel.nodes.flow.rule_layout import Layout
from runnel.nodes.flow.rule_models import Conditional, JoinRule, LookupRule, Rule
from runnel.sdk import Example, NodeConfig, Port, Ports, Relation, field
from runnel.sdk.composite import Composite, Inner, Loader


class Rules(Composite):
    """Takes a `transformations` list and stands for one node per rule, `rule_1`, `rule_2` …, in order.

    Each join or lookup reads the input that its `join_source` names. Records that a validation refuses leave through
    `rejected`. Values compare as JSON values: a number is not equal to a text, and null differs from every value.
    """

    kind = "table.rules"
    title = "Apply rules"
    summary = "Apply a list of transformation rules, one after the other"
    group = "flow"
    icon = "list-checks"
    synonyms = ("transformations", "field mapping", "recipe", "rule list", "steps", "json rules", "rule builder")
    outputs = ("output", "rejected")

    class Config(NodeConfig):
        """Settings of the rules."""

        transformations: list[Rule] = field(
            title="Rules",
            widget="transformations",
            min_length=1,
            help="Rules with a `type` such as field_mapping or record_filter.",
        )

    examples = (
        Example(
            "Clean, compute, keep",
            {
                "transformations": [
                    {"type": "field_mapping", "field_name": "product", "operation": "title_case"},
                    {
                        "type": "field_calculation",
                        "field_name": "total",
                        "operation": "multiply",
                        "parameters": {"source_fields": ["quantity", "price"]},
                    },
                    {"type": "record_filter", "condition": {"field": "status", "operator": "equals", "value": "paid"}},
                ]
            },
            {
                "input": [
                    {"product": "usb cable", "quantity": 3, "price": 9.99, "status": "paid"},
                    {"product": "mouse", "quantity": 1, "price": 5.0, "status": "open"},
                ]
            },
            {"output": [{"product": "Usb Cable", "quantity": 3, "price": 9.99, "total": 29.97, "status": "paid"}]},
        ),
        Example(
            "Refused with a reason",
            {
                "transformations": [
                    {"type": "field_validation", "field_name": "mail", "validation_type": "email_format"}
                ]
            },
            {"input": [{"mail": "a@example.com"}, {"mail": "nobody"}, {"mail": None}]},
            {
                "output": [{"mail": "a@example.com"}],
                "rejected": [
                    {"mail": "nobody", "_reason": "mail is no e-mail address"},
                    {"mail": None, "_reason": "mail is no e-mail address"},
                ],
            },
        ),
        Example(
            "One thing or another",
            {
                "transformations": [
                    {
                        "type": "conditional",
                        "condition": {"field": "segment", "operator": "equals", "value": "VIP"},
                        "then": [{"type": "field_addition", "field_name": "discount", "value": 0.15}],
                        "else": [{"type": "field_addition", "field_name": "discount", "value": 0.05}],
                    }
                ]
            },
            {"input": [{"segment": "VIP"}, {"segment": "new"}, {"segment": None}]},
            {
                "output": [
                    {"segment": "VIP", "discount": 0.15},
                    {"segment": "new", "discount": 0.05},
                    {"segment": None, "discount": 0.05},
                ]
            },
        ),
    )

    @classmethod
    def static_ports(cls) -> Ports:
        """The ports that every list of rules has."""
        return Ports((Port("input"),), (Port("output", required=False), Port("rejected", required=False)))

    @classmethod
    def ports(cls, config: Config) -> Ports:
        """One input more per source of a join or lookup."""
        own = cls.static_ports()
        return Ports((*own.inputs, *[Port(name) for name in join_sources(config.transformations)]), own.outputs)

    @classmethod
    def describe(cls, config: Config) -> str:
        """Count the rules by type."""
        counts = Counter(rule.type.replace("_", " ") for rule in config.transformations)
        return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())

    def relate(self, input: Relation) -> Relation:
        """Never called: the rules' own nodes stand in its place."""
        return input

    @classmethod
    def expand(cls, config: Any, folder: str, load: Loader) -> tuple[Inner | None, tuple[Finding, ...]]:
        """Lay the rules out as nodes."""
        layout = Layout()
        layout.rules(config.transformations, "rule_", "transformations")
        if layout.findings:
            return None, tuple(layout.findings)
        output = layout.at
        outputs = {"output": output, "rejected": _rejected(layout, config.transformations)}
        inputs = dict.fromkeys(("input", *join_sources(config.transformations)))
        gathers = frozenset({"rejected"}) if "rejected" in layout.nodes else frozenset[str]()
        return Inner(layout.nodes, inputs, outputs, cls.ports(config), inherits=True, gathers=gathers), ()


def _rejected(layout: Layout, rules: Sequence[Any]) -> str:
    """Return the port of refused records: of the one rule that refuses any, of their union, or of none at all."""
    if len(layout.rejecting) == 1:
        return layout.rejecting[0]
    if layout.rejecting:
        layout.nodes["rejected"] = NodeDoc(
            "rejected", "table.union", {"mixed": "text"}, tuple(layout.wire(ref) for ref in layout.rejecting)
        )
    else:
        layout.nodes["rejected"] = NodeDoc("rejected", "table.filter", {"where": "FALSE"}, (layout.wire(layout.at),))
    return "rejected"


def join_sources(rules: Sequence[Any]) -> tuple[str, ...]:
    """Return the inputs that joins and lookups name, in order, also inside conditions."""
    return tuple(dict.fromkeys(_sources(rules)))


def _sources(rules: Sequence[Any]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, JoinRule | LookupRule):
            yield rule.join_source
        elif isinstance(rule, Conditional):
            yield from _sources((*rule.then, *rule.otherwise))
