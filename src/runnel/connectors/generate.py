"""Rows made up from a seed: each value is a hash of seed, column and row number, so every run makes the same rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runnel.errors import AuthoringError
from runnel.sdk import Connection, DeadLetters, Example, NodeConfig, Opened, Probe, Source, field

_FIRST = ("Ada", "Ben", "Chloé", "Dilan", "Emma", "Finn", "Grace", "Hana", "Ivan", "Jana", "Kofi", "Lena", "Mia",
          "Noah",
          "Olga", "Pablo", "Rosa", "Søren", "Tariq", "Zoë")  # fmt: skip
_LAST = ("Adler", "Brown", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Huang", "Ito", "Jansen", "Kowalski",
         "Lopez",
         "Müller", "Novak", "O'Neill", "Patel", "Rossi", "Smith", "Tanaka", "Yılmaz")  # fmt: skip
_WORDS = ("amber", "birch", "cloud", "delta", "ember", "field", "grove", "harbour", "island", "juniper", "kettle",
          "lantern",
          "meadow", "north", "orchard", "pebble", "quiet", "river", "stone", "timber")  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """SQL of one generator: `{h}` is a hash of 64 bits, `{n}` the row number from 0."""

    type: str
    sql: str


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _pick(values: tuple[str, ...], hash: str = "{h}") -> str:
    return f"({_list(values)})[1 + ({hash} % {len(values)})::BIGINT]"


def _share(hash: str = "{h}") -> str:
    """Return SQL for a number in [0, 1) with 53 bits."""
    return f"(({hash} >> 11)::DOUBLE / 9007199254740992.0)"


def _sequence(arguments: list[str]) -> _Made:
    start, step = (int(arguments[0]) if arguments else 1), (int(arguments[1]) if len(arguments) > 1 else 1)
    return _Made("BIGINT", f"({start} + {{n}} * {step})::BIGINT")


def _integer(arguments: list[str]) -> _Made:
    low, high = (int(arguments[0]), int(arguments[1])) if arguments else (0, 1000)
    _ordered(low <= high)
    return _Made("BIGINT", f"({low}::HUGEINT + ({{h}} % {high - low + 1})::HUGEINT)::BIGINT")


def _number(arguments: list[str]) -> _Made:
    low, high = (float(arguments[0]), float(arguments[1])) if arguments else (0.0, 1.0)
    _ordered(low <= high)
    digits = int(arguments[2]) if len(arguments) > 2 else None
    made = f"({low!r}::DOUBLE + {_share()} * {high - low!r}::DOUBLE)"
    return _Made("DOUBLE", made if digits is None else f"round({made}, {digits})")


def _decimal(arguments: list[str]) -> _Made:
    low, high, scale = int(arguments[0]), int(arguments[1]), int(arguments[2]) if len(arguments) > 2 else 2
    _ordered(low <= high and 0 <= scale <= 9)
    whole = f"({low * 10**scale}::HUGEINT + ({{h}} % {(high - low) * 10**scale + 1})::HUGEINT)"
    return _Made(
        f"DECIMAL(18,{scale})", f"({whole} * {f'{10**-scale:.{scale}f}'}::DECIMAL(18,{scale}))::DECIMAL(18,{scale})"
    )


def _choice(arguments: list[str]) -> _Made:
    _ordered(bool(arguments))
    return _Made("VARCHAR", _pick(tuple(arguments)))


def _name(arguments: list[str]) -> _Made:
    return _Made("VARCHAR", f"{_pick(_FIRST)} || ' ' || {_pick(_LAST, '({h} >> 20)')}")


def _email(arguments: list[str]) -> _Made:
    host = arguments[0] if arguments else "example.com"
    first, last = _pick(_WORDS), _pick(_WORDS, "({h} >> 20)")
    return _Made("VARCHAR", f"{first} || '.' || {last} || ({{h}} % 10000)::VARCHAR || {_text('@' + host)}")


def _date(arguments: list[str]) -> _Made:
    low, high = (_text(arguments[0]), _text(arguments[1])) if arguments else ("'2020-01-01'", "'2025-12-31'")
    return _Made("DATE", f"(DATE {low} + ({{h}} % (DATE {high} - DATE {low} + 1)::UBIGINT)::INTEGER)::DATE")


def _timestamp(arguments: list[str]) -> _Made:
    low, high = (_text(arguments[0]), _text(arguments[1])) if arguments else ("'2020-01-01'", "'2026-01-01'")
    seconds = f"(epoch(TIMESTAMP {high}) - epoch(TIMESTAMP {low}))::UBIGINT"
    return _Made("TIMESTAMP", f"(TIMESTAMP {low} + to_seconds(({{h}} % ({seconds} + 1))::BIGINT))")


def _words(arguments: list[str]) -> _Made:
    count = int(arguments[0]) if arguments else 5
    _ordered(1 <= count <= 1000)
    words = f"list_transform(range({count}), lambda w: {_pick(_WORDS, '(hash({h}, w))')})"
    return _Made("VARCHAR", f"array_to_string({words}, ' ')")


def _boolean(arguments: list[str]) -> _Made:
    share = float(arguments[0]) if arguments else 0.5
    _ordered(0 <= share <= 1)
    return _Made("BOOLEAN", f"({_share()} < {share!r})")


def _uuid(arguments: list[str]) -> _Made:
    hexes = "md5({h}::VARCHAR)"
    parts = [f"substr({hexes}, 1, 8)", f"substr({hexes}, 9, 4)", f"'4' || substr({hexes}, 14, 3)",
             f"'a' || substr({hexes}, 18, 3)", f"substr({hexes}, 21, 12)"]  # fmt: skip
    return _Made("UUID", f"CAST({' || chr(45) || '.join(parts)} AS UUID)")


def _constant(arguments: list[str]) -> _Made:
    return _Made("VARCHAR", _text(arguments[0] if arguments else ""))


GENERATORS: Mapping[str, Callable[[list[str]], _Made]] = {
    "sequence": _sequence, "integer": _integer, "number": _number, "decimal": _decimal, "choice": _choice,
    "name": _name,
    "email": _email, "date": _date, "timestamp": _timestamp, "text": _words, "boolean": _boolean, "uuid": _uuid,
    "constant": _constant,
}  # fmt: skip


def _ordered(holds: bool) -> None:
    if not holds:
        raise ValueError("the limits are the wrong way round or out of range")


def parse(column: str, text: str) -> _Made:
    """Return the SQL of a generator such as `integer(1,100)` or `choice(a,b) null 0.1`."""
    match = re.fullmatch(r"\s*([a-z]+)\s*(?:\((.*)\))?\s*(?:null\s+([0-9.]+))?\s*", text, re.S)
    known = "Known are: " + ", ".join(GENERATORS)
    where = {"field": f"columns.{column}"}
    if match is None or match.group(1) not in GENERATORS:
        raise AuthoringError("RNL-GENERATE-001", f"column {column}: there is no generator `{text}`", known, where)
    name, inner, nulls = match.groups()
    arguments = [part.strip() for part in inner.split(",")] if inner and inner.strip() else []
    try:
        made = GENERATORS[name](arguments)
        share = float(nulls) if nulls else 0.0
        _ordered(0 <= share <= 1)
    except (ValueError, IndexError) as error:
        what = f"column {column}: `{text}` cannot be used: {error}"
        hint = "Such as integer(1,100), number(0,1,2), choice(a,b,c), date(2024-01-01,2024-12-31), boolean(0.1)."
        raise AuthoringError("RNL-GENERATE-002", what, hint, where) from error
    if not share:
        return made
    return _Made(made.type, f"CASE WHEN {_share('hash({h}, 7)')} >= {share!r} THEN {made.sql} END")


class GenerateSource(Source):
    """Gives rows that are made up, always the same ones for one seed."""

    kind = "source.generate"
    title = "Generator"
    summary = "Made-up rows, the same ones for the same seed"
    icon = "dice"
    synonyms = ("fake", "mock", "random", "sample data", "test data", "synthetic")

    class Config(NodeConfig):
        """How many rows, and what stands in their columns."""

        rows: int = field(1000, title="Rows", ge=0, le=10_000_000_000, unit="rows")
        seed: int = field(1, title="Seed", help="Another seed gives other rows.")
        columns: dict[str, str] = field(
            title="Columns", min_length=1, widget="mapping",
            help="Name: generator, such as sequence, integer(1,100), number(0,1), choice(a,b), name, email, "
                 "date(2024-01-01,2025-01-01), timestamp, text(5), boolean(0.1), uuid; `null 0.1` behind it for NULLs.",
        )  # fmt: skip

    examples = (
        Example("Three numbered rows", {"rows": 3, "columns": {"id": "sequence"}}, {},
                {"output": [{"id": 1}, {"id": 2}, {"id": 3}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Count rows and columns."""
        return f"{config.rows:,} rows of {', '.join(config.columns)}"

    def identity(self, folder: str) -> str:
        """Change with the config."""
        return hashlib.sha256(self.config.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()

    def _made(self) -> dict[str, _Made]:
        return {name: parse(name, text) for name, text in self.config.columns.items()}

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Read the types off the generators and try one row."""
        import duckdb

        made = self._made()
        try:
            connection.execute(f"SELECT * FROM {self._sql(made, 1)}").fetchall()
        except duckdb.Error as error:
            what = f"{self.id}: {str(error).splitlines()[0]}"
            raise AuthoringError(
                "RNL-GENERATE-002", what, "Look at the limits of the generators.", {"field": "columns"}
            ) from error
        types = {name: one.type for name, one in made.items()}
        return Probe(types, {"exact_rows": True}, self.identity(folder))

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return the query that makes the wanted columns."""
        made = self._made()
        return Opened(self._sql({name: made[name] for name in columns}, self.config.rows), self.config.rows)

    def _sql(self, made: Mapping[str, _Made], rows: int) -> str:
        parts = []
        for name, one in made.items():
            key = int.from_bytes(
                hashlib.sha256(f"{self.config.seed}:{name}".encode("utf-8", "surrogatepass")).digest()[:8], "big"
            )
            value = one.sql.replace("{h}", f"hash(n, {key}::UBIGINT)").replace("{n}", "n")
            parts.append(f'{value} AS "{name.replace(chr(34), chr(34) * 2)}"')
        return f"(SELECT {', '.join(parts) or '1'} FROM (SELECT range AS n FROM range({rows})))"
