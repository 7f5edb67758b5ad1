"""G2: 2M nested JSON events, extract, filter, title case, SHA-256, e-mail check, raw dead letters, Parquet."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from benchmarks import data
from benchmarks.rounds import measure, table
from runnel.api import Pipeline

SHAPE = '{"id":"BIGINT","user":{"name":"VARCHAR","email":"VARCHAR","address":{"city":"VARCHAR"}},"type":"VARCHAR","amount":"DOUBLE"}'


def by_hand(folder: Path, events: Path) -> None:
    connection = duckdb.connect(config={"memory_limit": "2GB", "threads": 2})
    connection.execute("SET preserve_insertion_order = false")
    lines = f"read_csv('{events}', header=false, auto_detect=false, delim='\x01', quote='', escape='', columns={{'line':'VARCHAR'}})"
    connection.execute(f"""COPY (WITH l AS (SELECT line, try({{'v': from_json_strict(line, '{SHAPE}')}}).v AS v FROM {lines})
        SELECT v.id, array_to_string(list_transform(string_split(v.user.name, ' '), lambda x: upper(x[1])||lower(x[2:])), ' ') AS name,
        sha256(v.user.email) AS mail, regexp_full_match(v.user.email, '[^@ ]+@[^@ ]+[.][a-z]+') AS mail_ok,
        v.user.address.city AS city, v.amount, CASE WHEN v IS NULL THEN line END AS raw
        FROM l WHERE v IS NULL OR v.type <> 'view') TO '{folder}/hand.parquet' (FORMAT parquet)""")


def main() -> list[str]:
    events = data.events()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".runnel").mkdir()
        made = Pipeline("g2", folder=folder)
        read = made.add("source.file", "events", path=str(events))
        kept = made.add("table.filter", "kept", from_=read, where="type <> 'view'")
        flat = made.add("table.derive", "flat", from_=kept, columns={
            "name": "title_case(user.name)", "mail": "sha256(user.email)",
            "mail_ok": "regex_full_match(user.email, '[^@ ]+@[^@ ]+[.][a-z]+')", "city": "user.address.city",
        })  # fmt: skip
        chosen = made.add(
            "table.select", "chosen", from_=flat, columns=["id", "name", "mail", "mail_ok", "city", "amount"]
        )
        made.add("sink.file", "saved", from_=chosen, path=str(folder / "runnel.parquet"))

        def run() -> None:
            result = made.run(cache=False)
            assert result.status == "warning", result.error

        timings = measure({"DuckDB keeping raw lines": lambda: by_hand(folder, events), "Runnel": run}, rounds=3)
        hand = duckdb.sql(
            f"SELECT count(*) FILTER (WHERE raw IS NULL), count(raw) FROM '{folder}/hand.parquet'"
        ).fetchall()[0]
        ours = duckdb.sql(f"SELECT count(*) FROM '{folder}/runnel.parquet'").fetchall()[0]
        last = made.run(cache=False)
        assert hand == (ours[0], last.to_json()["dead_letters"]["events"]), (hand, ours)
    lines = ["## G2: 2M nested JSON events (390 MB) with raw dead letters", ""]
    lines += ["Command: `make bench NAME=g2_events`. Rows and dead letters agree.", ""]
    return lines + table(timings, "DuckDB keeping raw lines")
