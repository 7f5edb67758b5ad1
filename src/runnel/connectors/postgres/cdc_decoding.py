"""Records of followed tables as rows: values in the types of the pipeline, beside them what was done and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.connectors.decoding.fitting import fit
from runnel.connectors.files import sql
from runnel.sdk.streaming import Decoded

OWN: Mapping[str, str] = {
    "_op": "VARCHAR", "_table": "VARCHAR", "_lsn": "VARCHAR", "_commit_time": "TIMESTAMP WITH TIME ZONE",
    "_before": "JSON", "_unchanged": "VARCHAR[]",
}  # fmt: skip
"""The columns that every change has besides those of its table."""
_TYPES: Mapping[int, str] = {
    16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 26: "BIGINT", 700: "FLOAT", 701: "DOUBLE", 1082: "DATE",
    1083: "TIME", 1114: "TIMESTAMP", 1184: "TIMESTAMP WITH TIME ZONE", 2950: "UUID", 114: "JSON", 3802: "JSON", 17: "BLOB",
}  # fmt: skip
_NUMERIC = 1700


def type_of(oid: int, modifier: int) -> str:
    """Return our type for a type of PostgreSQL; numbers without a scale, arrays and what else there is stay text."""
    if oid == _NUMERIC and modifier >= 4:
        precision, scale = ((modifier - 4) >> 16) & 0xFFFF, (modifier - 4) & 0x7FF
        if precision <= 38 and scale <= precision:
            return f"DECIMAL({precision},{scale})"
    return _TYPES.get(oid, "VARCHAR")


@dataclass(frozen=True)
class ChangeDecoder:
    """Decodes the records that the receiver wrote; `native` are the types as the tables have them."""

    columns: Mapping[str, str]
    native: Mapping[str, str]

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value` and metadata columns; a record of which a value does not fit is refused."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        count = raw.num_rows
        values = raw.column("value").cast(pa.string())
        connection.register("_changes", pa.table({"i": pa.array(range(count), pa.int64()), "line": values}))
        try:
            made = connection.sql(self._query()).to_arrow_table()
        finally:
            connection.unregister("_changes")
        others = [name for name in raw.column_names if name not in ("value", "_key", *made.column_names)]
        order = pc.sort_indices(made.column("i"))
        made = made.take(order)
        for name in others:
            made = made.append_column(name, raw.column(name))
        wrong = made.column("_wrong")
        good = pc.is_null(wrong)
        made = made.drop_columns(["i", "_wrong"])
        if pc.all(good).as_py():
            return Decoded(made)
        refused = [(number, reason) for number, reason in enumerate(wrong.to_pylist()) if reason is not None]
        return Decoded(made.filter(good), tuple(refused))

    def _query(self) -> str:
        own = {name: type for name, type in self.columns.items() if name not in OWN}
        wanted = [name for name in OWN if name in self.columns]
        structure = {
            "_op": "VARCHAR", "_table": "VARCHAR", "_lsn": "VARCHAR", "_commit_time": "BIGINT", "_before": "JSON",
            "_unchanged": ["VARCHAR"], "_key": "VARCHAR", "_refuse": "VARCHAR",
        }  # fmt: skip
        if own:
            structure["r"] = dict.fromkeys(own, "VARCHAR")
        parts: list[str] = []
        checks: list[str] = []
        for name, type in own.items():
            text = f"f.r.{sql.name(name)}"
            value, same = self._value(text, type, self.native.get(name, "VARCHAR"))
            parts.append(f"{value} AS {sql.name(name)}")
            if same is not None:
                checks.append(f"CASE WHEN {same} THEN NULL ELSE {sql.text(f'{name} is no {type}')} END")
        moment = "make_timestamptz(f._commit_time)"
        parts += [f"{moment if name == '_commit_time' else f'f.{name}'} AS {name}" for name in wanted]
        parts += ["f._key AS _key", f"{moment} AS _event_time"]
        wrong = f"nullif(concat_ws('; ', f._refuse, {', '.join(checks)}), '')" if checks else "f._refuse"
        inner = f"SELECT i, from_json(line, {sql.text(json.dumps(structure))}) AS f FROM _changes"
        return f"SELECT i, {', '.join(parts)}, {wrong} AS _wrong FROM ({inner})"

    def _value(self, text: str, type: str, native: str) -> tuple[str, str | None]:
        """Return a value in the wanted type, and the condition that nothing of it was lost."""
        if type == "VARCHAR":
            return text, None
        if type == "BLOB":
            return f"CASE WHEN starts_with({text}, '\\x') THEN from_hex(substr({text}, 3)) ELSE {text}::BLOB END", None
        if type == native or type in ("FLOAT", "DOUBLE", "BOOLEAN"):
            cast = f"try_cast({text} AS {type})"
            return cast, f"({text} IS NULL OR {cast} IS NOT NULL)"
        return fit(text, "VARCHAR", type)
