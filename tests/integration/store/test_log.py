"""The durable log: what is acknowledged is read in order, once, by any process, from any record on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from building import fresh_folder
from integration.store.logs import everything, opened, put
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.log import LogPosition
from runnel.store.log.durable import DurableLog
from runnel.store.log.framing import Framing
from runnel.store.log.keys import body_digest, headers_with_keys, key_digest
from runnel.store.log.layout import segments
from runnel.store.log.outcomes import LogFullError, LogOptions
from runnel.store.log.reading import SegmentLogReader

READ = """
import sys; from pathlib import Path; from runnel.store.log.reading import SegmentLogReader
reader = SegmentLogReader(Path(sys.argv[1])); found = reader.read(reader.begin(), 1 << 30)
print(found.table["value"].to_pylist(), found.next)
"""


@pytest.fixture
def folder():
    with fresh_folder() as made:
        yield made / "log"


def test_records_are_read_in_the_order_of_their_numbers(folder):
    with opened(folder) as log:
        receipts = [put(log, *range(start, start + 3)) for start in range(0, 30, 3)]
    assert [receipt.sequence for receipt in receipts] == list(range(0, 30, 3))
    assert everything(folder) == {number: str(number).encode() for number in range(30)}


@pytest.mark.parametrize("cut", range(0, 24))
def test_reading_may_begin_at_any_record(folder, cut):
    with opened(folder) as log:
        log.append(b"0\n1\n2", 3, Framing.LINES)
        log.append(b"[3, 4,\n 5]", 3, Framing.JSON)
        log.append(b"a\n6\n7\n8\n", 3, Framing.CSV)
        put(log, *range(9, 24))
    expected = {number: str(number).encode() for number in range(cut, 24)}
    assert everything(folder, start=LogPosition(1, cut)) == expected
    assert everything(folder, 1, LogPosition(1, cut)) == expected


def test_a_record_carries_when_how_and_with_what_it_came(folder):
    with opened(folder) as log:
        log.append(b"a,b\n1,2\n", 1, Framing.CSV, {"webhook_id": "w1"}).result(5)
        log.append(b"\0\xff\n", 1, Framing.BYTES).result(5)
    reader = SegmentLogReader(folder)
    table = reader.read(reader.begin(), 1 << 20).table
    assert table["format"].to_pylist() == ["csv", "bytes"]
    assert table["value"].to_pylist() == [b"1,2", b"\0\xff\n"]
    assert table["header"].to_pylist() == [b"a,b", None]
    assert [value and json.loads(value) for value in table["headers"].to_pylist()] == [{"webhook_id": "w1"}, None]
    assert all(moment.utcoffset().total_seconds() == 0 for moment in table["ingest_time"].to_pylist())


def test_another_process_reads_what_is_synced_while_the_log_is_written(folder):
    with opened(folder) as log:
        put(log, "a", "b")
        done = subprocess.run([sys.executable, "-c", READ, str(folder)], capture_output=True, check=True, timeout=60)
        assert done.stdout.decode().strip() == "[b'a', b'b'] 1-2"


def test_nothing_is_readable_before_it_is_synced(folder):
    with opened(folder, group_seconds=30.0) as log:
        future = log.append(b"x\n", 1, Framing.LINES)
        assert not future.done()
        assert everything(folder) == {}
        log.flush()
        assert future.result(1).sequence == 0
        assert everything(folder) == {0: b"x"}


def test_a_second_writer_is_refused(folder):
    with opened(folder), pytest.raises(ConnectorError, match="has a writer already"):
        DurableLog(folder)


def test_numbers_go_on_after_a_restart_under_a_higher_generation(folder):
    with opened(folder) as log:
        assert put(log, "a").position == "1-0"
    with opened(folder) as log:
        assert put(log, "b").position == "2-1"
    assert everything(folder) == {0: b"a", 1: b"b"}


def test_a_restart_without_records_makes_no_segment(folder):
    for _ in range(3):
        with opened(folder):
            pass
    assert segments(folder) == []


def test_many_threads_append_and_each_request_stays_together(folder):
    with opened(folder, segment_bytes=70_000) as log:

        def work(name):
            for number in range(100):
                put(log, *(f"{name} {number} {part}" for part in range(5)))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    values = list(everything(folder).values())
    assert len(values) == 4000
    for place in range(0, 4000, 5):
        name, number, _ = values[place].split()
        assert values[place : place + 5] == [b"%s %s %d" % (name, number, part) for part in range(5)]


def test_segments_are_rolled_and_read_over(folder):
    with opened(folder, segment_bytes=65_536) as log:
        for number in range(20):
            put(log, f"{number} {os.urandom(15_000).hex()}")
    assert len(segments(folder)) > 3
    assert [value.split()[0] for value in everything(folder).values()] == [str(number).encode() for number in range(20)]


def filled(log: DurableLog, number: int) -> None:
    put(log, f"{number} {os.urandom(10_000).hex()}")


def test_retention_never_passes_any_reader(folder):
    with opened(folder, segment_bytes=65_536) as log:
        for number in range(40):
            filled(log, number)
        reader = SegmentLogReader(folder)
        reader.release("slow", LogPosition(1, 10))
        reader.release("fast", LogPosition(1, 39))
        assert reader.begin().sequence <= 10
        assert sorted(everything(folder))[-1] == 39
        kept = reader.begin()
        reader.release("slow", LogPosition(1, 2))  # a reader never goes back
        reader.release("slow", LogPosition(1, 30))
        assert kept.sequence < reader.begin().sequence <= 30
        reader.forget("slow")
        reader.release("fast", LogPosition(1, 40))
        assert len(segments(folder)) == 1
        filled(log, 40)
        assert sorted(everything(folder))[-1] == 40


def test_without_a_reader_nothing_is_removed(folder):
    with opened(folder, segment_bytes=65_536) as log:
        for number in range(20):
            filled(log, number)
    assert list(everything(folder)) == list(range(20))


def test_a_full_log_refuses_until_its_readers_release(folder):
    with opened(folder, max_bytes=300_000) as log:
        with pytest.raises(LogFullError) as refused:
            for number in range(100):
                filled(log, number)
        assert refused.value.http_status == 429 and refused.value.retry_after >= 1
        held = everything(folder)
        assert list(held) == list(range(len(held))) and len(held) >= 10
        reader = SegmentLogReader(folder)
        reader.release("stream", reader.end())

        def takes():
            try:
                return put(log, "again")
            except LogFullError:
                return None

        from running import until

        assert until(takes, 10).sequence == len(held)
        assert everything(folder, start=LogPosition(1, len(held))) == {len(held): b"again"}


def test_a_position_that_was_never_given_out_is_refused(folder):
    with opened(folder) as log:
        put(log, "a")
        reader = SegmentLogReader(folder)
        with pytest.raises(ConnectorError, match="ends at record 1, and is to be read from 7"):
            reader.read(LogPosition(1, 7), 1)


def test_removed_records_are_a_gap_for_who_wants_them(folder):
    with opened(folder, segment_bytes=65_536) as log:
        for number in range(20):
            filled(log, number)
        reader = SegmentLogReader(folder)
        reader.release("stream", LogPosition(1, 20))
        gap = reader.read(LogPosition(1, 3), 1).gaps[0]
        assert (gap.first, gap.end) == (3, reader.begin().sequence)


def test_a_position_of_a_generation_that_was_cut_below_it_is_a_gap(folder):
    with opened(folder) as log:
        put(log, "a")
    with opened(folder) as log:
        put(log, "b", "c")
        found = SegmentLogReader(folder).read(LogPosition(1, 2), 1)
    assert "generation 1 was cut" in found.gaps[0].reason
    assert found.table["value"].to_pylist() == [b"b", b"c"]


def test_a_name_of_a_reader_that_leads_elsewhere_is_refused(folder):
    with opened(folder) as log:
        put(log, "a")
        for name in ("../x", "a/b", "", ".hidden", "x" * 200):
            with pytest.raises(AuthoringError):
                SegmentLogReader(folder).release(name, LogPosition(1, 1))


def keyed(log: DurableLog, key: str, body: bytes = b"{}\n") -> None:
    digest = key_digest("key", "me", key)
    log.append(body, 1, Framing.LINES, headers_with_keys({}, [digest], body_digest(body))).result(5)


def test_keys_are_known_again_after_a_restart(folder):
    with opened(folder) as log:
        for number in range(5):
            keyed(log, f"k{number}")
    with opened(folder) as log:
        now = log._clock() // 1000
        found = [log.keys.get(key_digest("key", "me", f"k{number}"), now) for number in range(5)]
        assert [answer and (answer.generation, answer.sequence, answer.records) for answer in found] == [
            (1, number, 1) for number in range(5)
        ]
        assert log.keys.get(key_digest("key", "you", "k0"), now) is None


def test_keys_outlive_the_segments_that_they_came_with(folder):
    with opened(folder, segment_bytes=65_536) as log:
        keyed(log, "early")
        for number in range(20):
            filled(log, number)
        SegmentLogReader(folder).release("stream", LogPosition(1, 21))
        assert SegmentLogReader(folder).begin().sequence > 0
    with opened(folder) as log:
        assert log.keys.get(key_digest("key", "me", "early"), log._clock() // 1000).sequence == 0


def test_keys_are_forgotten_after_their_window_and_above_their_number(folder):
    moment = [1_000_000_000_000_000_000]
    options = LogOptions(key_seconds=60, most_keys=3)
    log = DurableLog(folder, options, lambda: moment[0])
    for number in range(5):
        keyed(log, f"k{number}")
    now = moment[0] // 1000
    known = [log.keys.get(key_digest("key", "me", f"k{number}"), now) is not None for number in range(5)]
    assert known == [False, False, True, True, True]
    assert log.keys.get(key_digest("key", "me", "k4"), now + 61_000_000) is None
    log.close()
    moment[0] += 61 * 10**9
    log = DurableLog(folder, options, lambda: moment[0])
    assert len(log.keys) == 0
    log.close()


def test_files_of_a_log_are_for_their_owner_alone(folder):
    with opened(folder) as log:
        put(log, "secret")
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in Path(folder).glob("*.log"))


def test_removing_writing_and_reading_at_once_disturb_nobody(folder):
    """One writer appends, two readers release what they have read; every record is read once by each."""
    total = 1200
    for name in ("a", "b"):
        folder.mkdir(exist_ok=True)
        SegmentLogReader(folder).release(name, LogPosition(0, 0))

    def read(name: str) -> list[int]:
        reader, place, found = SegmentLogReader(folder), LogPosition(0, 0), []
        while len(found) < total:
            part = reader.read(place, 20_000)
            assert not part.gaps
            found += [int(value.split()[0]) for value in part.table["value"].to_pylist()]
            place = part.next
            reader.release(name, place)
        reader.close()
        return found

    with opened(folder, segment_bytes=65_536) as log, ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read, name) for name in ("a", "b")]
        for start in range(0, total, 10):
            bodies = [f"{number} {os.urandom(1000).hex()}".encode() for number in range(start, start + 10)]
            futures = [log.append(body, 1, Framing.BYTES) for body in bodies]
            assert [future.result(30).sequence for future in futures] == list(range(start, start + 10))
        assert [reader.result(60) for reader in readers] == [list(range(total))] * 2
        assert segments(folder)[0].first > total // 2, "segments must have been removed meanwhile"
