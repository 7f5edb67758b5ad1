"""The strict rules: text, numbers and booleans never meet without a visible cast; a breach is a finding with a fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sqlglot import exp

from runnel.compiler.dialects.grammar import GRAMMAR
from runnel.compiler.dialects.types import NUMBERS, element_type, family, struct_fields
from runnel.compiler.expressions import codes
from runnel.compiler.expressions.check import arguments, is_variable
from runnel.compiler.expressions.findings import Problems, nearest, position
from runnel.compiler.expressions.types import is_moment
from runnel.compiler.expressions.typing import Typer, is_value, postorder
from runnel.compiler.functions import Function, names

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$")
_MOMENTS = frozenset({"date", "timestamp", "timestamptz", "time"})
_COMPARE = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_FREE = ("null", "unknown")
_GROUPS = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "date"),
    "enum": "text",
}
_WORDS = {"binary": "binary data", "json": "JSON", "date": "a date", "interval": "an interval", "number": "a number",
          "text": "text", "boolean": "a boolean", "list": "a list", "struct": "a struct", "time": "a time"}  # fmt: skip


class Rules:
    """Applies the rules to every node of one typed tree."""

    def __init__(self, typer: Typer, problems: Problems) -> None:
        self.typer = typer
        self.problems = problems

    def apply(self, root: exp.Expr) -> None:
        """Add a finding for every breach, innermost first."""
        for node in postorder(root):
            self._node(node)

    def _node(self, node: exp.Expr) -> None:
        if isinstance(node, _COMPARE):
            self._alike([node.this, node.expression], "compared with")
        elif isinstance(node, exp.In):
            self._alike([node.this, *node.expressions], "compared with")
        elif isinstance(node, exp.Between):
            self._alike([node.this, node.args["low"], node.args["high"]], "compared with")
        elif isinstance(node, exp.Case):
            self._case(node)
        elif isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.IntDiv | exp.Mod | exp.Neg | exp.BitwiseNot):
            self._arithmetic(node)
        elif isinstance(node, exp.And | exp.Or | exp.Not):
            self._conditions([node.this, node.args.get("expression")])
        elif isinstance(node, exp.Where):
            self._conditions([node.this])
        elif isinstance(node, exp.Anonymous):
            self._call(node)
        else:
            self._rest(node)

    def _rest(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Boolean):
            self._conditions([node.this])
        elif isinstance(node, exp.Like | exp.ILike):
            for side in (node.this, node.expression):
                self._expect(side, frozenset({"text", "enum"}), "LIKE", "text", "VARCHAR")
        elif isinstance(node, exp.Array):
            self._alike(node.expressions, "in one list with")
        elif isinstance(node, exp.Bracket):
            self._bracket(node)
        elif isinstance(node, exp.Dot):
            self._field(node)
        elif isinstance(node, exp.Cast):
            self._cast(node)
        elif isinstance(node, exp.Extract):
            moments = frozenset({"date", "timestamp", "timestamptz", "time", "interval"})
            self._expect(node.expression, moments, "EXTRACT", "a date or timestamp", "TIMESTAMP")
        elif isinstance(node, exp.AtTimeZone):
            self._expect(
                node.this, frozenset({"date", "timestamp", "timestamptz"}), "AT TIME ZONE", "a timestamp", "TIMESTAMP"
            )

    def _family(self, node: exp.Expr) -> str:
        return family(self.typer.types.get(id(node)) or self.typer.known(node))

    def _group(self, node: exp.Expr) -> str:
        found = self._family(node)
        return _GROUPS.get(found, found)

    def _type(self, node: exp.Expr) -> str:
        return self.typer.types.get(id(node)) or self.typer.known(node) or "UNKNOWN"

    def _alike(self, nodes: list[exp.Expr], meeting: str) -> None:
        """Check that values which meet are of one kind; text literals take the kind of a date or time they meet."""
        nodes = [node for node in nodes if is_value(node)]
        lead = self._lead(nodes)
        if lead is None:
            return
        wanted = self._group(lead)
        for node in nodes:
            found = self._group(node)
            if node is lead or found in _FREE or found == wanted:
                continue
            if is_text_literal(node) and wanted not in ("number", "boolean", "text"):
                self._text_as(node, self._type(lead))
                continue
            self._mixed(node, lead, meeting)

    def _lead(self, nodes: list[exp.Expr]) -> exp.Expr | None:
        """Return the node whose kind the others must have: the first that is no literal, else the first known."""
        typed = [node for node in nodes if self._group(node) not in _FREE]
        firm = [node for node in typed if not _is_literal(node)]
        return next(iter(firm or typed), None)

    def _mixed(self, node: exp.Expr, lead: exp.Expr, meeting: str) -> None:
        what = f"`{shown(node)}` is {self._type(node)} and is {meeting} `{shown(lead)}`, which is {self._type(lead)}"
        self.problems.add(
            codes.MIXED_TYPES,
            position(node),
            what,
            "Make the conversion visible.",
            fix=self._mixed_fix(node, lead, meeting == "compared with"),
        )

    def _mixed_fix(self, node: exp.Expr, lead: exp.Expr, compared: bool) -> tuple[str, str] | None:
        wanted, found = self._group(lead), self._group(node)
        if is_text_literal(node) and wanted == "number":
            return self._swap(node, node.name.strip()) if _NUMBER.match(node.name) else self._cast_fix(lead, "VARCHAR")
        if is_text_literal(node) and wanted == "boolean":
            word = node.name.strip().upper()
            return self._swap(node, word) if word in ("TRUE", "FALSE") else self._cast_fix(lead, "VARCHAR")
        if found == "number" and wanted == "text":
            turn_lead = compared and _is_literal(node) and not _is_literal(lead)
            return self._cast_fix(lead, number_type(self._type(node))) if turn_lead else self._cast_fix(node, "VARCHAR")
        if found == "boolean" and wanted == "number":
            return self._cast_fix(node, "INTEGER")
        if found == "number" and wanted == "boolean":
            return self._cast_fix(lead, "INTEGER")
        if wanted in ("text", "number", "boolean", "date"):
            return self._cast_fix(node, self._type(lead))
        return None

    def _text_as(self, node: exp.Expr, type_name: str) -> None:
        """Check a text literal that stands for a value of another type."""
        kind = family(type_name)
        if kind in _MOMENTS and not is_moment(node.name, type_name):
            example = "'2025-01-31'" if kind == "date" else "'2025-01-31 10:00:00'"
            what = f"`{shown(node)}` is no {type_name}"
            self.problems.add(
                codes.BAD_LITERAL, position(node), what, f"Write dates and times in ISO form, e.g. {example}."
            )

    def _case(self, node: exp.Case) -> None:
        branches = node.args["ifs"]
        if node.this is not None:
            self._alike([node.this, *(branch.this for branch in branches)], "compared with")
        else:
            self._conditions([branch.this for branch in branches])
        default = node.args.get("default")
        values = [branch.args["true"] for branch in branches] + ([default] if default is not None else [])
        self._alike(values, "another result beside")

    def _conditions(self, nodes: Iterable[exp.Expr | None]) -> None:
        for node in nodes:
            if node is None or self._group(node) in (*_FREE, "boolean"):
                continue
            self.condition(node)

    def condition(self, node: exp.Expr) -> None:
        """Add the finding that a value stands where a condition is needed."""
        what = f"`{shown(node)}` is {self._type(node)}, but a condition must be true or false"
        test = f"{self._text(node)} <> 0"
        free = node.parent is None or isinstance(node.parent, exp.And | exp.Or | exp.Anonymous | exp.Where | exp.If)
        fix = self._swap(node, test if free else f"({test})") if self._group(node) == "number" else None
        self.problems.add(
            codes.NOT_A_CONDITION, position(node), what, "Compare it with something, e.g. `… > 0`.", fix=fix
        )

    def _arithmetic(self, node: exp.Expr) -> None:
        sides = [side for side in (node.this, node.args.get("expression")) if side is not None]
        groups = [self._group(side) for side in sides]
        if any(group in ("date", "time", "interval") for group in groups):
            self._moving(node, sides, groups)
            return
        for side, group in zip(sides, groups, strict=True):
            if group == "number" or group in _FREE:
                continue
            what = f"`{shown(side)}` is {self._type(side)}, but arithmetic needs numbers"
            self.problems.add(
                codes.NOT_A_NUMBER,
                position(side),
                what,
                "Make the conversion visible.",
                fix=self._number_fix(side, group),
            )

    def _number_fix(self, side: exp.Expr, group: str) -> tuple[str, str] | None:
        if is_text_literal(side) and _NUMBER.match(side.name):
            return self._swap(side, side.name.strip())
        if group in ("text", "boolean"):
            return self._cast_fix(side, "DOUBLE" if group == "text" else "INTEGER")
        return None

    def _moving(self, node: exp.Expr, sides: list[exp.Expr], groups: list[str]) -> None:
        """Check date arithmetic: dates and times with intervals, dates with whole days, differences."""
        for side, group in zip(sides, groups, strict=True):
            if group in ("text", "boolean"):
                lead = next(kind for kind in groups if kind in ("date", "time", "interval"))
                hint = "Write e.g. `day + INTERVAL 3 DAYS`, or DATE '2025-01-31' for a date."
                what = f"`{shown(side)}` is {self._type(side)} and meets {_WORDS[lead]} in arithmetic"
                fix = (
                    self._swap(side, f"DATE {self._text(side)}")
                    if is_text_literal(side) and is_moment(side.name, "DATE")
                    else None
                )
                self.problems.add(codes.NOT_A_NUMBER, position(side), what, hint, fix=fix)

    def _bracket(self, node: exp.Bracket) -> None:
        index, whole = node.expressions[0], self._group(node.this)
        if whole in ("list", "text"):
            for part in [index.this, index.expression] if isinstance(index, exp.Slice) else [index]:
                if part is not None:
                    self._expect(part, frozenset({"integer"}), "an index", "an integer", "BIGINT")
        elif whole not in (*_FREE, "struct", "map"):
            what = f"`{shown(node.this)}` is {self._type(node.this)} and has no parts"
            self.problems.add(
                codes.ARGUMENT_TYPE,
                position(node),
                what,
                "Index lists, structs, maps and texts; use json_text for JSON.",
            )

    def _field(self, node: exp.Dot) -> None:
        whole = self._type(node.this)
        if family(whole) in _FREE:
            return
        fields = struct_fields(whole) if family(whole) == "struct" else {}
        if not any(name.lower() == node.name.lower() for name in fields):
            listed = f"Fields: {', '.join(fields)}." if fields else "Only structs have fields."
            what = f"`{shown(node.this)}` ({whole}) has no field `{node.name}`"
            self.problems.add(codes.UNKNOWN_FIELD, position(node), what, nearest(node.name, fields) + listed)

    def _cast(self, node: exp.Cast) -> None:
        if is_text_literal(node.this) and not isinstance(node, exp.TryCast):
            self._text_as(node.this, self._type(node))

    def _expect(self, node: exp.Expr, families: frozenset[str], place: str, words: str, target: str) -> None:
        found = self._family(node)
        if found in families or found in _FREE:
            return
        if is_text_literal(node) and families & _MOMENTS and "text" not in families:
            self._text_as(node, target)
            return
        what = f"`{shown(node)}` is {self._type(node)}, but {place} needs {words}"
        self.problems.add(
            codes.ARGUMENT_TYPE, position(node), what, "Make the conversion visible.", fix=self._cast_fix(node, target)
        )

    def _call(self, node: exp.Anonymous) -> None:
        function = names().get(node.name.lower())
        if function is None or not function.params:
            return
        args = arguments(node)
        for index, arg in enumerate(args):
            if not isinstance(arg, exp.Star | exp.Lambda):
                self._argument(function, index, arg)
        same = [arg for index, arg in enumerate(args) if function.param(index).kind == "same"]
        if len(same) > 1:
            self._alike(same, f"in {function.name}() beside")
        if function.name == "choose":
            self._choose(args)
        if function.name == "map_value":
            self._map_value(args)
        if function.name in ("list_contains", "list_position", "list_append"):
            self._member(args[0], args[1])

    def _choose(self, args: list[exp.Expr]) -> None:
        self._conditions(args[: len(args) - 1 : 2] if len(args) % 2 else args[::2])
        self._alike(args[1::2] + (args[-1:] if len(args) % 2 else []), "another result beside")

    def _map_value(self, args: list[exp.Expr]) -> None:
        last = args[-1:] if len(args) % 2 == 0 else []
        self._alike([args[0], *args[1 : len(args) - len(last) : 2]], "compared with")
        self._alike([*args[2::2], *last], "another result beside")

    def _member(self, whole: exp.Expr, value: exp.Expr) -> None:
        element = element_type(self._type(whole)) if self._group(whole) == "list" else "NULL"
        wanted, found = (_GROUPS.get(family(kind), family(kind)) for kind in (element, self._type(value)))
        if (
            wanted in _FREE
            or found in _FREE
            or wanted == found
            or (is_text_literal(value) and wanted not in ("number", "boolean"))
        ):
            return
        what = f"`{shown(value)}` is {self._type(value)}, but the elements of `{shown(whole)}` are {element}"
        self.problems.add(
            codes.MIXED_TYPES, position(value), what, "Make the conversion visible.", fix=self._cast_fix(value, element)
        )

    def _argument(self, function: Function, index: int, arg: exp.Expr) -> None:
        param, kind = function.param(index), self._type(arg)
        if param.accepts(kind):
            return
        if is_text_literal(arg) and param.families & _MOMENTS:
            self._text_as(arg, "DATE" if param.families == frozenset({"date"}) else "TIMESTAMP")
            return
        what = f"`{shown(arg)}` is {kind}, but `{param.name}` of {function.name}() takes {param.words}"
        target = _cast_target(param.families, function)
        fix = self._cast_fix(arg, target) if target else None
        self.problems.add(codes.ARGUMENT_TYPE, position(arg), what, f"Write {function.signature}.", fix=fix)

    def _cast_fix(self, node: exp.Expr, target: str) -> tuple[str, str] | None:
        return self._swap(node, f"CAST({self._text(node)} AS {target})")

    def _text(self, node: exp.Expr) -> str:
        span = leaf_span(node)
        return self.problems.text[span[0] : span[1]] if span else written(node)

    def _swap(self, node: exp.Expr, new: str) -> tuple[str, str] | None:
        """Return a fix that puts new text in the place of a node."""
        span = leaf_span(node)
        if span is not None:
            return f"Write {new}", self.problems.splice(span[0], span[1], new)
        if "${" in self.problems.text:
            return None
        marker = exp.Var(this="\x00")
        whole = self._copy_with(node, marker)
        return f"Write {new}", written(whole).replace("\x00", new)

    def _copy_with(self, node: exp.Expr, new: exp.Expr) -> exp.Expr:
        path: list[Callable[[exp.Expr], exp.Expr]] = []
        at = node
        while at.parent is not None:
            key, index = str(at.arg_key), at.index
            path.append(lambda tree, k=key, i=index: tree.args[k] if i is None else tree.args[k][i])
            at = at.parent
        copy = at.copy()
        place = copy
        for step in reversed(path):
            place = step(place)
        if place is copy:
            return new
        place.replace(new)
        return copy


def _cast_target(families: frozenset[str], function: Function) -> str | None:
    if "text" in families:
        return "VARCHAR"
    if "decimal" in families:
        return "DOUBLE" if function.name != "sum" else "DECIMAL(18,2)"
    for kind, target in (("integer", "BIGINT"), ("boolean", "BOOLEAN"), ("timestamp", "TIMESTAMP"), ("date", "DATE"),
                         ("timestamptz", "TIMESTAMP WITH TIME ZONE"), ("json", "JSON")):  # fmt: skip
        if kind in families:
            return target
    return None


def is_text_literal(node: exp.Expr | None) -> bool:
    """Tell whether a node is a quoted text."""
    return isinstance(node, exp.Literal) and node.is_string


def _is_literal(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal | exp.Boolean) or (
        isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal)
    )


def number_type(type_name: str) -> str:
    """Return the type that text is cast to where it meets a number of a type."""
    return "BIGINT" if family(type_name) == "integer" else "DOUBLE"


def leaf_span(node: exp.Expr) -> tuple[int, int] | None:
    """Return the place in the text of a node that is one word: a column, a variable or a literal."""
    leaf = node.this if isinstance(node, exp.Column) else node
    if isinstance(leaf, exp.Identifier | exp.Literal) and "start" in leaf.meta and not isinstance(node, exp.Dot):
        return leaf.meta["start"], leaf.meta["end"] + 1
    return None


def written(tree: exp.Expr) -> str:
    """Return a written tree as text of the language, functions in small letters."""
    return tree.sql(dialect=GRAMMAR, normalize_functions="lower")


def shown(node: exp.Expr) -> str:
    """Return a short text of a node for a message."""
    if isinstance(node, exp.Column) or is_variable(node):
        return node.name
    text = written(node)
    return text if len(text) <= 60 else text[:57] + "…"
