"""Bring text into one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlglot import exp

from runnel.nodes.templates import fill
from runnel.sdk import Columns, Example, Finding, Node, NodeConfig, Relation, Unsupported, Where, column, field
from runnel.sdk.joining import family

_TITLE = (
    r"array_to_string(list_transform(regexp_extract_all(:x, '[\pL\pM\pN''’]+|[^\pL\pM\pN''’]+'), "
    r"lambda _rn_w: upper(left(_rn_w, 1)) || lower(substring(_rn_w, 2))), '')"
)
_CASES = {"lower": "lower(:x)", "upper": "upper(:x)", "title": _TITLE}


class Standardise(Node):
    """Cleans text: Unicode normal form C, no invisible characters, single blanks, none at the ends, one letter case.

    Without `columns` every text column is cleaned. White space of every kind (tabs, line breaks, no-break spaces)
    counts as a blank.
    """

    kind = "table.standardise"
    title = "Clean up text"
    summary = "Trim, unify blanks, letter case and Unicode; empty becomes NULL"
    group = "columns"
    icon = "wand-2"
    synonyms = ("clean", "trim", "strip", "normalize", "standardize", "whitespace", "case", "empty to null", "unicode")
    dialects = {"postgres": Unsupported("character classes of Unicode are RE2's")}

    class Config(NodeConfig):
        """Settings of the cleaning."""

        columns: Columns | None = field(None, title="Columns", help="All text columns without it.", widget="columns")
        trim: bool = field(True, title="Trim", help="No blanks at the ends.")
        whitespace: bool = field(True, title="Single blanks", help="Any run of white space becomes one blank.")
        unicode: bool = field(True, title="Unicode", help="Normal form C; zero-width and control characters go.")
        case: Literal["keep", "lower", "upper", "title"] = field("keep", title="Letter case", help="For all letters.")
        empty_to_null: bool = field(True, title="Empty becomes NULL", help="After cleaning.")

    examples = (
        Example(
            "All text columns",
            {},
            {"input": [{"id": 1, "a": "  Ann\t Lee ", "b": " "}, {"id": 2, "a": None, "b": "x"}]},
            {"output": [{"id": 1, "a": "Ann Lee", "b": None}, {"id": 2, "a": None, "b": "x"}]},
        ),
        Example(
            "Small letters, accents in one form",
            {"columns": ["m"], "case": "lower"},
            {"input": [{"m": "ANN@X.ORG\u200b"}, {"m": "Cafe\u0301"}]},
            {"output": [{"m": "ann@x.org"}, {"m": "caf\u00e9"}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the steps."""
        steps = [name for name in ("trim", "whitespace", "unicode", "empty_to_null") if getattr(config, name)]
        steps += [config.case] if config.case != "keep" else []
        return ", ".join(step.replace("_", " ") for step in steps) + f": {', '.join(config.columns or ['all text'])}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report named columns that hold no text."""
        for name in self.bound.get("columns") or ():
            type = inputs["input"].types.get(name, "VARCHAR")
            if family(type) != "text":
                yield Finding(
                    "RNL-TYPE-003",
                    "error",
                    f"`{name}` is {type}, not text",
                    "Leave it out, or cast it first.",
                    Where(field="columns"),
                )

    def relate(self, input: Relation) -> Relation:
        """Clean each column."""
        named = self.bound.get("columns")
        texts = [name for name in input.columns if input.types.get(name) == "VARCHAR"] if named is None else named
        return input.extend({name: self._cleaned(column(name)) for name in texts})

    def _cleaned(self, tree: exp.Expr) -> exp.Expr:
        config = self.config
        if config.unicode:
            tree = fill(
                r"regexp_replace(nfc_normalize(:x), '[\x{200B}\x{2060}\x{FEFF}\x00-\x08\x0E-\x1F\x7F]', '', 'g')",
                x=tree,
            )
        if config.whitespace:
            tree = fill(r"regexp_replace(:x, '[\s\pZ\x{85}]+', ' ', 'g')", x=tree)
        if config.trim:
            tree = fill(r"regexp_replace(:x, '^[\s\pZ\x{85}]+|[\s\pZ\x{85}]+$', '', 'g')", x=tree)
        if config.case != "keep":
            tree = fill(_CASES[config.case], x=tree)
        return fill("nullif(:x, '')", x=tree) if config.empty_to_null else tree
