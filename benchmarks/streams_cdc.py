"""CDC: rows a second from PostgreSQL into the durable log: the snapshot, one transaction, and many.

    python -m benchmarks.streams_cdc [ROWS]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from tools.services import postgres

from runnel.connectors.postgres.cdc import CdcSource
from runnel.sdk.egress import EgressPolicy
from runnel.sdk.streaming import UNKNOWN_END, StreamContext
from runnel.store.log.project import ProjectLogs


def main(rows: int = 500_000) -> list[str]:
    made = [
        "## Streams: changes of PostgreSQL into the durable log", "",
        f"`make bench NAME=streams_cdc`: {rows:,} rows of four columns each, until they are durable. Asked: 60,000 a second.", "",
        "| what | rows/s |", "|---|---|",
    ]  # fmt: skip
    with postgres.running() as address:
        options = conninfo_to_dict(address)
        settings = {"host": options["host"], "port": int(options["port"]), "user": options["user"],
                    "database": options["dbname"], "tls": "disable"}
        with psycopg.connect(address, autocommit=True) as database:
            database.execute("CREATE TABLE cd (id bigint PRIMARY KEY, name text, v float8, at timestamptz DEFAULT now())")
            database.execute("INSERT INTO cd SELECT i, 'n' || i, i * 1.5 FROM generate_series(1, %s::bigint) i", [rows])
            for name, begin, size in (("snapshot", 0, 0), ("one transaction", rows, rows), ("transactions of 100", 2 * rows, 100)):
                made.append(f"| {name} | {measured(settings, database, rows, begin, size):,.0f} |")
    return made


def measured(settings: dict[str, Any], database: Any, rows: int, begin: int, size: int) -> float:
    """Rows a second until everything is durable in the log."""
    home = Path(tempfile.mkdtemp(prefix="runnel-cdc-"))
    context = StreamContext("bench", f"n{begin}", f"bench-{begin}", str(home), str(home), {"db": settings},
                            logs=ProjectLogs(home), egress=EgressPolicy(False))
    config = {"connection": "db", "tables": ["cd"], "snapshot": "never" if size else "initial", "max_bytes": 1 << 34}
    source = CdcSource(CdcSource.Config.model_validate(config), {}, "cdc")
    reader: Any = source.reader(context, None)
    try:
        began = time.perf_counter()
        reader.open(dict.fromkeys(reader.partitions()))
        if size:
            while reader.ends()["0"] >= UNKNOWN_END:
                time.sleep(0.01)
            reader.close()
            for first in range(begin + 1, begin + rows, size):
                database.execute("INSERT INTO cd SELECT i, 'n' || i, i * 1.5 FROM generate_series(%s::bigint, %s::bigint) i",
                                 [first, first + size - 1])
            reader = source.reader(context, None)
            began = time.perf_counter()
            reader.open(dict.fromkeys(reader.partitions()))
        while (end := reader.ends()["0"]) >= UNKNOWN_END or end < rows:
            time.sleep(0.01)
        took = time.perf_counter() - began
    finally:
        reader.close()
        source.forget(context)
        shutil.rmtree(home)
    return rows / took


if __name__ == "__main__":
    print("\n".join(main(*map(int, sys.argv[1:]))))
