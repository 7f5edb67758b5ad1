"""The node that brings columns of a database or an HTTP API to the rows of a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from runnel.sdk import ColumnMark, Finding, Ledger, NodeConfig, Relation, Where, field
from runnel.sdk.asking import ANSWERS, KNOWN, Asker, AskingContext, AskingNode
from runnel.sdk.fields import ConnectionMark
from runnel.sdk.stateful import CLOCK, STATE, Keyed, identifier, listed, relation
from runnel.sdk.streaming import METADATA
from runnel.sdk.types import normal_type

AT, FOUND = "__at", "__found"
CACHE = "cache"
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class EnrichLookup(AskingNode):
    """Asks a database or an HTTP API about the key of each row and adds what it answers as columns.

    Each key is asked for once and the answer is kept for a time, also where there was none: it is part of the stream's state,
    so rows that are computed again after a death have the answers that they had. Rows whose key is not known (or is NULL)
    have NULL in the new columns, or leave through `missing`. Of several rows of a table with one key any one is taken.
    """

    kind = "enrich.lookup"
    title = "Look up elsewhere"
    summary = "Add columns that a database or an HTTP API knows of each row's key"
    group = "streams"
    icon = "book-search"
    synonyms = ("enrich", "enrichment", "lookup", "database lookup", "http lookup", "api call", "reference data", "cache")
    ledger = Ledger.SUBSET
    outputs = ("output", "missing")

    class Config(NodeConfig):
        """Whom to ask, by which key, for what."""

        connection: Annotated[str, ConnectionMark("postgres", kinds=("postgres", "http"))] = field(
            title="Connection", help="A PostgreSQL database or an HTTP API."
        )
        target: str = field(
            title="Table or path", min_length=1, max_length=2000,
            help="A table (schema.table), or a path such as /customers/{id} with the names of the keys.",
        )  # fmt: skip
        keys: Annotated[dict[str, str], ColumnMark(keys=True)] = field(
            title="Keys", widget="mapping", min_length=1, help="Column of the row: column of the table, or name in the path."
        )
        columns: dict[str, str] = field(
            title="Columns", widget="mapping", min_length=1,
            help="New column: column of the table, or where it stands in the JSON answer (address.city).",
        )  # fmt: skip
        types: dict[str, str] = field(
            default_factory=dict, title="Types", widget="types", help="New column: its type; text without it."
        )
        missing: Literal["keep", "leave"] = field(
            "keep", title="Rows without an answer", widget="choice",
            help="keep lets them go on with NULL in the new columns; leave lets them out through `missing`.",
        )  # fmt: skip
        cache_seconds: float = field(300.0, title="Keep answers for", unit="seconds", ge=0, le=31_536_000)
        timeout_seconds: float = field(10.0, title="Wait for an answer", unit="seconds", gt=0, le=300, advanced=True)
        when_silent: Literal["wait", "go_on"] = field(
            "wait", title="When nobody answers", widget="choice", advanced=True,
            help="wait holds the stream until there is an answer; go_on treats the rows as without one, after some tries.",
        )  # fmt: skip
        tries: int = field(3, title="Tries", ge=1, le=100, advanced=True, when={"when_silent": ("go_on",)})
        requests_at_once: int = field(8, title="Requests at once", ge=1, le=64, advanced=True, help="Of an HTTP API.")

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name whom is asked."""
        return f"{config.connection} {config.target} by {', '.join(config.keys)}"

    @property
    def when_silent(self) -> Literal["wait", "go_on"]:
        """What to do without an answer."""
        return self.config.when_silent

    @property
    def tries(self) -> int:
        """How often to ask before going on without one."""
        return self.config.tries

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report types that there are not, names that are taken, and names of a path that are no keys."""
        taken = {name.lower() for name in inputs["input"].columns}
        for name in self.config.columns:
            if name.lower() in taken:
                what = f"there is a column `{name}` already"
                yield Finding("RNL-COLUMN-002", "error", what, "Give the new column another name.", Where(field="columns"))
        for name, type in self.config.types.items():
            if name not in self.config.columns:
                what = f"`types` names {name}, which is no new column"
                yield Finding("RNL-CONFIG-002", "error", what, "Name it under `columns` too.", Where(field="types"))
            elif normal_type(type) is None:
                hint = "Types are BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR, BOOLEAN, DATE, TIMESTAMP …"
                yield Finding("RNL-TYPE-002", "error", f"`{type}` is no type", hint, Where(field=f"types.{name}"))
        strange = [name for name in PLACEHOLDER.findall(self.config.target) if name not in self.config.keys.values()]
        if strange:
            what = f"the path names {', '.join(strange)}, and the keys give {', '.join(self.config.keys.values())}"
            yield Finding("RNL-CONFIG-002", "error", what, "Use the names of `keys`.", Where(field="target"))

    def asker(self, context: AskingContext) -> Asker:
        """Return what asks a database or an API, by the kind of the connection."""
        options = dict(context.connections[self.config.connection])
        if "base_url" in options:
            from runnel.connectors.lookup.http import HttpAsker

            return HttpAsker(self.config, options, context)
        from runnel.connectors.lookup.postgres import PostgresAsker

        return PostgresAsker(self.config, options, context)

    # -- the queries

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Give the columns without answers: who shows rows before the stream runs asks nobody."""
        added = ", ".join(f"CAST(NULL AS {type}) AS {identifier(name)}" for name, type in self._types().items())
        given = self._given(input)
        text = f"SELECT {listed(given)}, {added} FROM {input.source('i').sql('duckdb')}"
        made = relation(text, [*input.columns, *self._types()])
        none = relation(f"SELECT {listed(given)} FROM {input.source('i').sql('duckdb')} WHERE FALSE", input.columns)
        hidden = tuple(self._metadata(input))
        return {"output": replace(made, hidden=hidden), "missing": replace(none, hidden=hidden)}

    def behave(self, input: Relation) -> Keyed:
        """Keep answers by key, with when they were given."""
        rows = input.source("i").sql("duckdb")
        keys, answers = self._keys(), self._answers()
        text = ", ".join(f"CAST(i.{identifier(name)} AS VARCHAR) AS {identifier(key)}" for key, name in self._named().items())
        there = " AND ".join(f"i.{identifier(name)} IS NOT NULL" for name in self._named().values())
        touched = f"SELECT {text} FROM {rows} WHERE {there}"
        fresh = f"{AT} + to_microseconds({round(self.config.cache_seconds * 1e6)}) > (SELECT now FROM {CLOCK})"
        asks = f"SELECT DISTINCT {listed(keys)} FROM ({touched}) EXCEPT SELECT {listed(keys)} FROM {STATE} WHERE {fresh}"
        cache = f"""SELECT {listed([*keys, *answers])}, {KNOWN} AS {FOUND}, (SELECT now FROM {CLOCK}) AS {AT} FROM {ANSWERS}
            UNION ALL SELECT {listed([*keys, *answers])}, {FOUND}, {AT} FROM {STATE} WHERE {fresh}"""
        kept = [*keys, *answers, FOUND, AT]
        until = f"{AT} + to_microseconds({round(self.config.cache_seconds * 1e6)})"
        absorb = f"""SELECT {listed(kept)}, {until} AS __until FROM {CACHE}
            WHERE coalesce({until} > (SELECT wm FROM {CLOCK}), TRUE)"""
        types = {**dict.fromkeys([*keys, *answers], "VARCHAR"), FOUND: "BOOLEAN",
                 AT: "TIMESTAMP WITH TIME ZONE", "__until": "TIMESTAMP WITH TIME ZONE"}  # fmt: skip
        return Keyed(
            keys=tuple(keys), touched={"input": relation(touched, keys)}, asks=relation(asks, keys), answers=tuple(answers),
            steps={CACHE: relation(cache, kept)}, absorb=relation(absorb, [*kept, "__until"]), types=types, due="__until",
            emit=self._ports(input, rows),
        )  # fmt: skip

    def _ports(self, input: Relation, rows: str) -> dict[str, Relation]:
        """Return the rows with their answers, and those without; a value that does not fit its type is no answer."""
        types = self._types()
        same = " AND ".join(
            f"CAST(i.{identifier(name)} AS VARCHAR) = c.{identifier(key)}" for key, name in self._named().items()
        )
        values: dict[str, str] = {}
        good = f"coalesce(c.{FOUND}, FALSE)"
        for (name, type), answer in zip(types.items(), self._answers(), strict=True):
            values[name] = f"TRY_CAST(c.{answer} AS {type})"
            good += f" AND (c.{answer} IS NULL OR {values[name]} IS NOT NULL)"
        given = [f"i.{identifier(name)}" for name in self._given(input)]
        added = [f"CASE WHEN {good} THEN {value} END AS {identifier(name)}" for name, value in values.items()]
        base = f"FROM {rows} LEFT JOIN {CACHE} AS c ON {same}"
        keep = f" WHERE {good}" if self.config.missing == "leave" else ""
        gone = f"NOT ({good})" if self.config.missing == "leave" else "FALSE"
        return {
            "output": relation(f"SELECT {', '.join([*given, *added])} {base}{keep}", [*self._given(input), *types]),
            "missing": relation(f"SELECT {', '.join(given)} {base} WHERE {gone}", self._given(input)),
        }  # fmt: skip

    def _named(self) -> dict[str, str]:
        """Return the columns of the state's key with the columns of rows that give them."""
        return {f"__key{number}": name for number, name in enumerate(self.bound["keys"])}

    def _keys(self) -> list[str]:
        return list(self._named())

    def _answers(self) -> list[str]:
        return [f"__answer{number}" for number in range(len(self.config.columns))]

    def _types(self) -> dict[str, str]:
        given: dict[str, Any] = self.config.types
        return {name: normal_type(given.get(name, "VARCHAR")) or "VARCHAR" for name in self.config.columns}

    def _metadata(self, input: Relation) -> list[str]:
        return [name for name in METADATA if name not in input.columns]

    def _given(self, input: Relation) -> list[str]:
        return [*input.columns, *self._metadata(input)]
