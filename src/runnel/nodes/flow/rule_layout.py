"""Rules laid out as nodes: each becomes one node `rule_N`, or a few where it splits or joins the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runnel.model.document import NodeDoc, Wire
from runnel.model.findings import Finding, Where
from runnel.nodes.flow import rule_models as models
from runnel.nodes.flow.rule_checks import validation_rule
from runnel.nodes.flow.rule_conditions import condition_text
from runnel.nodes.flow.rule_operations import addition_text, calculation_text, hashed, operation_text, unknown
from runnel.nodes.flow.rule_text import Fields, RuleError, quoted

AGGREGATES = {
    "sum": "significant(sum({}), 15)", "average": "significant(avg({}), 15)", "count": "count({})", "min": "min({})",
    "max": "max({})", "count_distinct": "count_distinct({})", "first": "first({})", "last": "last({})",
    "median": "median({})", "stddev": "stddev({})", "list": "list({})", "concat": "string_agg({}, ', ')",
}  # fmt: skip
_AGGREGATE_ALIASES = {"avg": "average", "mean": "average", "collect": "list", "distinct": "count_distinct",
                      "minimum": "min", "maximum": "max"}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What a field-level rule does: a new value for one field, and the field behind which a new one stands."""

    field: str
    value: str
    after: str | None = None


@dataclass
class Layout:
    """The nodes made so far, the port that the next rule reads, and the ports through which records are rejected."""

    nodes: dict[str, NodeDoc] = field(default_factory=dict[str, NodeDoc])
    at: str = "input"
    rejecting: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])

    def add(self, id: str, kind: str, config: Mapping[str, Any], wires: Sequence[Wire] = (), output: str = "") -> None:
        """Add a node that reads where the last one ended, and continue behind it."""
        self.nodes[id] = NodeDoc(id, kind, dict(config), tuple(wires) or (self.wire(self.at),))
        self.at = f"{id}.{output}" if output else id

    @staticmethod
    def wire(ref: str, port: str | None = None) -> Wire:
        """Return the wire from `node` or `node.port`."""
        if ref == "input" or "." not in ref:
            return Wire(ref, None, port)
        node, _, output = ref.partition(".")
        return Wire(node, output, port)

    def rules(self, rules: Sequence[Any], prefix: str, place: str) -> None:
        """Lay out a list of rules; one that cannot be becomes a finding, and the others go on."""
        for index, rule in enumerate(rules):
            try:
                self.rule(rule, f"{prefix}{index + 1}", f"{place}.{index}")
            except RuleError as error:
                self.findings.append(
                    Finding("RNL-RULES-001", "error", error.what, error.hint, Where(field=f"{place}.{index}"))
                )

    def rule(self, rule: Any, id: str, place: str) -> None:
        """Lay out one rule."""
        if isinstance(rule, models.FieldMapping) and (names := _renamed(rule)):
            self.add(id if rule.operation is None else f"{id}_names", "table.rename", {"columns": names})
            if rule.operation is None:
                return
            rule = rule.model_copy(update={"field_name": next(iter(names.values())), "target": None})
        change = changed(rule, Fields())
        if change is not None:
            after = {change.field: change.after} if change.after else {}
            self.add(
                id, "table.derive", {"columns": {change.field: change.value}, **({"after": after} if after else {})}
            )
        elif isinstance(rule, models.Conditional):
            self._conditional(rule, id, place)
        else:
            _BUILDERS[type(rule)](self, rule, id)

    def _conditional(self, rule: models.Conditional, id: str, place: str) -> None:
        """Only fields changed: one node computes them; else two branches whose records come together again."""
        when = condition_text(rule.condition, Fields())
        branches = [_changes(rule.then), _changes(rule.otherwise)]
        if branches[0] is not None and branches[1] is not None:
            self.add(id, "table.conditional", {"cases": [{"when": when, "set": branches[0]}], "else": branches[1]})
            return
        start, ends = self.at, []
        self.add(f"{id}_route", "table.route", {"routes": {"then": when}}, [self.wire(start)])
        for port, word, rules in (("then", "then", rule.then), ("rest", "else", rule.otherwise)):
            self.at = f"{id}_route.{port}"
            self.rules(rules, f"{id}_{word}_", f"{place}.{word}")
            ends.append(self.at)
        self.add(id, "table.union", {}, [self.wire(end, "inputs") for end in ends])

    def removal(self, rule: models.FieldRemoval, id: str) -> None:
        """Leave fields out."""
        names = [*rule.field_names, *([rule.field_name] if rule.field_name else [])]
        if not names:
            raise RuleError("a field_removal names no field", "Write `field_names: [a, b]`.")
        self.add(id, "table.drop", {"columns": names})

    def validation(self, rule: models.FieldValidation, id: str) -> None:
        """Check records; those that break the rule are rejected."""
        made = validation_rule(Fields().read(rule.field_name), rule.field_name, rule.validation_type, rule.parameters,
                               rule.message)  # fmt: skip
        self.add(id, "table.validate", {"rules": [made]}, output="valid")
        self.rejecting.append(f"{id}.rejected")

    def conversion(self, rule: models.TypeConversion, id: str) -> None:
        """Cast a field; records whose value does not fit are rejected."""
        self.add(id, "table.cast", {"columns": {rule.field_name: rule.target_type}})
        self.rejecting.append(f"{id}.rejected")

    def filter(self, rule: models.RecordFilter, id: str) -> None:
        """Keep the records for which the condition is true."""
        self.add(id, "table.filter", {"where": condition_text(rule.condition, Fields())})

    def aggregation(self, rule: models.Aggregation, id: str) -> None:
        """Make one record per group."""
        values: dict[str, str] = {}
        for made in rule.aggregated_fields:
            name = _AGGREGATE_ALIASES.get(made.operation.lower(), made.operation.lower())
            if name not in AGGREGATES:
                raise unknown("aggregation", made.operation, AGGREGATES)
            if made.input_field is None and name != "count":
                raise RuleError(f"the value `{made.output_field}` names no `input_field`")
            values[made.output_field] = AGGREGATES[name].format(
                Fields().read(made.input_field) if made.input_field else "*"
            )
        config = {"group_by": rule.group_by_fields, "values": values, "include_details": rule.include_details}
        self.add(id, "table.aggregate", config)

    def join(self, rule: models.JoinRule, id: str) -> None:
        """Match records with another input, of which only the included fields come along."""
        how = "full" if rule.join_type == "outer" else rule.join_type
        theirs = rule.foreign_key or rule.primary_key
        before, other = self.at, rule.join_source
        if rule.included_fields and how not in ("semi", "anti"):
            wanted = list(dict.fromkeys([theirs, *rule.included_fields]))
            self.add(f"{id}_fields", "table.select", {"columns": wanted}, [Wire(other)])
            other = self.at
            if theirs != rule.primary_key and theirs not in rule.included_fields:
                self.add(f"{id}_key", "table.rename", {"columns": {theirs: rule.primary_key}})
                other, theirs = self.at, rule.primary_key
        config = {"how": how, "on": {rule.primary_key: theirs}, "suffix": f"_{rule.join_source}"}
        self.add(id, "table.join", config, [self.wire(before, "left"), self.wire(other, "right")])

    def lookup(self, rule: models.LookupRule, id: str) -> None:
        """Bring fields of another input to each record."""
        config: dict[str, Any] = {
            "on": {rule.primary_key: rule.foreign_key or rule.primary_key},
            "defaults": rule.defaults,
        }
        if rule.included_fields:
            config["columns"] = rule.included_fields
        wires = [self.wire(self.at, "input"), Wire(rule.join_source, None, "lookup")]
        self.add(id, "table.lookup", config, wires)

    def hash(self, rule: models.HashRule, id: str) -> None:
        """Replace fields by their digest."""
        names = [*rule.field_names, *([rule.field_name] if rule.field_name else [])]
        made = {name: hashed(quoted(name), rule.algorithm, rule.salt) for name in names}
        if not made:
            raise RuleError("a hash names no field", "Write `field_names: [email]`.")
        self.add(id, "table.derive", {"columns": made})

    def deduplication(self, rule: models.Deduplication, id: str) -> None:
        """Keep one record per key."""
        self.add(id, "table.deduplicate", {"keys": rule.key_fields, "order_by": rule.order_by, "keep": rule.keep})

    def split(self, rule: models.RecordSplit, id: str) -> None:
        """Make one record per element of a list or part of a text."""
        if rule.separator is not None:
            made = operation_text("split", rule.field_name, {"separator": rule.separator}, Fields())
            self.add(f"{id}_parts", "table.derive", {"columns": {rule.field_name: made}})
        self.add(id, "table.explode", {"column": rule.field_name})


