"""Calls to a worker: results, events in order, attachments, descriptors, errors in their own class, reuse."""

import hashlib
import os
import subprocess
import sys
import threading

import pytest

from runnel.errors import ConnectorError, EngineError, InternalError, LimitError
from runnel.sandbox import Cargo, Grant, Limits, Zygote, exit_cause
from runnel.sandbox.child import Child


@pytest.fixture
def child(zygote):
    with zygote.open(Grant(), Limits(timeout_seconds=20)) as opened:
        yield opened


def test_a_payload_comes_back_unchanged(child):
    payload = {
        "text": "ä\u0000\U0001f600",
        "odd": "\udcff",
        "big": 2**200,
        "deep": [[{"a": None}]],
        "n": -0.0,
        "s": "x" * 1_000_000,
    }
    assert child.call("sandbox_probes:echo", payload)["payload"] == payload


def test_events_arrive_in_order_before_the_result(child):
    seen = []
    child.call("sandbox_probes:events", {"count": 500}, on_event=seen.append)
    assert [event.data["number"] for event in seen] == list(range(500))
    expected = [(b"x" * number,) if number % 7 == 0 else () for number in range(500)]
    assert [event.attachments for event in seen] == expected


def test_large_attachments_travel_both_ways(child):
    data = os.urandom(1 << 20) * 40
    reply = child.exchange("sandbox_probes:attach", {"bytes": 30 << 20}, cargo=Cargo((data, b"", b"abc")))
    assert reply.value["digests"] == [hashlib.sha256(item).hexdigest() for item in (data, b"", b"abc")]
    assert reply.attachments == (b"z" * (30 << 20),)


def test_a_descriptor_grants_one_file_without_its_folder(child, tmp_path):
    (tmp_path / "one.txt").write_text("passed on")
    with open(tmp_path / "one.txt") as file:
        found = child.call("sandbox_probes:read_descriptor", cargo=Cargo((), (file.fileno(),)))
    assert found == {"text": "passed on"}


def test_an_error_keeps_its_class_code_hint_and_place(child):
    with pytest.raises(LimitError) as limit:
        child.call("sandbox_probes:raise_error", {"kind": "limit"})
    assert (limit.value.code, limit.value.what, limit.value.hint) == ("RNL-X-001", "counting to 3", "count less")
    assert limit.value.where == {"node": "n1"}
    with pytest.raises(ConnectorError) as connector:
        child.call("sandbox_probes:raise_error", {"kind": "connector"})
    assert connector.value.retryable is True


@pytest.mark.parametrize(
    ("kind", "expected", "words"),
    [
        ("bug", InternalError, "ValueError"),
        ("duckdb", EngineError, "nowhere"),
        ("memory", LimitError, "MemoryError"),
        ("unserialisable", InternalError, "JSON"),
    ],
)
def test_any_other_error_says_who_must_act_and_the_worker_lives_on(child, kind, expected, words):
    with pytest.raises(expected) as raised:
        child.call("sandbox_probes:raise_error", {"kind": kind})
    assert words in str(raised.value)
    assert child.call("sandbox_probes:echo", {"a": 1})["payload"] == {"a": 1}


def test_an_error_of_the_task_carries_a_trimmed_traceback(child):
    with pytest.raises(InternalError) as raised:
        child.call("sandbox_probes:raise_error", {"kind": "bug"})
    assert "sandbox_probes.py" in raised.value.where["traceback"]


FORBIDDEN = [
    "os:system",
    "runnel.errors:RunnelError",
    "sandbox_probes:_attempt",
    "sandbox_probes:connect_locked",
    "sandbox_probes:os",
    "sandbox_probes:absent",
    "sandbox_probes",
    "runnel.absent:run",
    "",
]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_only_public_functions_of_loaded_task_modules_can_be_named(child, name):
    with pytest.raises(InternalError) as raised:
        child.call(name, {})
    assert raised.value.code == "RNL-SANDBOX-007"
    assert "sandbox_probes" in raised.value.hint


def test_state_lives_as_long_as_the_worker(zygote):
    with zygote.open(Grant()) as one, zygote.open(Grant()) as other:
        pids = {one.call("sandbox_probes:remember")["pid"] for _ in range(3)}
        assert pids == {one.pid}
        assert one.call("sandbox_probes:remember")["calls"] == 4
        assert other.call("sandbox_probes:remember") == {"calls": 1, "pid": other.pid}


