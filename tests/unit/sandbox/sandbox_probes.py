"""Tasks that try to break out of a worker, or to break it; each tells what happened as plain data."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb

from runnel.errors import ConnectorError, LimitError
from runnel.sandbox import connect_locked, interrupt_on_cancel

SECRET_IN_PROCESS = [("secret",)]


def _attempt(action):
    """Return "refused: NAME" when an operating system error stops the action, else "done: VALUE"."""
    try:
        return f"done: {action()}"
    except OSError as error:
        return f"refused: {errno.errorcode.get(error.errno, error.errno)}"


def echo(payload, context):
    """Give the payload back."""
    return {"payload": payload, "attachments": [len(item) for item in context.attachments]}


def attach(payload, context):
    """Give back the digest of what came and attach bytes."""
    place = context.attach(b"z" * payload["bytes"])
    return {"place": place, "digests": [hashlib.sha256(item).hexdigest() for item in context.attachments]}


def events(payload, context):
    """Emit events in order, with binary ones between."""
    for number in range(payload["count"]):
        context.emit("step", *([b"x" * number] if number % 7 == 0 else []), number=number)
    return {"done": True}


def read_descriptor(payload, context):
    """Read from a passed file descriptor."""
    (descriptor,) = context.take_descriptors()
    with os.fdopen(descriptor) as file:
        return {"text": file.read()}


def remember(payload, context):
    """Count the calls of this worker."""
    context.state["calls"] = context.state.get("calls", 0) + 1
    return {"calls": context.state["calls"], "pid": os.getpid()}


def read_text(payload, context):
    """Read each path."""
    return {path: _attempt(lambda path=path: open(path, "rb").read(64)) for path in payload["paths"]}


def list_folders(payload, context):
    """List each folder."""
    return {path: _attempt(lambda path=path: len(os.listdir(path))) for path in payload["paths"]}


def write_files(payload, context):
    """Write to each path."""
    return {path: _attempt(lambda path=path: open(path, "w").write("x")) for path in payload["paths"]}


def tamper(payload, context):
    """Try to change, link, rename or cut a file without writing to it."""
    path, folder = payload["path"], payload["writable"]
    return {
        "chmod": _attempt(lambda: os.chmod(path, 0o777)),
        "chown": _attempt(lambda: os.chown(path, 0, 0)),
        "utime": _attempt(lambda: os.utime(path)),
        "truncate": _attempt(lambda: os.truncate(path, 0)),
        "open_truncate": _attempt(lambda: os.open(path, os.O_RDONLY | os.O_TRUNC)),
        "unlink": _attempt(lambda: os.unlink(path)),
        "rename": _attempt(lambda: os.rename(path, folder + "/stolen")),
        "hard_link": _attempt(lambda: os.link(path, folder + "/linked")),
        "symlink": _attempt(lambda: os.symlink("/etc/passwd", folder + "/symlink")),
        "mkfifo": _attempt(lambda: os.mkfifo(folder + "/fifo")),
        "chroot": _attempt(lambda: os.chroot("/tmp")),
    }


def environment(payload, context):
    """Return every variable that Python, C or /proc shows."""
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    initial = _attempt(lambda: Path("/proc/self/environ").read_bytes())
    found = libc.getenv(payload["name"].encode())
    return {"python": dict(os.environ), "initial": initial, "c": None if found is None else found.decode()}


def network(payload, context):
    """Try the ways to reach another process or machine."""
    kinds = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM),
        "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
        "netlink": (16, socket.SOCK_RAW),
        "packet": (17, socket.SOCK_RAW),
        "vsock": (40, socket.SOCK_STREAM),
    }
    found = {name: _attempt(lambda kind=kind: socket.socket(*kind)) for name, kind in kinds.items()}
    found["pair"] = _attempt(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
    found["connect"] = _attempt(lambda: socket.create_connection(("127.0.0.1", payload["port"]), 1))
    return found


def connect_tcp(payload, context):
    """Connect to a port of this machine."""
    return {"connect": _attempt(lambda: socket.create_connection(("127.0.0.1", payload["port"]), 2).recv(2))}


def processes(payload, context):
    """Try to start, signal or inspect other processes."""
    libc = ctypes.CDLL(None, use_errno=True)

    def raw(function, *arguments):
        result = getattr(libc, function)(*arguments)
        if result < 0:
            raise OSError(ctypes.get_errno(), function)
        return result

    memfd = _attempt(lambda: os.memfd_create("x"))
    return {
        "execv": _attempt(lambda: os.execv("/bin/sh", ["sh", "-c", "exit 7"])),
        "run": _attempt(lambda: subprocess.run(["/bin/true"], check=True)),
        "spawn": _attempt(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "system": f"status {os.system('exit 0')}",
        "fork": _attempt(os.fork),
        "memfd": memfd,
        "kill_parent": _attempt(lambda: os.kill(os.getppid(), 0)),
        "kill_supervisor": _attempt(lambda: os.kill(payload["supervisor"], signal.SIGTERM)),
        "kill_all": _attempt(lambda: os.kill(-1, 0)),
        "pidfd": _attempt(lambda: os.pidfd_open(payload["supervisor"])),
        "renice": _attempt(lambda: os.setpriority(os.PRIO_PROCESS, payload["supervisor"], 19)),
        "ptrace": _attempt(lambda: raw("ptrace", 16, payload["supervisor"], 0, 0)),
        "unshare": _attempt(lambda: raw("unshare", 0x10000000)),
        "setsid": _attempt(os.setsid),
        "loosen": _attempt(lambda: raw("prctl", 1, 0, 0, 0, 0)),
        "io_uring": _attempt(lambda: raw("syscall", 425, 4, 0)),
        "other_environment": _attempt(lambda: open(f"/proc/{payload['supervisor']}/environ", "rb").read()),
        "zygote_environment": _attempt(lambda: open(f"/proc/{os.getppid()}/environ", "rb").read()),
        "init_environment": _attempt(lambda: open("/proc/1/environ", "rb").read()),
        "zygote_memory": _attempt(lambda: open(f"/proc/{os.getppid()}/mem", "rb")),
        "process_list": _attempt(lambda: len(os.listdir("/proc"))),
    }


def descriptors(payload, context):
    """Return the open descriptors of this worker."""
    return {"open": sorted(int(name) for name in os.listdir("/proc/self/fd"))}


def fork_bomb(payload, context):
    """Fork as often as the system lets."""
    return {"forks": sum(1 for _ in range(1000) if _attempt(os.fork).startswith("done"))}


def thread_bomb(payload, context):
    """Start threads without end."""
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def arenas(payload, context):
    """Count the arenas of malloc after threads that lived at once have taken memory each."""
    all_there = threading.Barrier(12)

    def take():
        all_there.wait()
        kept = [bytearray(64 * 1024) for _ in range(20)]
        all_there.wait()
        del kept

    threads = [threading.Thread(target=take) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    path = Path(payload["file"])
    file = ctypes.c_void_p(libc.fopen(str(path).encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    return {"arenas": path.read_text().count("<heap nr=")}


def memory_bomb(payload, context):
    """Take memory without end, privately or shared."""
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 8 << 20) if payload.get("shared") else bytearray(8 << 20))
        if payload.get("shared"):
            kept[-1].write(b"x" * (8 << 20))


def big_allocation(payload, context):
    """Ask for far more memory than the limit at once."""
    return {"size": len(bytearray(payload["bytes"]))}


def loop(payload, context):
    """Never end, and never let another thread run."""
    libc = ctypes.PyDLL(None)
    if payload.get("native"):
        libc.sleep(600)
    while True:
        pass


def query_forever(payload, context):
    """Run a query that takes for ever and can be interrupted."""
    connection = context.state.get("connection")
    if connection is None:
        connection = connect_locked(duckdb, memory_bytes=200 << 20, threads=2)
        context.state["connection"] = connection
    interrupt_on_cancel(context, connection)
    if payload.get("short"):
        return {"one": connection.execute("select 1").fetchone()[0]}
    if not payload.get("again"):
        context.emit("begins")  # an interrupt before a query does nothing
    connection.execute("select sum(a.range * b.range) from range(10000000) a, range(10000000) b").fetchall()
    return {}


def crash(payload, context):
    """Die of a signal after some words to the log."""
    print("about to crash")
    print("on standard error", file=sys.stderr)
    if payload.get("signal"):
        os.kill(os.getpid(), payload["signal"])
    return {"value": ctypes.string_at(0)}


def leave(payload, context):
    """End the process without an answer."""
    os._exit(payload["code"])


def log_lines(payload, context):
    """Write to the log from Python and from C, then wait."""
    print("line from python")
    os.write(2, b"line from below\n")
    context.emit("written")
    time.sleep(payload.get("seconds", 0))
    return {}


def raise_error(payload, context):
    """Raise an error of the named kind."""
    kind = payload["kind"]
    if kind == "limit":
        raise LimitError("RNL-X-001", "counting to 3", "count less", {"node": "n1"})
    if kind == "connector":
        raise ConnectorError("RNL-X-002", "asking a server", "wait", {}, retryable=True)
    if kind == "memory":
        raise MemoryError
    if kind == "duckdb":
        duckdb.connect().execute("select nothing from nowhere")
    if kind == "unserialisable":
        return {"value": object()}
    raise ValueError("odd \ud800 value")


def burn_cpu(payload, context):
    """Use processor time."""
    return loop({}, context)


def big_file(payload, context):
    """Write a file of the given size."""
    with open(payload["path"], "wb") as file:
        file.write(b"x" * payload["bytes"])
    return {}


def talk_nonsense(payload, context):
    """Send bytes that are not a frame, or a frame that is not a message."""
    os.write(3, bytes.fromhex(payload["bytes"]))
    time.sleep(60)


def stall(payload, context):
    """Close the way back but live on."""
    socket.socket(fileno=os.dup(3)).shutdown(socket.SHUT_WR)
    time.sleep(60)


def sql(payload, context):
    """Run statements on a locked (or plain) connection and tell for each whether it was refused."""
    secret = duckdb.connect().sql("select 1 as secret").to_arrow_table()
    if payload.get("plain"):
        connection = duckdb.connect(":memory:")
    else:
        connection = connect_locked(
            duckdb,
            memory_bytes=payload.get("memory_bytes", 300 << 20),
            threads=2,
            spill_folder=payload.get("spill"),
            folders=payload.get("folders", ()),
            files=payload.get("files", ()),
        )
    found = {}
    for name, statement in payload["statements"].items():
        try:
            found[name] = "done: " + str(connection.execute(statement).fetchall())[:200]
        except duckdb.Error as error:
            found[name] = f"refused: {type(error).__name__}: {str(error)[:200]}"
    return {"found": found, "secret_rows": secret.num_rows}


def leave_a_child(payload, context):
    """Start a process that leaves the session and would outlive its worker, where the system lets."""
    try:
        pid = os.fork()
    except OSError:
        return {"pid": 0}
    if pid == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    return {"pid": pid}
