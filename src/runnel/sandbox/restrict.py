"""What a new worker does to itself before it reads anything foreign: gives up files, network, processes, rights."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from runnel.sandbox import landlock, linux, seccomp
from runnel.sandbox.grant import Grant, Limits

#: Read by Python, glibc and the engines; DuckDB 2.0 aborts when it cannot read /sys/fs/cgroup.
_SYSTEM_READ = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc/self",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/openssl.cnf",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust",
)
_NETWORK_READ = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
)
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}
#: Owner-blind file access: kept under Landlock only, so that root's worker reads a granted file of another user.
_FILE_CAPABILITIES = (1 << 1) | (1 << 2)
_NICENESS = 10
_MEBI = 1 << 20


@dataclass(frozen=True)
class Protections:
    """Which locks a worker has put on itself; `missing` lists granted paths that did not exist."""

    landlock: int = 0
    seccomp: bool = False
    network: str = "open"
    privileges_dropped: bool = False
    missing: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the form that travels to the supervisor."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Protections:
        """Read the form that `to_json` wrote; anything else counts as unprotected."""
        if not isinstance(data, Mapping):
            return cls()
        return cls(
            landlock=int(data["landlock"]),
            seccomp=bool(data["seccomp"]),
            network=str(data["network"]),
            privileges_dropped=bool(data["privileges_dropped"]),
            missing=tuple(map(str, data["missing"])),
        )


def code_paths() -> tuple[str, ...]:
    """Return the folders that hold Python, its packages and Runnel itself: what an import may read."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    packages = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    found = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, package, *packages}
    home = os.path.expanduser("~")
    return tuple(sorted(path for path in found if path not in ("", "/", home)))


def apply(grant: Grant, limits: Limits, extra_code: tuple[str, ...]) -> Protections:
    """Lock the calling process down for good; single-threaded, before any foreign byte is read.

    Raises:
        OSError: a lock that this system has could not be set.
    """
    _background()
    _clean_environment(grant)
    _set_limits(limits)
    if not linux.IS_LINUX:
        return Protections()
    filtered, abi = seccomp.available(), landlock.abi_version()
    network = _leave_network(grant, filtered, abi)
    if not filtered:
        _limit(resource.RLIMIT_NPROC, _tasks_of_user() + limits.processes)
    linux.require(linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1), "giving up new privileges")
    missing = _enforce_paths(grant, abi, extra_code) if abi else []
    dropped = _drop_capabilities(_FILE_CAPABILITIES if abi else 0)
    linux.require(linux.prctl(linux.PR_SET_PDEATHSIG, int(signal.SIGKILL)), "tying the worker to its zygote")
    linux.require(linux.prctl(linux.PR_SET_DUMPABLE, 0), "refusing debuggers")
    if filtered:
        seccomp.enforce(grant.network)
    return Protections(abi, filtered, network, dropped, tuple(missing))


def _background() -> None:
    """Let the supervisor go first: lower priority, and first to die when the machine runs out of memory."""
    os.nice(_NICENESS)
    for path, value in (("/proc/self/autogroup", str(_NICENESS)), ("/proc/self/oom_score_adj", "900")):
        _offer(path, value)


def _offer(path: str, value: str) -> bool:
    """Write a kernel setting that not every system has or lets be written; says whether it took."""
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    except OSError:
        return False
    return True


def _clean_environment(grant: Grant) -> None:
    """Keep only harmless variables; home and temporary folder are the first writable grant."""
    scratch = next((path for path in map(str, grant.write) if os.path.isdir(path)), "/nonexistent")
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=scratch, TMPDIR=scratch)
    os.chdir(scratch if os.path.isdir(scratch) else "/")


def _limit(kind: int, value: int) -> None:
    """Set a soft and hard limit, as far as the present hard limit allows."""
    _, hard = resource.getrlimit(kind)
    capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (capped, capped))


def _set_limits(limits: Limits) -> None:
    """Set the kernel's own limits; memory is coarse here, the zygote's watch is exact.

    RLIMIT_AS is left alone: engines reserve several times the address space that they use.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    if limits.arenas is not None:
        linux.limit_arenas(limits.arenas)
    if limits.file_bytes is not None:
        _limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    if limits.memory_bytes is not None and linux.IS_LINUX:
        room = 2 * limits.memory_bytes + 1024 * _MEBI + 8 * _MEBI * limits.processes
        _limit(resource.RLIMIT_DATA, room)


def _tasks_of_user() -> int:
    """Return how many threads this user has now: the kernel's limit counts all of them (and does not bind root)."""
    user, count = os.geteuid(), 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            count += len(os.listdir(f"/proc/{name}/task")) if os.stat(f"/proc/{name}").st_uid == user else 0
        except OSError:
            continue  # it ended meanwhile, or is hidden from us
    return count


def limit_cpu(seconds: int | None) -> None:
    """Allow this process so much more processor time than it has used."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if seconds is None:
        soft = hard
    else:
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + max(1, seconds)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _leave_network(grant: Grant, filtered: bool, abi: int) -> str:
    """Leave the network where no filter will refuse it; returns what keeps this worker from it."""
    if grant.network:
        return "granted"
    if filtered:
        return "seccomp"
    for flags in (linux.CLONE_NEWNET, linux.CLONE_NEWUSER | linux.CLONE_NEWNET):
        if linux.unshare(flags) == 0:
            return "namespace"
    return "landlock (TCP only)" if abi >= 4 else "open"


def _enforce_paths(grant: Grant, abi: int, extra_code: tuple[str, ...]) -> list[str]:
    """Restrict files (and TCP) to the grant and to what Python itself needs; returns granted paths not found."""
    rules = landlock.Ruleset(abi, grant.network)
    rules.allow((*_SYSTEM_READ, *code_paths(), *extra_code), landlock.READ)
    rules.allow(("/dev/null",), landlock.READ | landlock.WRITE_FILE)
    if grant.network:
        rules.allow(_NETWORK_READ, landlock.READ)
    missing = rules.allow(map(str, grant.read), landlock.READ)
    missing += rules.allow(map(str, grant.write), landlock.WRITE)
    rules.enforce()
    return missing


def _drop_capabilities(kept: int) -> bool:
    """Give up root's special rights; returns whether the kernel took it."""
    machine = os.uname().machine
    if machine not in _CAPSET:
        return False
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    held = kept if os.geteuid() == 0 else 0
    data = (ctypes.c_uint32 * 6)(held, held, 0, 0, 0, 0)
    result = linux.syscall(_CAPSET[machine], ctypes.byref(header), ctypes.byref(data))
    if result < 0 and held:  # a container's root may lack the file rights that we would keep
        data = (ctypes.c_uint32 * 6)(0, 0, 0, 0, 0, 0)
        result = linux.syscall(_CAPSET[machine], ctypes.byref(header), ctypes.byref(data))
    return result == 0