def test_a_worker_fits_its_own_grant_and_limits_only(zygote, tmp_path):
    grant, limits = Grant(read=(tmp_path, "/b")), Limits(memory_bytes=1 << 30)
    with zygote.open(grant, limits) as child:
        assert child.fits(Grant(read=("/b", str(tmp_path))), Limits(memory_bytes=1 << 30))
        assert not child.fits(Grant(read=(tmp_path,)), limits)
        assert not child.fits(Grant(read=(tmp_path, "/b"), network=True), limits)
        assert not child.fits(grant, Limits(memory_bytes=2 << 30))
    assert not child.fits(grant, limits)


def test_a_closed_worker_says_so(zygote):
    child = zygote.open(Grant())
    child.close()
    child.close()
    with pytest.raises(InternalError) as raised:
        child.call("sandbox_probes:echo")
    assert raised.value.code == "RNL-SANDBOX-012"


def test_the_whole_file_system_cannot_be_granted():
    with pytest.raises(InternalError):
        Grant(read=("/",))


@pytest.mark.row("M-003-216", met_by="sandbox/zygote.py")
def test_workers_run_side_by_side(zygote):
    barrier = threading.Barrier(2, timeout=10)
    found = []

    def run():
        with zygote.open(Grant(), Limits(timeout_seconds=20)) as child:
            child.call("sandbox_probes:log_lines", {"seconds": 0}, on_event=lambda event: barrier.wait())
            found.append(child.pid)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(set(found)) == 2


def test_an_error_in_the_event_callback_ends_the_worker_and_is_passed_on(zygote):
    def refuse(event):
        raise RuntimeError("no room for events")

    child: Child = zygote.open(Grant(), Limits(timeout_seconds=20))
    with pytest.raises(RuntimeError, match="no room"):
        child.call("sandbox_probes:events", {"count": 3}, on_event=refuse)
    assert not child.alive
    assert not os.path.exists(f"/proc/{child.pid}")


NONSENSE = {
    "a length beyond reason": "ffffffff00000000",
    "no JSON": "0400000000000000" + b"nope".hex(),
    "no object": "0200000000000000" + b"[]".hex(),
    "an attachment beyond reason": "0000000001000000ffffffffffffff7f",
    "nesting without end": (200_000).to_bytes(4, "little").hex() + "00000000" + b"[".hex() * 200_000,
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=list(NONSENSE))
def test_a_worker_that_breaks_the_protocol_is_ended(zygote, nonsense):
    child = zygote.open(Grant(), Limits(timeout_seconds=20))
    with pytest.raises(EngineError) as raised:
        child.call("sandbox_probes:talk_nonsense", {"bytes": nonsense})
    assert raised.value.code == "RNL-SANDBOX-006"
    assert exit_cause(raised.value) == "lost worker"
    assert not os.path.exists(f"/proc/{child.pid}")


def test_a_module_that_cannot_be_imported_is_named():
    with pytest.raises(InternalError) as raised, Zygote(["runnel.absent"]) as broken:
        broken.start()
    assert "runnel.absent" in raised.value.what


def test_a_module_that_starts_threads_is_refused(tmp_path, monkeypatch):
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    (tmp_path / "sandbox_noisy.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InternalError) as raised, Zygote(["sandbox_noisy"]) as broken:
        broken.start()
    assert "sandbox_noisy" in raised.value.what
    assert "threads" in raised.value.what


def test_a_system_that_cannot_fork_loaded_libraries_imports_in_the_worker(tmp_path):
    (tmp_path / "in.txt").write_text("x")
    modules, prefixes = ["duckdb", "sandbox_probes"], ("sandbox_probes",)
    with (
        Zygote(modules, prefixes, import_in_child=True) as slow,
        slow.open(Grant(), Limits(timeout_seconds=20)) as child,
    ):
        found = child.call("sandbox_probes:read_text", {"paths": [str(tmp_path / "in.txt")]})
        assert found[str(tmp_path / "in.txt")].startswith("refused") or not child.protections.landlock


def test_the_supervisor_loads_no_engine_through_this_package():
    code = "import runnel.sandbox, sys; print(sorted({'duckdb', 'pyarrow', 'numpy', 'psutil'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
