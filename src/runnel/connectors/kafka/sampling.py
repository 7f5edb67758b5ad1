"""A look into topics: their first records, the columns that they have, and the rows that they give."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from runnel.connectors.files.structure import merge, type_text
from runnel.sdk.streaming import METADATA, Probe, StreamContext

RECORDS = 1000
SECONDS = 4.0
_MOST_BYTES = 8 * 1024**2


def sample(source: Any, context: StreamContext) -> Any:
    """Return the first records of the topics as one raw table; reads as the stream would at its first start.

    Where the config starts at the end, the sample begins at the first record that is kept.
    """
    import dataclasses

    import pyarrow as pa

    reader = source.reader(context, None)
    reader._wanted = dataclasses.replace(source.wanted(), start="earliest")
    found: list[Any] = []
    rows, end = 0, time.monotonic() + SECONDS
    try:
        partitions = list(reader.partitions())
        reader.open(dict.fromkeys(partitions))
        ended: set[str] = set()
        while rows < RECORDS and len(ended) < len(partitions) and time.monotonic() < end:
            for one in reader.poll(_MOST_BYTES, RECORDS - rows, 0.2):
                (ended.add if one.at_end else ended.discard)(one.partition)
                if one.table.num_rows:
                    rows += one.table.num_rows
                    found.append(one.table.append_column("_partition", pa.array([one.partition] * one.table.num_rows)))
    finally:
        reader.close()
    if not found:
        from runnel.connectors.kafka.fetching import table_of

        return table_of([]).append_column("_partition", pa.array([], pa.string()))
    return pa.concat_tables(found)


def columns_in(connection: Any, raw: Any) -> dict[str, str]:
    """Return the columns of records of JSON: the merged structure of those that are objects."""
    import pyarrow as pa

    from runnel.connectors.decoding.records import lines, texts

    values = raw.column("value").drop_null()
    found, numbers, _ = texts(values, pa.array(range(len(values)), pa.int64()))
    found, _ = lines(found, numbers)
    connection.register("_sample", pa.table({"line": found}))
    query = "SELECT DISTINCT json_structure(line) FROM _sample WHERE json_valid(line) AND json_type(line) = 'OBJECT'"
    tree = merge(json.loads(row[0]) for row in sorted(connection.execute(query).fetchall())).tree
    if not isinstance(tree, dict):
        return {}
    names = list(dict.fromkeys(key for text in found.to_pylist()[:50] if (known := _object(text)) for key in known))
    ordered = {name: tree[name] for name in [*(n for n in names if n in tree), *(n for n in tree if n not in names)]}
    return {name: _type(connection, part) for name, part in ordered.items()}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _type(connection: Any, tree: Any) -> str:
    type = type_text(tree) if tree != "NULL" else "VARCHAR"
    return connection.execute(f"SELECT typeof(CAST(NULL AS {type}))").fetchall()[0][0]


def sampled_rows(
    source: Any, context: StreamContext, connection: Any, probe: Probe, columns: Mapping[str, str]
) -> tuple[Any, list[tuple[bytes, str, Mapping[str, Any]]]]:
    """Return the rows of a sample with the columns that are asked for, and what was refused."""
    return rows_of(source, sample(source, context), connection, probe, columns)


def rows_of(
    source: Any, raw: Any, connection: Any, probe: Probe, columns: Mapping[str, str]
) -> tuple[Any, list[tuple[bytes, str, Mapping[str, Any]]]]:
    """Return the rows of raw records with the columns that are asked for, and what was refused."""
    import pyarrow as pa

    own = {name: type for name, type in columns.items() if name not in METADATA}
    decoded = source.decoder(probe, own).decode(connection, raw)
    rows = decoded.rows
    rows = rows.append_column("_source", pa.array([source.id] * rows.num_rows, pa.string()))
    rows = rows.append_column("_watermark", pa.nulls(rows.num_rows, pa.timestamp("us", "UTC")))
    timed = source.config.event_time
    if timed is None or timed not in rows.column_names:
        if "_event_time" not in rows.column_names:  # else the decoder knows it
            rows = rows.append_column("_event_time", rows.column("_ingest_time"))
    else:
        rows = rows.drop_columns(["_event_time"]) if "_event_time" in rows.column_names else rows
        rows = rows.append_column("_event_time", moments(rows.column(timed), source.config.event_time_unit))
    values = raw.column("value")
    refused = [(values[number].as_py() or b"", reason, _place(raw, number)) for number, reason in decoded.refused]
    return rows.select(list(columns)), refused


def moments(values: Any, unit: str) -> Any:
    """Return event times as moments; numbers are since 1970 in a unit."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    stamp = pa.timestamp("us", "UTC")
    if pa.types.is_integer(values.type):
        factor = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}[unit]
        return pc.multiply(values.cast(pa.int64()), factor).cast(stamp)
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        known = values.cast(pa.timestamp("us", getattr(values.type, "tz", None)))
        return known.cast(stamp) if known.type.tz else pc.assume_timezone(known, "UTC")
    return pa.nulls(len(values), stamp)


def _place(raw: Any, number: int) -> Mapping[str, Any]:
    return {"partition": raw.column("_partition")[number].as_py(), "position": raw.column("_position")[number].as_py()}
