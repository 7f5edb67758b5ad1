"""Take values out of XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlglot import exp

from runnel.nodes.columns.extracting import extracted_order, type_findings
from runnel.nodes.columns.split import taken
from runnel.nodes.refusing import Attempt, attempted
from runnel.nodes.templates import fill, types_of
from runnel.sdk import Column, Example, Finding, GuardedConfig, Node, Relation, Unsupported, Where, call, column, field
from runnel.sdk.types import normal_type
from runnel.sdk.xml_paths import EXAMPLES, joined_paths, namespace_text, xml_path

_READ = "__xml"
_ORDER = (
    '<order id="7"><customer><name>Ann</name></customer>'
    '<item sku="A1"><n>2</n></item><item sku="B2"><n>5</n></item></order>'
)


class ExtractXml(Node):
    """Makes columns of values inside a text column that holds XML, each with a type.

    A path begins at the root element (`customer/name`, `item[2]/@sku`, `//price`); a name without a prefix means any
    namespace. What is not there, and an element without text, is NULL. Where a path leads to several elements the
    first counts, or all of them as a list. Text that is no XML, and a value that does not fit its type, are refused,
    become NULL, or stop the run. Nothing is fetched: documents that declare or use entities, that are larger than
    16 MiB or nested deeper than 256 elements are refused.
    """

    kind = "table.extract_xml"
    title = "Extract from XML"
    summary = "Make typed columns from values inside an XML column"
    group = "columns"
    icon = "code-xml"
    synonyms = ("xpath", "xml path", "parse xml", "soap", "xml to columns", "nested", "get element", "attribute")

    dialects = {"postgres": Unsupported("xpath() there knows names by namespace only, and follows document types")}

    class Config(GuardedConfig):
        """Settings of the extraction."""

        column: Column = field(title="Column", help="The text column that holds XML.", widget="column")
        paths: dict[str, str] = field(
            title="Paths",
            widget="mapping",
            min_length=1,
            help="New column: path, e.g. `city: address/city`, `id: /order/@id`, `first: item[1]/name`; `…/xml()` "
            "gives the element itself.",
        )
        types: dict[str, str] = field(default_factory=dict, title="Types", widget="types",
                                      help="New column: type; text without. `BIGINT[]` takes every element.")  # fmt: skip
        repeated: Literal["first", "list"] = field(
            "first", title="Repeated elements", widget="choice",
            help="Where a path leads to several elements: take the first, or make a list of all.",
        )  # fmt: skip
        namespaces: dict[str, str] = field(
            default_factory=dict, title="Namespaces", widget="mapping", advanced=True,
            help="Prefix: namespace, for paths such as `soap:Body/x`.",
        )  # fmt: skip
        keep: bool = field(False, title="Keep the column", help="Or leave it out.")

    examples = (
        Example(
            "Typed values",
            {"column": "x", "paths": {"order": "/order/@id", "name": "customer/name", "n": "item/n"},
             "types": {"order": "BIGINT", "n": "BIGINT"}},
            {
                "input": [
                    {"id": 1, "x": _ORDER},
                    {"id": 2, "x": "<order/>"},
                    {"id": 3, "x": "<order><item><n>many</n></item></order>"},
                    {"id": 4, "x": "<order><item></order>"},
                    {"id": 5, "x": None},
                ]
            },
            {
                "output": [
                    {"id": 1, "order": 7, "name": "Ann", "n": 2},
                    {"id": 2, "order": None, "name": None, "n": None},
                    {"id": 5, "order": None, "name": None, "n": None},
                ],
                "rejected": [
                    {"id": 3, "_reason": "x: n is 'many', which is no BIGINT"},
                    {"id": 4, "_reason": "x: this is no XML: Opening and ending tag mismatch: item line 1 and order "
                                         "(line 1)"},
                ],
            },
            types={"input": {"id": "BIGINT", "x": "VARCHAR"}},
        ),
        Example(
            "Repeated elements as lists",
            {"column": "x", "paths": {"skus": "item/@sku", "ns": "item/n"}, "types": {"ns": "BIGINT[]"},
             "repeated": "list"},
            {"input": [{"x": _ORDER}, {"x": "<order/>"}]},
            {"output": [{"skus": ["A1", "B2"], "ns": [2, 5]}, {"skus": [], "ns": []}]},
        ),
        Example(
            "A namespace, a condition, the element itself",
            {"column": "x", "paths": {"v": "s:Body/v[@k='b']", "whole": "Body/v/xml()"},
             "namespaces": {"s": "urn:soap"}},
            {"input": [{"x": '<E xmlns="urn:soap"><Body><v k="a">1</v><v k="b">2</v></Body></E>'}]},
            {"output": [{"v": "2", "whole": '<v xmlns="urn:soap" k="a">1</v>'}]},
        ),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the new columns."""
        return f"{', '.join(config.paths)} from {config.column}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report paths, namespaces and types that do not exist, names that are taken, and columns without text."""
        relation, own = inputs["input"], self.bound["column"]
        for name, path in self.config.paths.items():
            yield from self._path_findings(path, f"paths.{name}")
        for prefix, uri in self.config.namespaces.items():
            if not uri or any(sign.isspace() for sign in uri):
                yield Finding("RNL-CONFIG-009", "error", f"`{uri}` is no namespace", "Write its address, e.g. urn:x.",
                              Where(field=f"namespaces.{prefix}"))  # fmt: skip
        yield from type_findings(self.config.paths, self.config.types)
        kind = relation.types.get(own, "VARCHAR")
        if kind != "VARCHAR":
            yield Finding("RNL-TYPE-003", "error", f"`{own}` is {kind}, and XML is text", "Choose a text column.",
                          Where(field="column"))  # fmt: skip
        yield from taken(relation, list(self.config.paths), [] if self.config.keep else [own], "paths")

    def _path_findings(self, written: str, place: str) -> Iterator[Finding]:
        path = xml_path(written)
        if path is None:
            what = f"`{written}` is no path into XML"
            yield Finding("RNL-CONFIG-009", "error", what, f"Write e.g. {EXAMPLES}.", Where(field=place))
            return
        for prefix in path.prefixes:
            if prefix not in self.config.namespaces:
                what = f"`{written}` uses the prefix `{prefix}`, which has no namespace"
                hint = "Add it to `namespaces`, or leave the prefix out: a bare name means any namespace."
                yield Finding("RNL-CONFIG-009", "error", what, hint, Where(field=place))

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Parse each document once and take every path's values out of it."""
        own = self.bound["column"]
        paths = joined_paths(list(self.config.paths.values()))
        read = input.hide({_READ: call("RUNNEL_XML", column(own), paths, namespace_text(self.config.namespaces))})
        attempts = [self._attempt(own, number, name) for number, name in enumerate(self.config.paths, 1)]
        order = extracted_order(input, list(self.config.paths), own, self.config.keep)
        return dict(attempted(read, attempts, self.config.on_error, order))

    def _attempt(self, own: str, number: int, name: str) -> Attempt:
        type = normal_type(self.config.types.get(name, "VARCHAR")) or "VARCHAR"
        listed = self.config.repeated == "list" or type.endswith("]")
        type = f"{type}[]" if listed and not type.endswith("]") else type
        texts = fill("list_extract(struct_extract(:x, 'found'), :number)", x=column(_READ), number=number)
        found = texts if listed else fill("list_extract(:texts, 1)", texts=texts)
        plain = type in ("VARCHAR", "VARCHAR[]")
        value = found if plain else exp.TryCast(this=found.copy(), to=types_of(type))
        problem: exp.Expr = fill("struct_extract(:x, 'problem')", x=column(_READ))
        unread = problem.is_(exp.null()).not_()
        said = call("CONCAT", f"{own}: {name} is '", call("LEFT", exp.cast(found, "VARCHAR"), 80), f"', which is no {type}")
        lost = exp.false() if plain else self._lost(found, column(f"__made_{name}"), listed)
        if name != next(iter(self.config.paths)):
            return Attempt(name, value, lost, said)
        unreadable = call("CONCAT", f"{own}: ", problem)
        reason = unreadable if plain else exp.Case().when(unread, unreadable).else_(said)
        return Attempt(name, value, unread if plain else exp.or_(unread, lost), reason)

    def _lost(self, found: exp.Expr, made: exp.Expr, listed: bool) -> exp.Expr:
        """Return whether a text that was found did not become a value; false where the document is missing."""
        if not listed:
            return exp.and_(found.is_(exp.null()).not_(), made.is_(exp.null()))
        counted = "coalesce(list_count(:found) <> coalesce(list_count(:made), 0), FALSE)"
        return fill(counted, found=found, made=made)
