"""A stream that outgrows its memory, and one that is flooded: the limit is named, no record is blamed, nothing is lost (R17, R18)."""

from __future__ import annotations

import time
from collections import Counter

import duckdb
import pytest
from faulting import Tally, expected_windows, finish, lines_of, record_of, seeds, size, streaming, wait, windows
from stream_lives import START, pipeline, rows_of_dataset

from building import fresh_folder
from runnel.connectors.simulate import SimulateSource

EVENTS = 700_000
GROWING = """\
runnel: 1
name: growing
settings: {{memory: {memory}}}
nodes:
  ticks:
    kind: source.simulate
    config: {{events: {events}, rate_per_second: null, start: "{start}", interval_seconds: 0.001, columns: {{id: sequence, v: "integer(1,100)"}}}}
  keyed: {{kind: table.derive, from: ticks, config: {{columns: {{name: "'a rather long key of one device in a large fleet ' || id"}}}}}}
  totals: {{kind: stream.window, from: keyed, config: {{size_seconds: 86400, group_by: [name], values: {{n: "count(*)", total: "sum(v)"}}}}}}
  counted: {{kind: table.filter, from: totals, config: {{where: "total > 99"}}}}
  saved: {{kind: sink.dataset, from: counted, config: {{name: totals}}}}
"""


def expected_keys(events: int) -> Counter[str]:
    """Return the keys whose only record is large enough, as DuckDB gives them over all events at once."""
    config = {
        "events": events, "rate_per_second": None, "start": START, "interval_seconds": 0.001,
        "columns": {"id": "sequence", "v": "integer(1,100)"},
    }  # fmt: skip
    source = SimulateSource(SimulateSource.Config.model_validate(config), {}, "ticks")
    query = source._whole(f"range({events})", ["id", "v"], source._start())
    with duckdb.connect() as connection:
        keys = f"SELECT 'a rather long key of one device in a large fleet ' || id FROM ({query}) WHERE v > 99"
        return Counter(row[0] for row in connection.execute(keys).fetchall())


@pytest.mark.parametrize("seed", seeds("1"))
def test_state_that_outgrows_the_memory_ends_the_stream_with_the_limit_and_more_memory_lets_it_go_on(seed, tally: Tally):
    """No record becomes a dead letter for it, whatever was being computed when memory was over."""
    events = EVENTS * size("FAULT_SIZE", 1)
    with fresh_folder() as folder:
        path = pipeline(folder, GROWING.format(memory="150MiB", events=events, start=START))
        with streaming(path, until_caught_up=True) as one:
            report = one.report(250)
        assert report["how"] == "failed", report
        assert report["error"]["code"] == "RNL-STREAM-018" and "150 MiB" in report["error"]["what"], report["error"]
        assert not report["letters"], report["letters"]
        tally.cases += 1
        tally.note(code=report["error"]["code"], starts=report["starts"])
        pipeline(folder, GROWING.format(memory="3GB", events=events, start=START))
        after = finish(path, 250)
        assert after["ledger"]["balanced"] and not after["letters"]
        passed = {entry["node"]: entry for entry in after["ledger"]["nodes"]}
        assert 0 < passed["ticks"]["records"] <= events, "its ledger begins with the settings that let it go on"
        found = Counter(dict(row)["name"] for row in rows_of_dataset(folder, "totals").elements())
        tally.compare(expected_keys(events), found)
    tally.clean()


@pytest.mark.parametrize("seed", seeds("1"))
def test_ten_times_as_many_records_at_once_are_all_there_soon(seed, tally: Tally):
    """A stream at its usual rate stands while more comes than in ten times as long; then it reads all that, and keeps up again."""
    from faulting import epoch_of

    burst = size("FAULT_SECONDS", 3)
    events = 5_000 * burst * 12
    with fresh_folder() as folder:
        path = pipeline(folder, windows(events, "  file: {kind: sink.file, from: totals, config: {path: out.ndjson}}\n", rate=50_000))
        with streaming(path) as one:
            wait(lambda: epoch_of(folder, "killed") > 2)
            one.process.terminate()
            assert one.report(60)["how"] == "drained"
        time.sleep(events / 50_000)  # what comes while it stands: all the rest is due then
        report = finish(path)
        tally.compare(expected_windows(events), rows_of_dataset(folder, "totals"))
        tally.compare(expected_windows(events), lines_of(folder / "out.ndjson"))
        tally.cases += 1
        assert report["ledger"]["balanced"] and record_of(folder, "killed")["status"] == "finished"
    tally.clean()


