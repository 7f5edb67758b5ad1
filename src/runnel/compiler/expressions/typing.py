"""The type of every part of an expression: what is certain from the text, and DuckDB's word for the rest."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from runnel.compiler.dialects.types import NUMBERS, element_type, family, read_type, struct_fields
from runnel.compiler.expressions.check import arguments, is_variable
from runnel.compiler.expressions.expand import Expander
from runnel.compiler.expressions.types import normalise_type
from runnel.compiler.functions import is_aggregate, names
from runnel.compiler.functions.templates import bracketed
from runnel.errors import EngineError
from runnel.plan.oracle import TypeOracle

TABLE = "input"
UNKNOWN = "UNKNOWN"
_LOGIC = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Escape, exp.Boolean,
)  # fmt: skip
_ARITHMETIC = (
    exp.Column, exp.Literal, exp.Boolean, exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.EQ, exp.NEQ, exp.GT, exp.GTE,
    exp.LT, exp.LTE, exp.And, exp.Or, exp.Not,
)  # fmt: skip
_NO_VALUE = (
    exp.DataType, exp.Identifier, exp.Var, exp.Order, exp.Ordered, exp.Where, exp.WindowSpec, exp.If, exp.PropertyEQ,
    exp.Distinct, exp.Lambda, exp.Star, exp.Slice, exp.DataTypeParam, exp.ColumnDef,
)  # fmt: skip


class Typer:
    """Types of one written tree's nodes; asks the oracle for all unknown ones together."""

    def __init__(self, root: exp.Expr, schema: Mapping[str, str], oracle: TypeOracle, expander: Expander) -> None:
        self.root = root
        self.schema = schema
        self.oracle = oracle
        self.expander = expander
        self.types: dict[int, str] = {}
        self.engine_words: tuple[exp.Expr, str] | None = None

    def type_of(self, node: exp.Expr) -> str:
        """Return a written node's DuckDB type, asking the oracle when it is not certain."""
        found = self.known(node)
        if found is None:
            self.ask([node])
            found = self.types[id(node)]
        return found

    def known(self, node: exp.Expr) -> str | None:
        """Return a node's type without asking anybody; None when only the engine knows."""
        if id(node) not in self.types:
            found = self._certain(node)
            if found is None:
                return None
            self.types[id(node)] = found
        return self.types[id(node)]

    def settle(self) -> None:
        """Learn the types of all nodes that matter and of the whole, in one question where nothing is wrong."""
        open_nodes = [node for node in postorder(self.root) if is_value(node) and self.known(node) is None]
        if self.root not in open_nodes and not self._is_arithmetic():
            open_nodes.append(self.root)
        if open_nodes:
            self.ask(open_nodes)

    def _is_arithmetic(self) -> bool:
        """Whether the whole is sums, products and comparisons of numbers, in which the engine can refuse nothing."""
        for node in postorder(self.root):
            if isinstance(node, exp.Identifier):
                continue
            if not isinstance(node, _ARITHMETIC) or family(self.known(node) or UNKNOWN) not in (*NUMBERS, "boolean"):
                return False
        return True

    def ask(self, nodes: list[exp.Expr]) -> None:
        """Ask for the types of nodes; when the question fails, one by one, so that the others still get theirs."""
        try:
            for node, type_name in zip(nodes, self._describe(nodes), strict=True):
                self.types[id(node)] = type_name
            return
        except EngineError as error:
            if len(nodes) == 1:
                self.types[id(nodes[0])] = UNKNOWN
                self.engine_words = self.engine_words or (nodes[0], error.what)
                return
        for node in nodes:
            self.ask([node])

    def _describe(self, nodes: list[exp.Expr]) -> list[str]:
        parts = [f"{_windowed(self._closed(node)).sql('duckdb')} AS c{i}" for i, node in enumerate(nodes)]
        source = f' FROM "{TABLE}"' if self.schema else ""
        tables = {TABLE: dict(self.schema)} if self.schema else {}
        found = self.oracle.describe(f"SELECT {', '.join(parts)}{source}", tables)
        return [_plain(type_name) for type_name in found.values()]

    def _closed(self, node: exp.Expr) -> exp.Expr:
        """Return the expanded tree with the variables of the lambdas around it replaced by list elements."""
        tree = self.expander.tree(node)
        above = node.parent
        below: exp.Expr = node
        while above is not None:
            if isinstance(above, exp.Lambda) and below is above.this:
                tree = self._without_variables(tree, above)
            below, above = above, above.parent
        return tree

    def _without_variables(self, tree: exp.Expr, scope: exp.Lambda) -> exp.Expr:
        first = self._element(scope)
        for use in list(tree.find_all(exp.Identifier)):
            index = next((i for i, variable in enumerate(scope.expressions) if variable.name == use.name), None)
            if index is None or not is_variable(use):
                continue
            new = first.copy() if index == 0 or _folds(scope) else exp.cast(exp.Literal.number(1), "BIGINT")
            if use is tree:
                return new
            use.replace(new)
        return tree

    def _element(self, scope: exp.Lambda) -> exp.Expr:
        call = scope.parent
        assert isinstance(call, exp.Anonymous)
        source = self.expander.tree(call.expressions[0])
        return exp.Anonymous(this="list_extract", expressions=[source, exp.Literal.number(1)])

    def _certain(self, node: exp.Expr) -> str | None:
        """Return the type of a node whose form alone tells it."""
        if isinstance(node, exp.Literal):
            return literal_type(node)
        if isinstance(node, exp.Column):
            return _plain(self.schema.get(node.name, UNKNOWN))
        if isinstance(node, exp.Null):
            return "NULL"
        if isinstance(node, _LOGIC):
            return "BOOLEAN"
        if isinstance(node, exp.Cast):
            return normalise_type(node.to.sql("duckdb"))
        if isinstance(node, exp.Paren):
            return self.known(node.this)
        if isinstance(node, exp.Interval):
            return "INTERVAL"
        if isinstance(node, exp.Dot | exp.Bracket):
            return self._part(node)
        return self._inside(node)

    def _inside(self, node: exp.Expr) -> str | None:
        if isinstance(node, exp.Window | exp.Filter | exp.IgnoreNulls):
            return self._declared(innermost(node))
        if isinstance(node, exp.Anonymous):
            return self._declared(node)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return literal_type(node.this)
        if isinstance(node, exp.Div):
            return self._float_division(node)
        if isinstance(node, exp.Add | exp.Sub | exp.Mul):
            return self._sum(node)
        if is_variable(node):
            return self._variable(node)
        return None

    def _sum(self, node: exp.Expr) -> str | None:
        """Return the type of a sum or product of doubles with numbers, or of plain integers."""
        sides = {self.known(node.this), self.known(node.args["expression"])}
        if "DOUBLE" in sides and all(family(side) in NUMBERS for side in sides):
            return "DOUBLE"
        return "BIGINT" if "BIGINT" in sides and sides <= {"BIGINT", "INTEGER"} else None

    def _float_division(self, node: exp.Div) -> str | None:
        sides = (self.known(node.this), self.known(node.expression))
        return "DOUBLE" if all(side and family(side) in ("integer", "decimal") for side in sides) else None

    def _part(self, node: exp.Expr) -> str | None:
        whole = self.known(node.this)
        if whole is None:
            return None
        if isinstance(node, exp.Dot):
            fields = struct_fields(whole) if family(whole) == "struct" else {}
            return next((kind for name, kind in fields.items() if name.lower() == node.name.lower()), None)
        if family(whole) == "list" and not isinstance(node.expressions[0], exp.Slice):
            return element_type(whole)
        return None

    def _variable(self, node: exp.Expr) -> str | None:
        above = node.parent
        while above is not None:
            if isinstance(above, exp.Lambda):
                index = next((i for i, item in enumerate(above.expressions) if item.name == node.name), None)
                if index is not None and isinstance(above.parent, exp.Anonymous):
                    if index and not _folds(above):
                        return "BIGINT"
                    whole = self.known(above.parent.expressions[0])
                    return element_type(whole) if whole and family(whole) == "list" else None
            above = above.parent
        return None

    def _declared(self, node: exp.Expr) -> str | None:
        if not isinstance(node, exp.Anonymous):
            return None
        function = names()[node.name.lower()]
        if not function.returns[:1].isupper():
            return None
        if function.returns.startswith("DECIMAL") and len(arguments(node)) > 1:
            return None
        return str(read_type(function.returns))


