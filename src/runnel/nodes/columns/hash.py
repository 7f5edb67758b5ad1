"""Replace values by their digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from sqlglot import exp

from runnel.nodes.columns.split import taken
from runnel.nodes.templates import fill
from runnel.sdk import Columns, Example, Finding, Node, NodeConfig, Relation, Unsupported, call, column, field, literal

_DIGESTS = {"md5": "md5(:x)", "sha1": "sha1(:x)", "sha256": "sha256(:x)"}


class Hash(Node):
    """Puts the hex digest of a value's text in its place, or makes one key of several columns.

    NULL stays NULL; in a key of several columns NULL counts as a value of its own, and lengths stand before the values,
    so that `ab` + `c` and `a` + `bc` differ. The salt stands before each text: keep it to yourself.
    """

    kind = "table.hash"
    title = "Hash values"
    summary = "Replace values by a digest, or make one key of several columns"
    group = "columns"
    icon = "hash"
    synonyms = ("md5", "sha256", "digest", "pseudonymise", "anonymise", "fingerprint", "surrogate key", "checksum")
    dialect_limits = {"postgres": "SHA-1"}

    class Config(NodeConfig):
        """Settings of the digests."""

        columns: Columns = field(title="Columns", help="What is hashed.", widget="columns", min_length=1)
        algorithm: Literal["sha256", "sha1", "md5"] = field("sha256", title="Algorithm", help="How long the digest is.")
        salt: str = field("", title="Salt", help="Stands before each text; another salt gives other digests.")
        into: str | None = field(None, title="Key column", help="Make one key of all columns here and keep them.")

    examples = (
        Example(
            "In place",
            {"columns": ["mail"], "algorithm": "md5"},
            {"input": [{"mail": "a"}, {"mail": None}]},
            {"output": [{"mail": "0cc175b9c0f1b6a831c399e269772661"}, {"mail": None}]},
        ),
        Example(
            "With a salt",
            {"columns": ["n"], "algorithm": "md5", "salt": "x"},
            {"input": [{"n": 1}]},
            {"output": [{"n": "6dbf9ac2da09ee1d3debf5a51873ec6d"}]},
        ),
        Example(
            "One key",
            {"columns": ["a", "b"], "into": "key", "algorithm": "md5"},
            {"input": [{"a": "ab", "b": None}]},
            {"output": [{"a": "ab", "b": None, "key": "d0a578e1fd76c71d78c6adc763ee1543"}]},
        ),
    )

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Not SHA-1."""
        return {"postgres": Unsupported("PostgreSQL computes no SHA-1 by itself")} if config.algorithm == "sha1" else {}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.algorithm} of {', '.join(config.columns)}" + (f" → {config.into}" if config.into else "")

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report a name that is taken."""
        if self.config.into is not None:
            yield from taken(inputs["input"], [self.config.into], [], "into")

    def relate(self, input: Relation) -> Relation:
        """Compute the digests."""
        names = list(dict.fromkeys(self.bound["columns"]))
        if self.config.into is None:
            return input.extend({name: self._digest(exp.cast(column(name), "VARCHAR")) for name in names})
        measured = "CASE WHEN :x IS NULL THEN '-' ELSE CAST(length(:x) AS VARCHAR) || ':' || :x END"
        joined = call("CONCAT", *[fill(measured, x=exp.cast(column(name), "VARCHAR")) for name in names])
        return input.extend({self.config.into: self._digest(joined)})

    def _digest(self, text: exp.Expr) -> exp.Expr:
        salted = exp.DPipe(this=literal(self.config.salt), expression=text) if self.config.salt else text
        return fill(_DIGESTS[self.config.algorithm], x=salted)
