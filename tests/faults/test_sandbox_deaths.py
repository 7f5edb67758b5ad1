"""Workers that die, hang, or eat all they can: the supervisor gets a clear error in time and goes on."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "sandbox"))

from runnel.errors import EngineError, LimitError
from runnel.sandbox import Grant, Limits, TaskCancelledError, Zygote, capabilities, exit_cause


def new_zygote():
    return Zygote(["duckdb", "pyarrow", "sandbox_probes"], task_prefixes=("sandbox_probes",))


@pytest.fixture(scope="module")
def zygote():
    with new_zygote() as started:
        yield started


def gone(pid, seconds=2.0):
    """Wait until a process is gone or a zombie of a reaper that is not ours."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


class CancelAfter:
    """A cancel signal that is set some time after it was made."""

    def __init__(self, seconds):
        self.at = time.monotonic() + seconds

    def is_set(self):
        return time.monotonic() >= self.at


@pytest.mark.parametrize("payload", [{}, {"native": True}])
def test_an_endless_loop_ends_at_its_time_limit(zygote, payload):
    began = time.monotonic()
    with pytest.raises(LimitError) as raised:
        zygote.run("sandbox_probes:loop", payload, Grant(), Limits(timeout_seconds=0.5))
    assert exit_cause(raised.value) == "timeout"
    assert raised.value.code == "RNL-LIMIT-001"
    assert "0.5 s" in raised.value.what
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("payload", [{}, {"native": True}])
def test_a_cancel_ends_any_work_within_a_second(zygote, payload):
    child = zygote.open(Grant())
    cancel = CancelAfter(0.2)
    with pytest.raises(TaskCancelledError) as raised:
        child.call("sandbox_probes:loop", payload, cancel=cancel)
    assert time.monotonic() - cancel.at < 1.0
    assert exit_cause(raised.value) == "cancelled"
    assert gone(child.pid)


def test_a_query_that_is_interrupted_leaves_its_worker_usable(zygote, monkeypatch):
    monkeypatch.setattr("runnel.sandbox.child.GRACE_SECONDS", 10.0)  # a busy machine may take its time; the query would take days
    cancel = threading.Event()
    timer = threading.Timer(0.5, cancel.set)
    with zygote.open(Grant(), Limits(memory_bytes=1 << 30)) as child:
        with pytest.raises(TaskCancelledError):
            child.call("sandbox_probes:query_forever", {}, on_event=lambda event: timer.start(), cancel=cancel)
        with pytest.raises(LimitError) as raised:
            child.call("sandbox_probes:query_forever", {"again": True}, timeout_seconds=1.5)
        assert exit_cause(raised.value) == "timeout"
        assert child.alive
        assert child.call("sandbox_probes:query_forever", {"short": True}) == {"one": 1}


def test_a_cancel_set_before_the_call_stops_it_too(zygote):
    event = threading.Event()
    event.set()
    with pytest.raises(TaskCancelledError):
        zygote.run("sandbox_probes:loop", {}, Grant(), cancel=event)


@pytest.mark.parametrize("payload", [{}, {"shared": True}])
def test_a_memory_bomb_ends_at_its_limit_while_the_parent_answers(zygote, payload):
    pauses, stop = [], threading.Event()

    def heartbeat():
        last = time.monotonic()
        while not stop.wait(0.01):
            now = time.monotonic()
            pauses.append(now - last)
            last = now

    beating = threading.Thread(target=heartbeat)
    beating.start()
    try:
        with pytest.raises(LimitError) as raised:
            zygote.run(
                "sandbox_probes:memory_bomb", payload, Grant(), Limits(memory_bytes=256 << 20, timeout_seconds=20)
            )
    finally:
        stop.set()
        beating.join()
    assert exit_cause(raised.value) == "memory"
    assert "256 MiB" in raised.value.what
    assert max(pauses, default=0) < 1.0


def test_one_allocation_beyond_all_limits_is_a_memory_error_too(zygote):
    with pytest.raises(LimitError) as raised:
        zygote.run("sandbox_probes:big_allocation", {"bytes": 1 << 40}, Grant(), Limits(memory_bytes=256 << 20))
    assert exit_cause(raised.value) == "memory"


def test_a_fork_bomb_forks_nothing_where_calls_are_filtered(zygote):
    if capabilities()["seccomp"]:
        assert zygote.run("sandbox_probes:fork_bomb", {}, Grant()) == {"forks": 0}
    else:
        assert any("system call filter" in words for words in capabilities()["weaknesses"])


def test_a_process_that_a_worker_started_ends_with_it(zygote):
    pid = zygote.run("sandbox_probes:leave_a_child", {}, Grant())["pid"]
    assert (pid == 0) == capabilities()["seccomp"]
    assert pid == 0 or gone(pid)


def test_a_thread_bomb_ends_at_its_limit(zygote):
    with pytest.raises(LimitError) as raised:
        zygote.run("sandbox_probes:thread_bomb", {}, Grant(), Limits(processes=50, timeout_seconds=20))
    assert raised.value.code == "RNL-LIMIT-005"


def test_processor_time_is_limited_per_call(zygote):
    with pytest.raises(LimitError) as raised:
        zygote.run("sandbox_probes:burn_cpu", {}, Grant(), Limits(cpu_seconds=1, timeout_seconds=20))
    assert raised.value.code == "RNL-LIMIT-003"
    assert exit_cause(raised.value) == "timeout"


