"""Score how unusual values are against those before them."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from runnel.nodes.streams.ordering import (
    OLD,
    ROWS,
    SEQ,
    US,
    WM,
    Ordered,
    metadata,
    name_findings,
    time_field,
    time_findings,
    visible,
)
from runnel.nodes.streams.timing import micros
from runnel.sdk import Column, Columns, Example, Expression, Finding, GuardedConfig, Relation, Where, field
from runnel.sdk.joining import family
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation

VALUE, MIDDLE, SPREAD, COUNT = "__x", "__middle", "__spread", "__count"


class Anomalies(StatefulNode):
    """Adds `score` and `is_anomaly` to each row: how far its value is from those before it with the same key.

    The score is the modified z-score of Iglewicz and Hoaglin (1993), 0.6745 * (x - median) / MAD, over the `rows` rows
    before, or over those of the last `seconds`; single outliers hardly move it. MAD is the median of the distances from the
    median. Where that is 0, another value than the median scores plus or minus infinity. Before `min_rows` values are known,
    and for NULL, the score is NULL and the row no anomaly. Rows wait until the watermark has passed them.
    """

    kind = "stream.anomalies"
    title = "Find anomalies"
    summary = "Score values against the recent ones of their key (median and MAD)"
    icon = "triangle-alert"
    synonyms = ("outlier", "z-score", "mad", "unusual", "spike", "anomaly detection", "sensor fault")
    sequenced = True
    outputs = ("output", "late")

    class Config(GuardedConfig):
        """Settings of the score."""

        value: Expression = field(title="Value", widget="expression", help="The number that is scored, e.g. `temperature`.")
        keys: Columns = field(default_factory=list, title="Keys", widget="columns",
                              help="Rows with equal keys are compared, e.g. those of a sensor.")  # fmt: skip
        rows: int = field(100, title="Rows before", unit="rows", ge=3, le=10_000, help="So many rows before are looked at.")
        seconds: float | None = field(None, title="Time before", unit="seconds", gt=0,
                                      help="Instead: the rows of so much time before.")  # fmt: skip
        threshold: float = field(3.5, title="Threshold", gt=0, help="A score beyond it is an anomaly.")
        min_rows: int = field(10, title="At least", unit="rows", ge=1, help="Fewer values before give no score.")
        time: Column = time_field()

    examples = (
        Example(
            "A spike",
            {"time": "at", "value": "v", "min_rows": 3},
            {"input": [{"at": f"2026-01-01 00:00:0{at}", "v": v} for at, v in enumerate([10.0, 11.0, 9.0, 10.5, 60.0])]},
            {"output": [
                *({"at": f"2026-01-01T00:00:0{at}", "v": v, "score": None, "is_anomaly": False}
                  for at, v in enumerate([10.0, 11.0, 9.0])),
                {"at": "2026-01-01T00:00:03", "v": 10.5, "score": 0.33725, "is_anomaly": False},
                {"at": "2026-01-01T00:00:04", "v": 60.0, "score": 67.11275, "is_anomaly": True},
            ]},
            {"input": {"at": "TIMESTAMP", "v": "DOUBLE"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say of what and against what."""
        against = f"{config.seconds:g} s" if config.seconds else f"{config.rows} rows"
        return f"{config.value} against {against}" + (f" per {', '.join(config.keys)}" if config.keys else "")

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none, a value that is no number as far as is known, and names that are taken."""
        yield from time_findings(self, inputs["input"])
        yield from name_findings([("score", "value"), ("is_anomaly", "value")], inputs["input"].columns)
        type = inputs["input"].types.get(self.config.value, "DOUBLE")
        if family(type) != "number":
            hint = "Turn it into a number first (table.cast)."
            yield Finding("RNL-TYPE-001", "error", f"`{self.config.value}` is {type}, not a number", hint, Where(field="value"))
        if self.config.min_rows > self.config.rows and self.config.seconds is None:
            what = f"`min_rows` is {self.config.min_rows}, but only {self.config.rows} rows are looked at"
            yield Finding("RNL-CONFIG-002", "error", what, "Look at more rows.", Where(field="min_rows"))

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Score every row."""
        made = self._made(input)
        return made.ports(f"({made.scored(False)})")

    def behave(self, input: Relation) -> Keyed:
        """Keep the values that later rows are compared with."""
        made = self._made(input)
        kept = made.rows.kept_types({VALUE: "DOUBLE"})
        absorb, due, types = made.rows.newest(list(kept), made.looked_at, ROWS), None, kept
        if made.span is not None:
            until, due, types = f"{US} + {made.span}", "__due", {**kept, "__due": "TIMESTAMP WITH TIME ZONE"}
            absorb = f"""SELECT {listed(list(kept))}, make_timestamptz({until} + 1) AS __due FROM {identifier(ROWS)} AS s
                WHERE {WM} IS NULL OR {until} >= {WM}"""
        names = [*made.rows.columns, OLD, SEQ, MIDDLE, SPREAD, COUNT]
        return Keyed(
            keys=tuple(made.rows.keys), touched={"input": made.rows.touched()},
            steps={ROWS: relation(made.scored(True), names, x=self.tree("value"))},
            absorb=relation(absorb, list(types)), types=types, due=due,
            emit={port: visible(found) for port, found in made.ports(identifier(ROWS)).items()},
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        span = None if self.config.seconds is None else micros(self.config.seconds)
        rows = Ordered.of(self, input, self.bound["keys"], {VALUE: "CAST(:x AS DOUBLE)"})
        return _Made(self, rows, self.config.rows, span)


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries."""

    node: Anomalies
    rows: Ordered
    looked_at: int
    span: int | None

    def scored(self, stateful: bool) -> str:
        """Return the query of the rows with the median, the spread and the number of the values before."""
        frame = f"ORDER BY {SEQ} ROWS BETWEEN {self.looked_at} PRECEDING AND 1 PRECEDING"
        if self.span is not None:
            frame = f"ORDER BY {US} RANGE BETWEEN {self.span} PRECEDING AND 1 PRECEDING"
        over = f"OVER (PARTITION BY {listed(self.rows.keys)} {frame})"
        calls = (("median", MIDDLE), ("mad", SPREAD), ("count", COUNT))
        made = ", ".join(f"{call}({VALUE}) {over} AS {name}" for call, name in calls)
        kept = [VALUE] if stateful else None
        return f"SELECT {listed(self.rows.columns)}, {OLD}, {SEQ}, {made} FROM ({self.rows.with_earlier(kept)}) AS w"

    def ports(self, table: str) -> dict[str, Relation]:
        """Return the rows of each port."""
        config, input = self.node.config, self.rows.input
        distance = f"({VALUE} - {MIDDLE})"
        score = f"""CASE WHEN {COUNT} < {config.min_rows} OR {VALUE} IS NULL THEN NULL WHEN {distance} = 0 THEN 0.0
            WHEN {SPREAD} = 0 THEN sign({distance}) * CAST('Infinity' AS DOUBLE) ELSE 0.6745 * {distance} / {SPREAD} END"""
        names, hidden = [*input.columns, "score", "is_anomaly"], metadata(input)
        inner = f"SELECT {listed(self.rows.carried)}, CAST({score} AS DOUBLE) AS score FROM {table} AS s WHERE NOT {OLD}"
        judged = f"coalesce(abs(score) > {config.threshold}, FALSE) AS is_anomaly"
        text = f"SELECT {listed(input.columns)}, score, {judged}, {listed(hidden)} FROM ({inner}) AS j"
        trees = {"x": self.node.tree("value")} if ":x" in text else {}
        return {"output": replace(relation(text, names, **trees), hidden=tuple(hidden)), "late": self.rows.late()}


