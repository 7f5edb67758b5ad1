"""A supervisor that dies at any moment leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROBES = Path(__file__).parents[1] / "unit" / "sandbox"

SUPERVISOR = """
import os, sys, threading, time
sys.path.insert(0, {probes!r})
from runnel.sandbox import Zygote, Grant

def start():
    global zygote
    zygote = Zygote(["duckdb", "sandbox_probes"], task_prefixes=("sandbox_probes",))
    zygote.start(wait={wait})

starter = threading.Thread(target=start)  # the thread that starts a zygote may end before its process does
starter.start()
starter.join()
children = [zygote.open(Grant()) for _ in range({idle})]
if {busy}:
    threading.Thread(target=children[0].call, args=("sandbox_probes:loop", {{}}), daemon=True).start()
    threading.Thread(target=children[1].call, args=("sandbox_probes:loop", {{"native": True}}), daemon=True).start()
if {forked} and os.fork() == 0:
    time.sleep(30)  # a copy of the supervisor keeps its sockets open
    os._exit(0)
time.sleep(0.3)
print(zygote.pid, *[child.pid for child in children], flush=True)
if {leave}:
    sys.exit(0)
time.sleep(60)
"""


def living(pids):
    """Return those of the processes that still run."""
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


CASES = {
    "while it waits": {"idle": 2, "busy": False, "wait": True, "forked": False, "leave": False},
    "while workers run": {"idle": 3, "busy": True, "wait": True, "forked": False, "leave": False},
    "while the zygote imports": {"idle": 0, "busy": False, "wait": False, "forked": False, "leave": False},
    "while a copy of it lives on": {"idle": 2, "busy": True, "wait": True, "forked": True, "leave": False},
    "by its own end": {"idle": 2, "busy": True, "wait": True, "forked": False, "leave": True},
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_no_stray_process_is_left_when_the_supervisor_dies(case):
    options = CASES[case]
    script = SUPERVISOR.format(probes=str(PROBES), **options)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(word) for word in supervisor.stdout.readline().split()]
        assert len(pids) == 1 + options["idle"]
        if not options["leave"]:
            assert living(pids) == pids
            os.kill(supervisor.pid, signal.SIGKILL)
        deadline = time.monotonic() + 2.0
        while living(pids) and time.monotonic() < deadline:
            time.sleep(0.01)
        left = living(pids)
        try:
            os.killpg(supervisor.pid, signal.SIGKILL)  # the copy of the supervisor, if this case made one
        except ProcessLookupError:
            assert not options["forked"]
        assert left == []
