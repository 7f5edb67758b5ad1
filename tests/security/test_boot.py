"""A server with a bad configuration does not start, and says why."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from building import fresh_folder
from runnel.cli.application import run


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with fresh_folder() as made:
        (made / ".runnel").mkdir()
        monkeypatch.chdir(made)
        yield made


def key(folder: Path, name: str, data: bytes | str, mode: int = 0o600) -> Path:
    file = folder / ".runnel" / name
    file.write_text(data if isinstance(data, str) else base64.b64encode(data).decode())
    file.chmod(mode)
    return file


RANDOM = os.urandom(32)
BAD: dict[str, tuple[str, Callable[[Path, pytest.MonkeyPatch], list[str] | None]]] = {
    "a key that others may read": ("chmod 600", lambda f, m: key(f, "access.key", RANDOM, 0o644) and None),
    "a short key": ("32 are needed", lambda f, m: key(f, "access.key", b"short") and None),
    "a sample key": ("sample", lambda f, m: key(f, "access.key", b"A" * 32) and None),
    "a repeated key": ("sample", lambda f, m: key(f, "access.key", RANDOM[:16] * 2) and None),
    "a key that is no base64": ("base64", lambda f, m: key(f, "access.key", "changeme!") and None),
    "an empty key": ("0 bytes", lambda f, m: key(f, "access.key", "") and None),
    "a key file that is not there": ("no key file", lambda f, m: m.setenv("RUNNEL_ACCESS_KEY_FILE", "/nowhere/key")),
    "a key of secrets that is not there": ("no key file", lambda f, m: m.setenv("RUNNEL_SECRET_KEY_FILE", "/nowhere/key")),
    "a short key of secrets": ("32 are needed", lambda f, m: key(f, "key", b"short") and None),
    "a sample key of secrets": ("sample", lambda f, m: key(f, "key", bytes(32)) and None),
    "a key of secrets that others may read": ("chmod", lambda f, m: key(f, "key", RANDOM, 0o640) and None),
    "a state folder that anybody may write": ("chmod o-w", lambda f, m: (f / ".runnel").chmod(0o777)),
    "a store that anybody may write": ("chmod", lambda f, m: key(f, "runnel.db", "", 0o666) and None),
    "a port that is none": ("port", lambda f, m: ["--port", "70000"]),
    "a host that is none": ("host", lambda f, m: ["--host", "no host"]),
    "an empty host": ("host", lambda f, m: m.setenv("RUNNEL_HOST", " ")),
    "sessions without end": ("session_hours", lambda f, m: m.setenv("RUNNEL_SESSION_HOURS", "0")),
    "sessions for years": ("session_hours", lambda f, m: m.setenv("RUNNEL_SESSION_HOURS", "100000")),
    "shares without end": ("share_days", lambda f, m: m.setenv("RUNNEL_SHARE_DAYS", "0")),
    "a public address of another scheme": ("public_url", lambda f, m: m.setenv("RUNNEL_PUBLIC_URL", "javascript://x")),
    "a public address with a password": ("public_url", lambda f, m: m.setenv("RUNNEL_PUBLIC_URL", "https://a:b@c.example")),
    "no requests": ("requests_per_second", lambda f, m: m.setenv("RUNNEL_REQUESTS_PER_SECOND", "0")),
    "a limit that is no number": ("whole number", lambda f, m: m.setenv("RUNNEL_UPLOAD_BYTES", "many")),
    "a limit in the file that is no number": ("upload_bytes", lambda f, m: (f / "runnel.toml").write_text('upload_bytes = "1"') and None),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_configuration_ends_the_start_with_a_reason(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reason, spoil = BAD[name]
    more = spoil(folder, monkeypatch) or []
    port = [] if "--port" in more else ["--port", "0"]
    code = run(["up", "--no-open", "--json", *port, *more])
    said = capfd.readouterr()
    assert code != 0 and not said.out
    assert reason in said.err


def test_a_server_has_no_user_and_no_secret_of_its_own(folder: Path) -> None:
    from runnel.app.access.keys import AccessKeys
    from runnel.app.access.services import Access
    from runnel.app.project import Project, now

    keys = []
    for _ in range(2):
        with fresh_folder() as made:
            project = Project(made, environ={})
            access = Access(project.store, AccessKeys.load(project.home, {}), now)
            local = access.users.local()
            assert local is not None and local.password_hash is None
            keys.append((project.home / "access.key").read_text())
            assert (project.home / "access.key").stat().st_mode & 0o077 == 0
            project.close()
    assert keys[0] != keys[1]


def modes(home: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.glob("runnel.db*"))}


def test_nobody_else_reads_the_state_folder_and_its_database() -> None:
    from runnel.app.project import Project

    before = os.umask(0o022)
    try:
        with fresh_folder() as made:
            project = Project(made, environ={})
            project.store.users.list()
            found = modes(project.home)
            project.close()
    finally:
        os.umask(before)
    assert found.pop(".runnel") == 0o700
    assert {"runnel.db", "runnel.db-wal", "runnel.db-shm"} <= found.keys() and set(found.values()) == {0o600}


def test_a_state_folder_of_an_earlier_start_is_closed_to_others() -> None:
    from runnel.app.project import Project
    from runnel.server.boot import check_home
    from runnel.store import Store

    with fresh_folder() as made:
        home = made / ".runnel"
        home.mkdir()
        Store.open(f"sqlite:///{home / 'runnel.db'}", home).close()
        home.chmod(0o755)
        (home / "runnel.db").chmod(0o644)
        project = Project(made, environ={})
        check_home(project.home)
        project.store.users.list()
        assert set(modes(home).values()) == {0o700, 0o600}
        project.close()