_BUILDERS: dict[type[Any], Callable[[Layout, Any, str], None]] = {
    models.FieldRemoval: Layout.removal,
    models.FieldValidation: Layout.validation,
    models.TypeConversion: Layout.conversion,
    models.RecordFilter: Layout.filter,
    models.Aggregation: Layout.aggregation,
    models.JoinRule: Layout.join,
    models.LookupRule: Layout.lookup,
    models.HashRule: Layout.hash,
    models.Deduplication: Layout.deduplication,
    models.RecordSplit: Layout.split,
}


def _renamed(rule: models.FieldMapping) -> dict[str, str]:
    names = dict(rule.mappings)
    if rule.field_name and rule.target and rule.target != rule.field_name:
        names[rule.field_name] = rule.target
    if not names and rule.operation is None:
        raise RuleError("a field_mapping names neither a `target` nor an `operation`", "Write `target: new_name`.")
    return names


def changed(rule: Any, fields: Fields) -> Change | None:
    """Return what a field-level rule changes, or None for a rule about whole records.

    A new field stands behind the last field that it is made from, and last where it is made from none.
    """
    if isinstance(rule, models.FieldMapping) and rule.field_name and rule.operation and not _renamed(rule):
        return Change(rule.field_name, operation_text(rule.operation, rule.field_name, rule.parameters, fields))
    if isinstance(rule, models.FieldOperation):
        output = rule.output_field or rule.parameters.get("output_field")
        value = operation_text(rule.operation, rule.field_name, rule.parameters, fields)
        return Change(output or rule.field_name, value, _place(output, [rule.field_name]))
    if isinstance(rule, models.FieldCalculation):
        value, sources, output = calculation_text(rule.operation, rule.parameters, fields)
        name = output or rule.field_name
        if name is None:
            raise RuleError("a field_calculation names no field for its result", "Write `field_name: total`.")
        return Change(name, value, _place(name, sources))
    if isinstance(rule, models.FieldAddition):
        value, sources = addition_text(rule.value, rule.operation, rule.field_name, rule.parameters, fields)
        return Change(rule.field_name, value, _place(rule.field_name, sources))
    return None


def _place(name: str | None, sources: Sequence[str]) -> str | None:
    last = sources[-1].split(".")[0] if sources else None
    return None if last == name or name is None else last


def _changes(rules: Sequence[Any]) -> dict[str, str] | None:
    """Return field → expression for a branch of field-level rules, each seeing the ones before; None for others."""
    fields = Fields()
    for rule in rules:
        change = changed(rule, fields)
        if change is None:
            return None
        fields.made[change.field] = change.value
    return fields.made
