"""The supervisor's handle on the zygote: the process that all workers are forked from."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runnel.errors import InternalError
from runnel.sandbox import codes, frames, linux
from runnel.sandbox.child import CancelSignal, Child, Event
from runnel.sandbox.grant import Grant, Limits

_START_SECONDS = 60.0
_END_SECONDS = 2.0
_SEPARATOR = "\x1f"
_BOOT = (
    "import sys; sys.path[:] = sys.argv[4].split(chr(31)); "
    "from runnel.sandbox.zygote_process import main; main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])"
)

#: Thread pools that libraries would start while they are imported; a process with threads must not fork.
_QUIET = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
}
_PASSED_ON = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def _environment() -> dict[str, str]:
    """Return the zygote's whole environment: a worker can read it from memory, so no secret may be in it."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, **kept, **_QUIET, "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}


class Zygote:
    """Starts workers that hold the imports already; starts itself at the first use, and again after it died.

    Safe to use from several threads. It ends with `close`, or with this process however that ends. Fork of this
    process is noticed: the copy starts a zygote of its own.
    """

    def __init__(
        self,
        modules: Iterable[str],
        task_prefixes: Iterable[str] = ("runnel.",),
        code_paths: Iterable[str] = (),
        import_in_child: bool | None = None,
    ) -> None:
        """Describe a zygote; nothing is started yet.

        Args:
            modules: what to import: engines, and every module whose functions are run as tasks.
            task_prefixes: only modules whose name starts with one of these may hold tasks.
            code_paths: further folders that workers may read, for imports that happen late.
            import_in_child: import after the fork, for systems where a process with loaded libraries must not fork
                (the default everywhere but on Linux); costs the import time per worker.
        """
        late = not linux.IS_LINUX if import_in_child is None else import_in_child
        self._prefixes = tuple(task_prefixes)
        self._order = json.dumps(
            {"modules": list(modules), "prefixes": self._prefixes, "code_paths": list(code_paths), "late": late}
        )
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0
        self._ready = False

    @property
    def pid(self) -> int | None:
        """The zygote's process id, or None when it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self, wait: bool = True) -> None:
        """Start the process if it does not run; without `wait` its imports go on beside the caller."""
        with self._lock:
            self._ensure_started(wait)

    def open(self, grant: Grant, limits: Limits | None = None, log: str | os.PathLike[str] | None = None) -> Child:
        """Fork a worker for a grant; its standard output and errors go to the file `log` as they happen.

        Raises:
            InternalError: the zygote does not start, or this system cannot have one.
        """
        limits = limits or Limits()
        try:
            return self._fork(grant, limits, log)
        except (ConnectionError, TimeoutError):
            return self._fork_again(grant, limits, log)

    def _fork_again(self, grant: Grant, limits: Limits, log: str | os.PathLike[str] | None) -> Child:
        """Fork from a new zygote after the old one died: nothing had run yet."""
        try:
            return self._fork(grant, limits, log)
        except (ConnectionError, TimeoutError) as error:
            raise InternalError(
                codes.START, f"forking a worker: the zygote ended ({error})", "run `runnel doctor`"
            ) from error

    def run(
        self,
        task: str,
        payload: Mapping[str, Any] | None,
        grant: Grant,
        limits: Limits | None = None,
        on_event: Callable[[Event], object] | None = None,
        cancel: CancelSignal | None = None,
        log: str | os.PathLike[str] | None = None,
    ) -> dict[str, Any]:
        """Run one task in a worker of its own; `open`, `Child.call` and `close` in one."""
        with self.open(grant, limits, log) as child:
            return child.call(task, payload, on_event, cancel)

    def close(self) -> None:
        """End the zygote and its workers, and wait for it."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fork(self, grant: Grant, limits: Limits, log: str | os.PathLike[str] | None) -> Child:
        """Send one request and wait until the worker exists."""
        data, data_end = socket.socketpair()
        status, status_end = socket.socketpair()
        log_fd = os.open(
            os.devnull if log is None else log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        child: Child | None = None
        control: socket.socket | None = None
        try:
            request = {"memory_bytes": limits.memory_bytes, "processes": limits.processes}
            descriptors = (data_end.fileno(), status_end.fileno(), log_fd)
            with self._lock:
                control = self._ensure_started(wait=True)
                frames.send(control, request, (), descriptors)
            data_end.close()
            status_end.close()
            child = Child(data, status, grant, limits)
            child.wait_started(_START_SECONDS)
        except BaseException as error:
            for end in (data, status) if child is None else (child,):
                end.close()
            if isinstance(error, (ConnectionError, TimeoutError)):
                self._replace(control)
            raise
        finally:
            data_end.close()
            status_end.close()
            os.close(log_fd)
        return child

    def _replace(self, control: socket.socket | None) -> None:
        """Stop a zygote that does not answer, unless another thread already has."""
        with self._lock:
            if control is not None and self._control is control:
                self._stop()

    def _ensure_started(self, wait: bool) -> socket.socket:
        """Return the control socket of a running zygote; the lock is held."""
        if self._owner != os.getpid():
            self._forget()
        if self._process is not None and self._process.poll() is not None:
            self._stop()
        if self._control is None:
            self._launch()
        control = self._control
        assert control is not None
        if wait and not self._ready:
            self._await_ready(control)
        return control

    def _launch(self) -> None:
        """Start the process with one inherited socket and a clean environment."""
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise InternalError(
                codes.UNSUPPORTED,
                f"starting a worker on {sys.platform}",
                "run Runnel on Linux or macOS, or in a container",
            )
        here, there = socket.socketpair()
        paths = _SEPARATOR.join(path for path in sys.path if os.path.isabs(path))
        command = [sys.executable, "-I", "-c", _BOOT, str(there.fileno()), str(os.getpid()), self._order, paths]
        with there:
            self._process = subprocess.Popen(
                command,
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
                start_new_session=True,
            )
        self._control, self._owner, self._ready = here, os.getpid(), False

    def _await_ready(self, control: socket.socket) -> None:
        """Wait for the end of the imports."""
        control.settimeout(_START_SECONDS)
        try:
            received = frames.Receiver(control).receive()
        except ConnectionError:
            received = None
        except TimeoutError as error:
            self._stop()
            raise _not_started(f"its imports took longer than {_START_SECONDS:g} s") from error
        control.settimeout(None)
        message = {} if received is None else received[0].message
        if message.get("type") == "ready" and not message["noisy"]:
            self._ready = True
            return
        self._stop()
        if message.get("noisy"):
            names = ", ".join(message["noisy"])
            raise _not_started(f"importing {names} started threads, and a process with threads cannot be forked")
        raise _not_started(str(message.get("what", "its process ended")), message.get("trace"))

    def _stop(self) -> None:
        """Let the process end, or end it; the lock is held."""
        control, process = self._control, self._process
        self._forget()
        if control is not None:
            control.close()
        if process is None:
            return
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _forget(self) -> None:
        """Drop the handles without touching the process, which may be another's."""
        self._control, self._process, self._ready, self._owner = None, None, False, os.getpid()


def _not_started(reason: str, trace: str | None = None) -> InternalError:
    """Return the error of a zygote that did not come up."""
    where = {"traceback": trace} if trace else {}
    return InternalError(codes.START, f"starting the zygote: {reason}", "run `runnel doctor`", where)
