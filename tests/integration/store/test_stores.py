"""The metadata store on SQLite and on a real PostgreSQL: runs, versions, letters, datasets, secrets."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from building import fresh_folder
from integration.store.stores import TYPES, fresh_database, parquet, publish, read
from runnel.errors import AuthoringError
from runnel.model.loading import from_mapping
from runnel.store import Store
from runnel.store.ownership import myself

OPEN = """
import sys, time
from pathlib import Path
from runnel.store import Store
time.sleep(max(0, float(sys.argv[3]) - time.time()))
Store.open(sys.argv[1], Path(sys.argv[2])).close()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_programs_that_open_a_fresh_store_at_the_same_moment_all_get_it(kind, request):
    with fresh_folder() as home:
        url = f"sqlite:///{home / 'runnel.db'}" if kind == "sqlite" else fresh_database(request.getfixturevalue("server"))
        together = str(time.time() + 1.5)
        every = [
            subprocess.Popen([sys.executable, "-c", OPEN, url, str(home), together], stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        for process in every:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors.decode()


def test_what_the_last_good_run_kept_is_found_past_runs_that_kept_nothing(store):
    def ended(status: str, result: dict[str, Any], pipeline: str = "kept") -> None:
        store.runs.finish(store.runs.start(pipeline, "v", {}).id, status, None, result, None, [])

    assert store.runs.last_result("kept", "sources", ("success",)) is None
    ended("success", {"sources": {"a": {"n": 1}}})
    ended("success", {"sources": {"a": {"n": 2}}})
    ended("success", {"rows": 1})
    ended("failed", {"sources": {"a": {"n": 3}}})
    ended("success", {"sources": {"a": {"n": 4}}}, "other")
    assert store.runs.last_result("kept", "sources", ("success", "warning")) == {"a": {"n": 2}}


@pytest.mark.row("M-001-25", "M-002-29", "M-002-30", "M-002-31", met_by="store/runs.py")
def test_a_run_is_durable_from_its_start_to_its_end(store):
    run = store.runs.start("p", "v", {"a": "1"})
    journal = store.runs.journal(run.id)
    journal.task_started("sums", ("rows", "sums"))
    journal.task_finished("sums", "success", 0.5, {"rows": 3})
    store.runs.finish(run.id, "success", None, {"seconds": 1.0, "rows": 3}, None, [{"node": "sums", "in": 3}])
    store.runs.finish(run.id, "failed", None, {}, None, [])
    found = store.runs.get(run.id[:20])
    assert (found.status, found.seconds, found.result["rows"], dict(found.params)) == ("success", 1.0, 3, {"a": "1"})
    assert [task["status"] for task in store.runs.tasks(run.id)] == ["success"]
    task = store.runs.tasks(run.id)[0]
    assert (task["task"], task["nodes"], task["output_metadata"]) == ("sums", ["rows", "sums"], {"rows": 3})
    assert [line["level"] for line in store.runs.logs(run.id)] == ["info", "info"]
    assert found.to_json()["started_at"].endswith("Z")


def test_a_run_whose_process_is_gone_ends_at_the_next_start(store):
    alive, dead = store.runs.start("p", "v", {}), store.runs.start("p", "v", {})
    from runnel.store.tables import runs

    with store.engine.begin() as connection:
        gone = {**myself(), "pid": 2**22 + 1}
        connection.execute(runs.update().where(runs.c.id == dead.id).values(owner=gone))
    staging = store.runs.folder(dead.id) / "staging"
    staging.mkdir(parents=True)
    assert [run.id for run in store.runs.recover()] == [dead.id]
    assert (store.runs.get(dead.id).status, store.runs.get(dead.id).cause) == ("failed", "lost worker")
    assert store.runs.get(alive.id).status == "running" and not staging.exists()


def test_cancelling_is_asked_once_and_seen_by_the_run(store):
    run = store.runs.start("p", "v", {})
    assert not store.runs.cancel_requested(run.id)
    assert store.runs.request_cancel(run.id) and store.runs.cancel_requested(run.id)
    store.runs.finish(run.id, "cancelled", None, {}, None, [])
    assert not store.runs.request_cancel(run.id)


@pytest.mark.row("M-001-25", met_by="store/versions.py")
def test_a_version_is_known_by_its_text_and_immutable(store):
    pipeline, _ = from_mapping({"runnel": 1, "name": "p", "nodes": {"a": {"kind": "source.rows", "config": {"rows": []}}}})
    first = store.versions.put("p", "text one", "meaning", pipeline)
    assert store.versions.put("p", "text one", "meaning", pipeline) == first
    second = store.versions.put("p", "text two", "meaning", pipeline)
    assert first != second and store.versions.get(first) == "text one"
    assert next(item["id"] for item in store.versions.list("p")) in (first, second) and len(store.versions.list("p")) == 2
    assert store.versions.pipelines()[0]["latest_version"] == second
    with pytest.raises(AuthoringError):
        store.versions.get("nothing")


@pytest.mark.row("M-002-26", met_by="store/versions.py")
def test_a_version_keeps_its_graph_with_nodes_edges_and_positions(store):
    from runnel.store.tables import versions

    nodes = {"a": {"kind": "source.rows", "config": {"rows": [{"n": 1}]}}, "b": {"kind": "table.distinct", "from": "a"}}
    pipeline, _ = from_mapping({"runnel": 1, "name": "p", "nodes": nodes, "ui": {"nodes": {"a": [0, 0], "b": [240, 0]}}})
    id = store.versions.put("p", "text", "meaning", pipeline)
    with store.engine.connect() as connection:
        kept = connection.execute(versions.select().where(versions.c.id == id)).mappings().one()["graph_definition"]
    assert kept["nodes"] == nodes and [(edge["from"], edge["to"]) for edge in kept["edges"]] == [("a", "b")]
    assert kept["positions"] == {"a": [0, 0], "b": [240, 0]}


@pytest.mark.row("M-002-28", met_by="store/versions.py")
@pytest.mark.row("M-002-27", met_by="store/versions.py", deviation="the switch is kept and shown; schedules, which it stops, come later")
def test_a_pipeline_is_switched_off_and_tells_when_it_was_changed(store):
    def put(text: str, **rest: Any) -> dict[str, Any]:
        pipeline, _ = from_mapping({"runnel": 1, "name": "p", "nodes": {}, **rest})
        store.versions.put("p", text, text, pipeline)
        return store.versions.pipelines()[0]

    first = put("one")
    assert first["is_active"] is True and first["updated_at"] >= first["created_at"]
    same = put("one")
    assert same["updated_at"] == first["updated_at"]
    off = put("two", active=False)
    assert off["is_active"] is False and off["updated_at"] > first["updated_at"] and off["created_at"] == first["created_at"]


LATER = "stored, shown and cancelled like a running one; {} comes with schedules"


@pytest.mark.parametrize("status", [
    pytest.param("paused", marks=pytest.mark.row("M-003-204", met_by="store/runs.py", deviation=LATER.format("pausing a run"))),
    pytest.param("retrying", marks=pytest.mark.row("M-003-205", met_by="store/runs.py", deviation=LATER.format("the retry itself"))),
])  # fmt: skip
def test_a_run_that_is_paused_or_retrying_has_not_ended_and_can_be_cancelled(store, status):
    from runnel.store.tables import runs

    run, ended = store.runs.start("p", "v", {}), store.runs.start("p", "v", {})
    with store.engine.begin() as connection:
        connection.execute(runs.update().where(runs.c.id == run.id).values(status=status))
        connection.execute(runs.update().where(runs.c.id == ended.id).values(status="success"))
    assert store.runs.get(run.id).to_json()["status"] == status
    assert store.runs.request_cancel(run.id) and not store.runs.request_cancel(ended.id)
    store.runs.finish(run.id, "cancelled", None, {}, None, [])
    store.runs.finish(ended.id, "failed", None, {}, None, [])
    assert [store.runs.get(item.id).status for item in (run, ended)] == ["cancelled", "success"]


@pytest.mark.row("M-003-219", met_by="store/letters.py")
def test_dead_letters_are_counted_kept_and_settled_one_by_one(store):
    file = store.home / "worker.ndjson"
    lines = [{"node": "n", "reason": "r", "position": {"line": line}, "raw": "eA=="} for line in range(3)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"node": "torn')
    run = store.runs.start("p", "v", {})
    store.letters.add(run.id, "p", {"n": 5}, [str(file)])
    listed = store.letters.list("p")[0]
    assert (listed["count"], listed["stored"], listed["open"]) == (5, 3, 5)
    assert store.letters.settle(run.id, "n", "replayed", "tested", [0, 1]) == 2
    assert store.letters.settle(run.id, "n", "replayed", "tested", [1, 2]) == 1
    assert [item["state"] for item in store.letters.show(run.id)] == ["replayed"] * 3
    assert store.letters.settle(run.id, "n", "discarded", "the rest") == 2
    assert store.letters.list("p")[0]["open"] == 0


def test_a_dataset_is_appended_replaced_and_read_at_any_version(store):
    assert publish(store, "SELECT 1::BIGINT AS id, 'a' AS t", TYPES, "r1") == {"rows": 1, "version": 0}
    assert publish(store, "SELECT 2::BIGINT AS id, 'b' AS t", TYPES, "r2")["version"] == 1
    assert publish(store, "SELECT 9::BIGINT AS id, NULL::VARCHAR AS t", TYPES, "r3", "replace")["version"] == 2
    assert read(store) == [(9, None)]
    assert read(store, version=1) == [(1, "a"), (2, "b")]
    assert read(store, version=0) == [(1, "a")]
    with pytest.raises(AuthoringError):
        store.datasets.files("set", 7)
    assert [version["rows"] for version in store.datasets.show("set")["versions"]] == [1, 1, 1]


def test_publishing_twice_for_one_run_changes_nothing(store):
    for _ in range(3):
        made = publish(store, "SELECT 1::BIGINT AS id, 'a' AS t", TYPES, "same")
        assert (made["rows"], made["version"]) == (1, 0)
    assert read(store) == [(1, "a")]


def test_a_publication_that_was_not_recorded_is_not_written_a_second_time(store):
    """As after a kill between the commit of the table and its row in the database."""
    from runnel.store.tables import dataset_versions

    publish(store, "SELECT 0::BIGINT AS id, 'z' AS t", TYPES, "r0")
    publish(store, "SELECT 1::BIGINT AS id, 'a' AS t", TYPES, "r1")
    with store.engine.begin() as connection:
        connection.execute(dataset_versions.delete().where(dataset_versions.c.run_id == "r1"))
    assert publish(store, "SELECT 1::BIGINT AS id, 'a' AS t", TYPES, "r1")["rows"] == 1
    assert read(store) == [(0, "z"), (1, "a")]


def test_an_upsert_updates_by_key_and_refuses_a_key_twice(store):
    publish(store, "SELECT * FROM (VALUES (1::BIGINT, 'a'), (2, 'b')) AS v(id, t)", TYPES, "r1")
    made = publish(store, "SELECT * FROM (VALUES (2::BIGINT, 'c'), (3, 'd')) AS v(id, t)", TYPES, "r2", "upsert", ("id",))
    assert (made["rows"], made["inserted"], made["updated"]) == (2, 1, 1)
    assert read(store) == [(1, "a"), (2, "c"), (3, "d")]
    with pytest.raises(AuthoringError, match="2 times"):
        publish(store, "SELECT * FROM (VALUES (5::BIGINT, 'c'), (5, 'd')) AS v(id, t)", TYPES, "r3", "upsert", ("id",))
    assert read(store) == [(1, "a"), (2, "c"), (3, "d")]


def test_a_first_upsert_refuses_a_key_twice_too(store):
    with pytest.raises(AuthoringError):
        publish(store, "SELECT * FROM (VALUES (5::BIGINT, 'c'), (5, 'd')) AS v(id, t)", TYPES, "r3", "upsert", ("id",))
    assert store.datasets.list() == []


def test_new_columns_may_be_appended_and_other_types_may_not(store):
    publish(store, "SELECT 1::BIGINT AS id, 'a' AS t", TYPES, "r1")
    publish(store, "SELECT 2::BIGINT AS id, 'b' AS t, 1.5::DOUBLE AS x", {**TYPES, "x": "DOUBLE"}, "r2")
    assert read(store) == [(1, "a", None), (2, "b", 1.5)]
    with pytest.raises(AuthoringError, match="BIGINT"):
        publish(store, "SELECT 'z' AS id", {"id": "VARCHAR"}, "r3")


HARD = {
    "TIME": "TIME '12:34:56.789'", "UUID": "'00000000-0000-0000-0000-000000000001'::UUID", "UBIGINT": "18446744073709551615::UBIGINT",
    "INTERVAL": "INTERVAL 36 HOUR", "UTINYINT": "255::UTINYINT", "DECIMAL(38,10)": "1.0000000001::DECIMAL(38,10)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2024-01-01 00:00:00+00'", "TIMESTAMP": "TIMESTAMP '2024-01-01 00:00:00.123456'",
    "DATE": "DATE '0001-01-01'", "BLOB": "'\\x00\\xFF'::BLOB", "BOOLEAN": "true", "VARCHAR[]": "['a', NULL]",
    'STRUCT("a b" BIGINT, c VARCHAR[])': "{'a b': 1::BIGINT, 'c': ['x']}", "JSON": "'{\"a\": 1}'::JSON", "DOUBLE": "'nan'::DOUBLE",
}  # fmt: skip


@pytest.mark.parametrize("type", HARD)
def test_a_type_that_delta_lacks_survives(store, type):
    publish(store, f"SELECT {HARD[type]} AS v UNION ALL SELECT NULL", {"v": type}, "r1")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        expected = connection.execute(f"SELECT {HARD[type]} AS v UNION ALL SELECT NULL").fetchall()
    assert repr(read(store)) == repr(sorted(expected, key=repr))
    assert store.datasets.show("set")["columns"] == {"v": type}


def test_names_that_delta_refuses_survive(store):
    names = ["a b", "c;d", "{e}", "f=g", "h,i", "(j)", 'k"l', "ä", "line\nbreak"]
    query = "SELECT " + ", ".join(f"{n}::BIGINT AS \"{name.replace(chr(34), chr(34) * 2)}\"" for n, name in enumerate(names))
    publish(store, query, dict.fromkeys(names, "BIGINT"), "r1")
    assert list(store.datasets.show("set")["columns"]) == names
    assert read(store) == [tuple(range(len(names)))]


APPEND = """
import sys; sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
from runnel.store import Store
store = Store.open({url!r}, Path({home!r}))
for number in range(5):
    for attempt in range(20):
        try:
            store.datasets.publish("set", [{file!r}], "append", [], f"{name}-{{number}}", {{"id": "BIGINT"}})
            break
        except Exception as error:
            if not getattr(error, "retryable", False): raise
"""


def test_two_processes_append_at_once_and_nothing_is_lost(store):
    file = parquet(store.home, "SELECT 1::BIGINT AS id")
    store.datasets.publish("set", [file], "append", [], "first", {"id": "BIGINT"})
    url = store.engine.url.render_as_string(hide_password=False)
    here = Path(__file__).resolve()
    both = [
        subprocess.Popen([sys.executable, "-c", APPEND.format(tests=str(here.parents[2]), root=str(here.parents[3]), url=url,
                                                               home=str(store.home), file=file, name=name)], stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]  # fmt: skip
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()[-2000:]
    assert len(read(store)) == 11


def test_a_secret_is_kept_sealed_and_needs_its_key(store):
    store.secrets.set("warehouse", "hunter2")
    assert store.secrets.reveal("warehouse") == "hunter2"
    key = store.home / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "hunter2" not in repr(store.secrets) + repr(store.secrets.list()) + str(store.secrets.__dict__)
    store.secrets.set("warehouse", "other")
    assert store.secrets.reveal("warehouse") == "other"
    key.unlink()
    store.secrets.set("second", "x")
    with pytest.raises(AuthoringError, match="not the one in use") as caught:
        store.secrets.reveal("warehouse")
    assert "other" not in str(caught.value)
    with pytest.raises(AuthoringError):
        store.secrets.reveal("nothing")


def test_a_key_file_can_be_named_and_must_exist(tmp_path):
    import base64

    from runnel.store.secrets import SecretStore

    opened = Store.open(f"sqlite:///{tmp_path / 'runnel.db'}", tmp_path)
    named = SecretStore(opened.engine, tmp_path, {"RUNNEL_SECRET_KEY_FILE": str(tmp_path / "elsewhere")})
    with pytest.raises(AuthoringError, match="no key file"):
        named.set("a", "b")
    (tmp_path / "elsewhere").write_text(base64.b64encode(b"k" * 32).decode())
    named.set("a", "b")
    assert named.reveal("a") == "b" and not (tmp_path / "key").exists()
    opened.close()
