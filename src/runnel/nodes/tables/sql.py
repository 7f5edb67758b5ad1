"""Write SQL over the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from sqlglot import exp

from runnel.nodes.tables.sql_reading import SqlError, output_columns, over_inputs, read_query
from runnel.sdk import (
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Port,
    Ports,
    Relation,
    Streaming,
    Where,
    column,
    field,
    output_ports,
)
from runnel.sdk.fields import SqlMark


class Sql(Node):
    """Runs one SELECT in DuckDB's dialect over the inputs, in a worker that reaches nothing else.

    Tables of the query are the names of the inputs. Files, settings, other statements, random numbers and the clock
    are refused.
    """

    kind = "table.sql"
    title = "Write SQL"
    summary = "Compute a table by a SELECT over the inputs"
    group = "tables"
    icon = "database"
    synonyms = ("query", "select", "duckdb", "custom sql", "code", "sql statement")
    streaming = Streaming.BOUNDED
    ledger = Ledger.ABSORBED
    foreign = True

    class Config(NodeConfig):
        """Settings of the query."""

        query: Annotated[str, SqlMark(values="references")] = field(
            title="Query", widget="sql", help="One SELECT; `${params.x}` stands for a value.", min_length=1
        )
        inputs: list[str] = field(default_factory=lambda: ["input"], title="Inputs", widget="list", min_length=1,
                                  help="The names of the input tables in the query.")  # fmt: skip
        references: SkipJsonSchema[dict[str, Any]] = Field(default_factory=dict[str, Any], exclude=True)

    examples = (
        Example(
            "Count per group",
            {"query": "SELECT kind, count(*) AS n FROM input GROUP BY kind"},
            {"input": [{"kind": "a"}, {"kind": "a"}, {"kind": "b"}]},
            {"output": [{"kind": "a", "n": 2}, {"kind": "b", "n": 1}]},
        ),
        Example(
            "Two inputs, everything of one",
            {"inputs": ["orders", "people"],
             "query": "WITH adults AS (SELECT * FROM people WHERE age >= 18) "
                      "SELECT o.*, upper(p.name) AS who FROM orders o JOIN adults p ON o.person = p.id"},
            {"orders": [{"order": 1, "person": 7}, {"order": 2, "person": 8}],
             "people": [{"id": 7, "name": "ann", "age": 30}, {"id": 8, "name": "bob", "age": 3}]},
            {"output": [{"order": 1, "person": 7, "who": "ANN"}]},
        ),
    )  # fmt: skip

    @classmethod
    def ports(cls, config: Config) -> Ports:
        """One input per name."""
        return Ports(tuple(Port(name) for name in dict.fromkeys(config.inputs)), output_ports(cls, cls.outputs))

    @classmethod
    def static_ports(cls) -> Ports:
        """The ports without further names."""
        return Ports((Port("input"),), output_ports(cls, cls.outputs))

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show the beginning of the query."""
        text = " ".join(config.query.split())
        return text if len(text) <= 60 else text[:59] + "…"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report what is wrong with the query, and input names that SQL cannot say."""
        for index, name in enumerate(self.config.inputs):
            if not name.isidentifier():
                yield Finding("RNL-CONFIG-005", "error", f"an input cannot be called `{name}`",
                              "Use letters, digits and underscores.", Where(field=f"inputs.{index}"))  # fmt: skip
        try:
            self._read(inputs)
        except SqlError as error:
            yield error.finding

    def relate(self, **inputs: Relation) -> Relation:
        """Put the query into a WITH clause that names its columns."""
        query, columns = self._read(inputs)
        names = [exp.to_identifier(name, quoted=True) for name in columns]
        alias = exp.TableAlias(this=exp.to_identifier("__query", quoted=True), columns=names)
        outer = exp.select(*[column(name) for name in columns]).from_(exp.to_table('"__query"', dialect="duckdb"))
        outer.set("with_", exp.With(expressions=[exp.CTE(this=query, alias=alias)]))
        return Relation.of(outer, columns)

    def _read(self, inputs: dict[str, Relation]) -> tuple[exp.Query, list[str]]:
        query = read_query(self.config.query, self.config.references)
        made = over_inputs(query, inputs)
        return made, output_columns(query, inputs)
