"""Let rows through in which something changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnel.nodes.streams.ordering import (
    OLD,
    PLACE,
    ROWS,
    SEQ,
    US,
    Ordered,
    carrying,
    time_field,
    time_findings,
    visible,
)
from runnel.sdk import Column, Columns, Example, Finding, Ledger, NodeConfig, Relation, field
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation

CHANGED = "__changed"


class Changes(StatefulNode):
    """Lets a row through when one of the named columns differs from the row before of the same key.

    The first row of a key goes through. Rows wait until the watermark has passed them and are compared in event time; the
    others leave through `unchanged`. The last values of every key are kept for ever.
    """

    kind = "stream.changes"
    title = "Changes only"
    summary = "Let rows through whose values differ from the row before of their key"
    icon = "diff"
    synonyms = ("change detection", "on change", "differs from previous", "state change", "delta")
    ledger = Ledger.SUBSET
    sequenced = True
    outputs = ("output", "unchanged", "late")

    class Config(NodeConfig):
        """Settings of the comparison."""

        columns: Columns = field(title="Columns", widget="columns", min_length=1,
                                 help="A difference in any of these is a change.")  # fmt: skip
        keys: Columns = field(default_factory=list, title="Keys", widget="columns",
                              help="Rows with equal keys are compared, e.g. those of a device.")  # fmt: skip
        time: Column = time_field()

    examples = (
        Example(
            "When a door opens or closes",
            {"time": "at", "keys": ["door"], "columns": ["open"]},
            {"input": [
                {"at": "2026-01-01 00:00:01", "door": "a", "open": True},
                {"at": "2026-01-01 00:00:03", "door": "a", "open": False},
                {"at": "2026-01-01 00:00:02", "door": "a", "open": True},
                {"at": "2026-01-01 00:00:04", "door": "b", "open": False},
            ]},
            {"output": [{"at": "2026-01-01T00:00:01", "door": "a", "open": True},
                        {"at": "2026-01-01T00:00:03", "door": "a", "open": False},
                        {"at": "2026-01-01T00:00:04", "door": "b", "open": False}],
             "unchanged": [{"at": "2026-01-01T00:00:02", "door": "a", "open": True}]},
            {"input": {"at": "TIMESTAMP", "door": "VARCHAR", "open": "BOOLEAN"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"when {', '.join(config.columns)} change" + (f" per {', '.join(config.keys)}" if config.keys else "")

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none."""
        yield from time_findings(self, inputs["input"])

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Compare each row with the one before."""
        rows = Ordered.of(self, input, self.bound["keys"])
        return self._ports(rows, f"({self._marked(rows, None)})")

    def behave(self, input: Relation) -> Keyed:
        """Keep the last row's values of each key."""
        rows = Ordered.of(self, input, self.bound["keys"])
        types = rows.kept_types({name: input.types[name] for name in self._watched(rows)})
        emit = {port: visible(found) for port, found in self._ports(rows, identifier(ROWS)).items()}
        return Keyed(
            keys=tuple(rows.keys), touched={"input": rows.touched()},
            steps={ROWS: relation(self._marked(rows, self._watched(rows)), [*rows.columns, OLD, SEQ, CHANGED])},
            absorb=relation(rows.newest(list(types), 1, ROWS), list(types)), emit=emit, types=types,
        )  # fmt: skip

    def _watched(self, rows: Ordered) -> list[str]:
        known = {*rows.keys, *PLACE, US}
        return [name for name in dict.fromkeys(self.bound["columns"]) if name not in known]

    def _marked(self, rows: Ordered, kept: list[str] | None) -> str:
        over = f"OVER (PARTITION BY {listed(rows.keys)} ORDER BY {SEQ})"
        differs = " OR ".join(
            f"{identifier(name)} IS DISTINCT FROM lag({identifier(name)}) {over}" for name in self._watched(rows)
        )
        return f"""SELECT {listed(rows.columns)}, {OLD}, {SEQ}, {SEQ} = 1 OR {differs or "FALSE"} AS {CHANGED}
            FROM ({rows.with_earlier(kept)}) AS w"""

    def _ports(self, rows: Ordered, table: str) -> dict[str, Relation]:
        given, columns = listed(rows.carried), rows.input.columns
        changed = f"SELECT {given} FROM {table} AS c WHERE {CHANGED} AND NOT {OLD}"
        same = f"SELECT {given} FROM {table} AS c WHERE NOT {CHANGED} AND NOT {OLD}"
        return {
            "output": carrying(changed, columns, rows.input), "unchanged": carrying(same, columns, rows.input),
            "late": rows.late(),
        }  # fmt: skip