def test_a_file_larger_than_the_limit_is_refused(zygote, tmp_path):
    payload = {"path": str(tmp_path / "big"), "bytes": 3 << 20}
    with pytest.raises(LimitError) as raised:
        zygote.run("sandbox_probes:big_file", payload, Grant(write=(tmp_path,)), Limits(file_bytes=1 << 20))
    assert raised.value.code == "RNL-LIMIT-004"
    assert (tmp_path / "big").stat().st_size <= 1 << 20


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({}, "signal 11 (SIGSEGV); a crash inside native code"),
        ({"signal": signal.SIGKILL}, "signal 9 (SIGKILL); out of memory or killed by hand"),
        ({"signal": signal.SIGABRT}, "signal 6 (SIGABRT)"),
    ],
)
def test_a_crash_names_its_signal_keeps_the_log_and_spares_the_others(zygote, tmp_path, payload, words):
    log = tmp_path / "worker.log"
    with zygote.open(Grant()) as sibling:
        sibling.call("sandbox_probes:remember")
        with pytest.raises(EngineError) as raised:
            zygote.run("sandbox_probes:crash", payload, Grant(), log=log)
        assert exit_cause(raised.value) == "signal"
        assert words in raised.value.what
        assert sibling.call("sandbox_probes:remember")["calls"] == 2
    assert "about to crash\non standard error\n" in log.read_text()


def test_a_native_crash_leaves_the_python_stack_in_the_log(zygote, tmp_path):
    with pytest.raises(EngineError):
        zygote.run("sandbox_probes:crash", {}, Grant(), log=tmp_path / "worker.log")
    assert "Segmentation fault" in (tmp_path / "worker.log").read_text()


def test_a_worker_that_leaves_without_a_word_is_a_lost_worker(zygote):
    with pytest.raises(EngineError) as raised:
        zygote.run("sandbox_probes:leave", {"code": 3}, Grant())
    assert exit_cause(raised.value) == "lost worker"
    assert "exit code 3" in raised.value.what


def test_a_worker_that_closes_its_socket_but_lives_on_is_ended(zygote):
    child = zygote.open(Grant(), Limits(timeout_seconds=20))
    with pytest.raises(EngineError) as raised:
        child.call("sandbox_probes:stall", {})
    assert raised.value.code == "RNL-SANDBOX-006"
    assert gone(child.pid)


def test_the_log_is_written_while_the_task_runs(zygote, tmp_path):
    log = tmp_path / "worker.log"
    seen = []
    zygote.run("sandbox_probes:log_lines", {}, Grant(), Limits(), lambda event: seen.append(log.read_text()), log=log)
    assert seen == ["line from python\nline from below\n"]


def test_a_worker_killed_from_outside_between_calls_is_reported_at_the_next(zygote):
    child = zygote.open(Grant())
    child.call("sandbox_probes:echo")
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(EngineError) as raised:
        child.call("sandbox_probes:echo")
    assert exit_cause(raised.value) == "signal"


def test_a_killed_zygote_takes_its_workers_along_and_is_replaced():
    with new_zygote() as zygote:
        child = zygote.open(Grant())
        first = zygote.pid
        threading.Timer(0.2, os.kill, (first, signal.SIGKILL)).start()
        with pytest.raises(EngineError) as raised:
            child.call("sandbox_probes:loop", {})
        assert exit_cause(raised.value) == "lost worker"
        assert "zygote" in raised.value.what
        assert gone(child.pid)
        assert zygote.run("sandbox_probes:echo", {"a": 1}, Grant())["payload"] == {"a": 1}
        assert zygote.pid != first


def test_threads_that_find_the_zygote_dead_share_one_new_one():
    with new_zygote() as zygote:
        zygote.start()
        os.kill(zygote.pid, signal.SIGKILL)
        found = []

        def some():
            with zygote.open(Grant()) as child:
                found.append(zygote.pid)
                found.extend(zygote.pid for _ in range(20) if child.call("sandbox_probes:echo"))

        threads = [threading.Thread(target=some) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == 6 * 21
        assert len(set(found)) == 1


def test_a_zygote_ends_with_close_and_so_do_its_workers():
    zygote = new_zygote()
    child = zygote.open(Grant())
    pid = zygote.pid
    began = time.monotonic()
    zygote.close()
    assert time.monotonic() - began < 2.0
    assert gone(pid)
    assert gone(child.pid)
    child.close()


def test_two_hundred_runs_leave_no_process_and_no_descriptor(zygote):
    zygote.run("sandbox_probes:echo", {}, Grant())
    before = len(os.listdir("/proc/self/fd"))
    time.sleep(0.05)  # the zygote lets go of a worker just after its owner has heard of the end
    zygote_before = len(os.listdir(f"/proc/{zygote.pid}/fd"))

    def some():
        for number in range(50):
            found = zygote.run("sandbox_probes:echo", {"n": number}, Grant(), Limits(memory_bytes=1 << 30))
            assert found["payload"] == {"n": number}

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    time.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(os.listdir(f"/proc/{zygote.pid}/fd")) == zygote_before
    assert psutil.Process(zygote.pid).children(recursive=True) == []
    assert psutil.Process(zygote.pid).num_threads() == 1