def is_value(node: exp.Expr) -> bool:
    """Tell whether a node is a value of its own (not a part of syntax), so that it has a type."""
    if is_variable(node):
        return True
    if isinstance(node, _NO_VALUE):
        return False
    parent = node.parent
    if isinstance(parent, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls) and node is parent.this:
        return False
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        return isinstance(parent, exp.Window | exp.Filter) is False and isinstance(node.this, exp.Anonymous)
    return not any(isinstance(parent, kind) for kind in (exp.Interval, exp.DataType, exp.DataTypeParam))


def innermost(node: exp.Expr) -> exp.Expr:
    """Return the call inside OVER, FILTER and IGNORE NULLS."""
    while isinstance(node, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        node = node.this
    return node


def postorder(root: exp.Expr) -> list[exp.Expr]:
    """Return all nodes, children before parents."""
    order: list[exp.Expr] = []
    stack = [root]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(node.iter_expressions())
    return order[::-1]


def literal_type(node: exp.Literal) -> str:
    """Return the type that DuckDB gives a literal."""
    if node.is_string:
        return "VARCHAR"
    text = node.name.lower()
    if "e" in text:
        return "DOUBLE"
    if "." in text:
        whole, fraction = text.split(".")
        width = len(whole.lstrip("0") or "") + len(fraction)
        width = max(width, len(fraction) + 1, 1)
        return f"DECIMAL({width},{len(fraction)})" if width <= 38 else "DOUBLE"
    number = int(text)
    for name, bits in (("INTEGER", 31), ("BIGINT", 63), ("HUGEINT", 127)):
        if number < 2**bits:
            return name
    return "DOUBLE"


def _folds(scope: exp.Lambda) -> bool:
    call = scope.parent
    return isinstance(call, exp.Anonymous) and names()[call.name.lower()].name == "list_reduce"


def _plain(type_name: str) -> str:
    return "NULL" if type_name in ('"NULL"', "NULL") else type_name


def _windowed(tree: exp.Expr) -> exp.Expr:
    """Give every bare aggregate an empty OVER (), which has the same type and needs no GROUP BY."""
    for node in [part for part in tree.walk() if is_aggregate(part)]:
        top = node
        while isinstance(top.parent, exp.Filter | exp.IgnoreNulls) and top is top.parent.this:
            top = top.parent
        if isinstance(top.parent, exp.Window) and top is top.parent.this:
            continue
        bare = top.this if isinstance(top, exp.Filter) else top
        over = exp.Window(this=bare.copy())
        if top is tree:
            return over
        top.replace(over)
    return bracketed(tree) if isinstance(tree, exp.Binary) else tree
