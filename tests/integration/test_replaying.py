"""Replay of dead letters: chosen ones, once, exactly; what fails again stays open with its new reason."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from building import document, entry, fresh_project, node, rows, run_nodes
from runnel.app.project import Project
from runnel.app.recovering import recover
from runnel.app.replaying import replay
from runnel.app.runs import RunReport
from runnel.errors import AuthoringError
from runnel.store.ownership import myself
from runnel.store.tables import dead_letters

TYPES = {"id": "BIGINT", "t": "VARCHAR"}
GIVEN = [{"id": n, "t": {2: "two", 4: "four", 5: "five"}.get(n, str(n))} for n in range(1, 7)]
SINK = node("sink.dataset", "typed", name="set", mode="append")
GONE = {**myself(), "pid": 2**22 + 1}


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


def strict(**more: Any) -> dict[str, Any]:
    """Three of six rows are refused by `typed`."""
    return {"rows": rows(*GIVEN, **TYPES), "typed": node("table.derive", "rows", columns={"n": "to_integer(t)"}), "out": SINK, **more}


def corrected(words: Mapping[str, int] = {"two": 2, "four": 4, "five": 5}) -> dict[str, Any]:
    cases = " ".join(f"WHEN t = '{word}' THEN {number}" for word, number in words.items())
    return strict(typed=node("table.derive", "rows", columns={"n": f"CASE {cases} ELSE to_integer(t) END"}))


def replayed(project: Project, nodes: dict[str, Any], run_id: str, at: str = "typed", numbers: list[int] | None = None, **rest: Any) -> RunReport:
    report, _ = replay(project, document(project, nodes, **rest), run_id, at, numbers)
    return report


def dataset(project: Project, name: str = "set", order: str = "id") -> list[tuple[Any, ...]]:
    query, _, _, _ = project.store.datasets.query(name)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY {order}").fetchall()


def states(project: Project, run_id: str) -> list[str]:
    return [letter["state"] for letter in project.store.letters.show(run_id)]


def open_count(project: Project) -> dict[str, int]:
    return {item["run_id"]: item["open"] for item in project.store.letters.list() if item["open"]}


# ------------------------------------------------------------------------------------------------------ which and once
def test_replayed_rows_join_the_others_and_the_ledger_of_the_replay_is_balanced(project):
    first = run_nodes(project, strict())
    assert first.result.letters == {"typed": 3}
    report = replayed(project, corrected(), first.run_id)
    assert report.status == "success" and report.ledger.balanced
    assert (entry(report, "typed")["in"], entry(report, "typed")["out"], entry(report, "out")["absorbed"]) == (3, 3, 3)
    assert dataset(project) == [(1, "1", 1), (2, "two", 2), (3, "3", 3), (4, "four", 4), (5, "five", 5), (6, "6", 6)]
    assert states(project, first.run_id) == ["replayed"] * 3 and open_count(project) == {}
    settled = project.store.engine.connect().execute(dead_letters.select()).mappings().one()["settled"]
    assert [value["reason"] for value in settled.values()] == [f"run {report.run_id}"]


def test_only_the_chosen_letters_are_replayed(project):
    first = run_nodes(project, strict())
    letters = {letter["row"]["id"]: letter["number"] for letter in project.store.letters.show(first.run_id)}
    replayed(project, corrected(), first.run_id, numbers=[letters[4]])
    assert [row[0] for row in dataset(project)] == [1, 3, 4, 6]
    assert sorted(states(project, first.run_id)) == ["open", "open", "replayed"] and open_count(project) == {first.run_id: 2}
    replayed(project, corrected(), first.run_id, numbers=[letters[2], letters[4]])
    assert [row[0] for row in dataset(project)] == [1, 2, 3, 4, 6]
    replayed(project, corrected(), first.run_id)
    assert [row[0] for row in dataset(project)] == [1, 2, 3, 4, 5, 6]


def test_a_second_replay_runs_nothing(project):
    first = run_nodes(project, strict())
    replayed(project, corrected(), first.run_id)
    before = len(project.store.runs.list())
    for numbers in (None, [0]):
        with pytest.raises(AuthoringError, match="no open stored dead letters"):
            replayed(project, corrected(), first.run_id, numbers=numbers)
    assert len(dataset(project)) == 6 and len(project.store.runs.list()) == before


def test_two_replays_at_once_take_each_letter_once(project):
    first = run_nodes(project, strict())
    made = document(project, corrected())
    said: list[str] = []

    def work() -> None:
        try:
            replay(project, made, first.run_id, "typed")
        except AuthoringError as error:
            said.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row[0] for row in dataset(project)] == [1, 2, 3, 4, 5, 6]
    assert said == ["RNL-LETTER-002"] * 2 and open_count(project) == {}


def test_unknown_and_discarded_letters_are_not_replayed(project):
    first = run_nodes(project, strict())
    with pytest.raises(AuthoringError, match="no dead letter 99"):
        replayed(project, corrected(), first.run_id, numbers=[0, 99])
    project.store.letters.settle(first.run_id, "typed", "discarded", "test data")
    with pytest.raises(AuthoringError, match="no open"):
        replayed(project, corrected(), first.run_id)
    with pytest.raises(AuthoringError, match="there is no node `nothing`"):
        replayed(project, corrected(), first.run_id, "nothing")
    assert [row[0] for row in dataset(project)] == [1, 3, 6]


# --------------------------------------------------------------------------------------------------- what fails again
def test_a_letter_that_is_refused_again_stays_open_with_the_new_reason(project):
    first = run_nodes(project, strict())
    fixed = corrected({"two": 2})
    fixed["typed"]["config"]["columns"]["n"] = "to_integer(CASE WHEN t = 'two' THEN '2' ELSE t || '!' END)"
    second = replayed(project, fixed, first.run_id)
    assert second.status == "warning" and second.ledger.balanced and second.result.letters == {"typed": 2}
    assert entry(second, "typed")["in"] == entry(second, "typed")["passed"] + entry(second, "typed")["dead_lettered"] == 3
    assert open_count(project) == {second.run_id: 2}
    assert all("!" in letter["reason"] for letter in project.store.letters.show(second.run_id))
    third = replayed(project, corrected(), second.run_id)
    assert third.status == "success" and open_count(project) == {}
    assert [row[0] for row in dataset(project)] == [1, 2, 3, 4, 5, 6]


def test_after_a_replay_that_failed_the_letters_are_open_and_nothing_was_written(project):
    first = run_nodes(project, strict())
    broken = corrected()
    broken["typed"]["config"]["columns"]["n"] = "to_integer(t || '?')"
    broken["typed"]["config"]["on_error"] = "fail"
    assert replayed(project, broken, first.run_id).status == "failed"
    assert states(project, first.run_id) == ["open"] * 3 and open_count(project) == {first.run_id: 3}
    assert [row[0] for row in dataset(project)] == [1, 3, 6]
    assert replayed(project, corrected(), first.run_id).status == "success" and len(dataset(project)) == 6


def test_an_invalid_pipeline_claims_nothing(project):
    first = run_nodes(project, strict())
    broken = strict(typed=node("table.derive", "rows", columns={"n": "nothing + 1"}))
    with pytest.raises(AuthoringError):
        replayed(project, broken, first.run_id)
    assert states(project, first.run_id) == ["open"] * 3


def claimed_by_nobody(project: Project, run_id: str) -> str:
    claim = json.dumps({"claim": "x", **GONE})
    assert project.store.letters.claim(run_id, "typed", "replaying", claim, [0, 1, 2]) == [0, 1, 2]
    return claim


def test_letters_of_a_replay_that_was_killed_are_open_again(project):
    first = run_nodes(project, strict())
    claimed_by_nobody(project, first.run_id)
    with pytest.raises(AuthoringError, match="no open"):
        replayed(project, corrected(), first.run_id)
    recover(project)
    assert states(project, first.run_id) == ["open"] * 3
    replayed(project, corrected(), first.run_id)
    assert len(dataset(project)) == 6


def test_letters_of_a_replay_that_was_killed_after_its_run_ended_well_are_replayed(project):
    first = run_nodes(project, strict())
    claim = claimed_by_nobody(project, first.run_id)
    made = project.store.runs.start("tested", "v", {}, claim)
    project.store.runs.finish(made.id, "success", None, {}, None, [])
    recover(project)
    assert states(project, first.run_id) == ["replayed"] * 3 and open_count(project) == {}


def test_a_replay_that_is_alive_keeps_its_claim(project):
    first = run_nodes(project, strict())
    claim = json.dumps({"claim": "x", **myself()})
    project.store.letters.claim(first.run_id, "typed", "replaying", claim, [0])
    recover(project)
    assert states(project, first.run_id) == ["replaying", "open", "open"]


# -------------------------------------------------------------------------------------------------------- where it enters
def test_branches_that_had_the_rows_see_nothing_of_the_replay(project):
    branches = {"all": node("sink.dataset", "rows", name="all", mode="append"), "late": node("sink.dataset", "rows", name="late", mode="append", )}
    branches["late"]["after"] = ["all"]
    first = run_nodes(project, strict(**branches))
    replayed(project, {**corrected(), **branches}, first.run_id)
    assert len(dataset(project, "all")) == len(dataset(project, "late")) == 6 and len(dataset(project)) == 6


def test_a_replay_names_the_version_of_the_pipeline_and_not_one_with_the_records(project):
    first = run_nodes(project, strict())
    report = replayed(project, corrected(), first.run_id)
    stored = project.store.versions.get(project.store.runs.get(report.run_id).version)
    assert stored == document(project, corrected()).text and "replayed" not in stored
    assert project.store.versions.pipelines()[0]["latest_version"] == project.store.runs.get(report.run_id).version


def test_a_replay_runs_with_the_parameters_of_the_run(project):
    params = {"factor": {"type": "integer", "default": 1}}
    nodes = strict(typed=node("table.derive", "rows", columns={"n": "to_integer(t) * ${params.factor}"}))
    from runnel.app.runs import RunOptions, run

    first = run(project, document(project, nodes, params=params), RunOptions({"factor": 10}))
    fixed = strict(typed=node("table.derive", "rows", columns={"n": "length(t) * ${params.factor}"}))
    replayed(project, fixed, first.run_id, params=params)
    assert {row[0]: row[2] for row in dataset(project)} == {1: 10, 3: 30, 6: 60, 2: 30, 4: 40, 5: 40}


HARD = {
    "BIGINT": "9007199254740993", "HUGEINT": "170141183460469231731687303715884105727", "DECIMAL(38,10)": "1234567890123456789012345678.0123456789",
    "DOUBLE": "0.1::DOUBLE + 0.2", "DECIMAL(18,2)": "1.10", "DATE": "DATE '2024-02-29'", "TIMESTAMP": "TIMESTAMP '2024-01-01 10:00:00.123456'",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2024-01-01 10:00:00+02'", "BOOLEAN": "true", "VARCHAR[]": "['a', NULL, 'ä\"']",
    "STRUCT(a DECIMAL(20,5), b VARCHAR)": "{'a': 123456789012345.12345, 'b': 'x'}", "UUID": "'00000000-0000-0000-0000-000000000001'::UUID",
    "TIME": "TIME '12:34:56.789'", "JSON": "'{\"a\": 1.5, \"b\": [1, null]}'::JSON", "DECIMAL(20,5)[]": "[1.10000, 99999999999999.99999]",
}  # fmt: skip


@pytest.mark.parametrize("type", HARD)
def test_every_value_of_a_replayed_row_is_what_it_was(project, type):
    file = project.root / "in.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY (SELECT ({HARD[type]})::{type} AS v, 'x' AS t UNION ALL SELECT NULL, 'y') TO '{file}' (FORMAT parquet)")
        kept = connection.execute(f"DESCRIBE SELECT v FROM '{file}'").fetchall()[0][1]
        expected = connection.execute(f"SELECT v FROM '{file}' ORDER BY v").fetchall()
    source = {"rows": node("source.file", path="in.parquet"), "out": SINK}
    first = run_nodes(project, {**source, "typed": node("table.derive", "rows", columns={"n": "to_integer(t)"})})
    assert first.result.letters == {"typed": 2}, kept
    replayed(project, {**source, "typed": node("table.derive", "rows", columns={"n": "length(t)"})}, first.run_id)
    found = [row[0] for row in dataset(project, order="v")]
    if type == "JSON":  # the same document; its spaces are not kept
        found, expected = [value and json.loads(value) for value in found], [(row[0] and json.loads(row[0]),) for row in expected]
    assert found == [row[0] for row in expected]


def test_replayed_text_is_what_it_was_whatever_is_in_it(project):
    texts = ['q"uote', "new\nline", "back\\slash", "{{7*7}} ${params.x}", "ä日本", '", "row": {"id": 9}, "reason": "r"', "'; --", ""]
    lines = [json.dumps({"id": n, "t": text}) for n, text in enumerate(texts)]
    (project.root / "in.ndjson").write_text("\n".join(lines))
    given = node("source.file", path="in.ndjson")
    first = run_nodes(project, strict(rows=given))
    assert first.result.letters == {"typed": len(texts)}
    replayed(project, strict(rows=given, typed=node("table.derive", "rows", columns={"n": "length(t)"})), first.run_id)
    assert [row[1] for row in dataset(project)] == texts


# --------------------------------------------------------------------------------------------------------------- sources
def file_nodes(path: str, **config: Any) -> dict[str, Any]:
    return {"file": node("source.file", path=path, **config), "typed": node("table.derive", "file", columns={"u": "upper(n)" if "columns" not in config else "n"}), "out": SINK}


FILES: dict[str, tuple[bytes, dict[str, Any], dict[str, Any]]] = {
    "plain.csv": (b"id,n\n1,10\n2,ten\n3,30\n", {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "other.csv": (b'id;n;note\n1;10;"a\nb"\n2;ten;"q;""z"\n3;30;y\n', {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "names.csv": (b'"a ;id";n\n1;10\n2;ten\n3;30\n', {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "wide.csv": ("id,n\n1,10\n2,zehn ä\n3,30\n".encode("utf-16"), {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "east.csv": ("id,n\n1,10\n2,漢字\n3,30\n".encode("utf-16"), {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "packed.csv.gz": (gzip.compress(b"id,n\r\n1,10\r\n2,ten\r\n3,30\r\n"), {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "lines.ndjson": (b'{"id":1,"n":1}\n{"id":2,"n":"x"}\n{"id":4,"n":4}\n', {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "array.json": (b'[{"id":1,"n":1},\n{"id":2,\n  "n":"x"},{"id":4,"n":4}]', {"n": "BIGINT"}, {"n": "VARCHAR"}),
    "tree.xml": (b"<r><record><id>1</id><n>1</n></record><record><id>2</id><n>x</n></record></r>", {"n": "BIGINT"}, {"n": "VARCHAR"}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_record_that_a_source_refused_is_read_again_as_the_file_was(project, name):
    data, before, after = FILES[name]
    (project.root / name).write_bytes(data)
    sink = {"out": node("sink.dataset", "file", name="set", mode="append")}
    strict_, fixed = ({"file": node("source.file", path=name, columns=columns), **sink} for columns in (before, after))
    whole = run_nodes(project, {**fixed, "out": node("sink.dataset", "file", name="whole")}, name="whole")
    assert whole.result.letters == {} and whole.result.error is None
    first = run_nodes(project, {**strict_, "out": node("sink.dataset", "file", name="first")}, name="first")
    assert first.result.letters == {"file": 1}
    report = replayed(project, fixed, first.run_id, "file")
    assert report.status == "success" and report.ledger.balanced and open_count(project) == {}
    (row,) = dataset(project, order="1")
    assert row in dataset(project, "whole", "1")


def test_a_record_that_cannot_be_read_stays_open_with_its_bytes(project):
    (project.root / "in.csv").write_bytes(b"id,n\n1,10\n2\n3,30,4,5\n4,40\n")
    nodes = {"file": node("source.file", path="in.csv"), "out": node("sink.dataset", "file", name="set", mode="append")}
    first = run_nodes(project, nodes)
    assert first.result.letters == {"file": 2}
    second = replayed(project, nodes, first.run_id, "file")
    assert second.result.letters == {"file": 2} and second.ledger.balanced
    raws = [[letter["raw"] for letter in project.store.letters.show(run.run_id)] for run in (first, second)]
    assert raws[0] == raws[1] and open_count(project) == {second.run_id: 2}
    assert [row[0] for row in dataset(project)] == [1, 4]


def test_letters_whose_records_were_dropped_say_so(project):
    first = run_nodes(project, strict())
    project.store.letters.drop(first.run_id)
    with pytest.raises(AuthoringError) as caught:
        replayed(project, corrected(), first.run_id)
    assert "not stored" in caught.value.hint and open_count(project) == {first.run_id: 3}




def test_the_program_replays_a_chosen_letter(project):
    import subprocess
    import sys

    (project.root / ".runnel").mkdir(exist_ok=True)
    file = project.root / "tested.runnel.yaml"
    said = []

    def call(*given: str) -> dict[str, Any]:
        done = subprocess.run([sys.executable, "-m", "runnel.cli.main", *given, "--json"], cwd=project.root, capture_output=True, check=False)
        said.append(done.stderr.decode())
        return json.loads(done.stdout)

    file.write_text(document(project, strict()).text or "")
    first = call("run", str(file))["run_id"]
    number = call("dead-letters", "show", first)["letters"][1]["number"]
    file.write_text(document(project, corrected()).text or "")
    answer = call("dead-letters", "replay", first, "typed", str(file), "--number", str(number))
    assert (answer["replayed"], answer["status"], answer["of"]) == (1, "success", first), said
    assert [letter["state"] for letter in call("dead-letters", "show", first)["letters"]] == ["open", "replayed", "open"]
