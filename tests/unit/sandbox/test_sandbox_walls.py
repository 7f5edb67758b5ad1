"""A worker reaches its grant and nothing else: files, environment, network, processes."""

import os
import socket
import threading

import pytest

from runnel.sandbox import Grant, Limits, capabilities

HAS = capabilities()
LANDLOCK, SECCOMP = HAS["landlock_abi"] > 0, HAS["seccomp"]


@pytest.fixture
def folders(tmp_path):
    for name in ("granted", "staging", "other_run"):
        (tmp_path / name).mkdir()
    (tmp_path / "granted" / "in.txt").write_text("input")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "other_run" / "rows.txt").write_text("secret")
    (tmp_path / "granted" / "way_out").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "granted" / "folder_out").symlink_to(tmp_path / "other_run")
    return tmp_path


@pytest.fixture
def probe(zygote, folders):
    def run(task, **payload):
        grant = Grant(read=(folders / "granted",), write=(folders / "staging",))
        return zygote.run(f"sandbox_probes:{task}", payload, grant, Limits(timeout_seconds=20))

    return run


def assert_refused(found, locked, sentence):
    """All are refused where the system has the lock; where it has not, doctor says so in a sentence."""
    if locked:
        assert [name for name, outcome in found.items() if not outcome.startswith("refused")] == []
    else:
        assert any(sentence in words for words in HAS["weaknesses"])


def test_a_granted_file_is_read_and_a_staging_file_written(probe, folders):
    inside = [str(folders / "granted" / "in.txt")]
    assert probe("read_text", paths=inside) == {inside[0]: "done: b'input'"}
    target = folders / "staging" / "out.txt"
    assert probe("write_files", paths=[str(target)]) == {str(target): "done: 1"}
    assert target.read_text() == "x"


def test_files_outside_the_grant_cannot_be_read(probe, folders):
    paths = [
        "secret.txt",
        "other_run/rows.txt",
        "granted/way_out",
        "granted/folder_out/rows.txt",
        "granted/../secret.txt",
    ]
    outside = [str(folders / name) for name in paths]
    outside += ["/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/1/cmdline", f"/proc/{os.getpid()}/environ"]
    outside += [
        f"/proc/{os.getpid()}/cmdline",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd/../secret.txt",
        "/dev/kmsg",
    ]
    assert_refused(probe("read_text", paths=outside), LANDLOCK, "No Landlock")


def test_folders_outside_the_grant_cannot_be_listed(probe, folders):
    outside = [
        "/",
        "/root",
        "/home",
        "/tmp",
        "/etc",
        "/proc",
        "/var",
        str(folders),
        str(folders / "other_run"),
        os.getcwd(),
    ]
    assert_refused(probe("list_folders", paths=outside), LANDLOCK, "No Landlock")


def test_nothing_outside_the_staging_folder_can_be_written(probe, folders):
    outside = [
        folders / "granted" / "in.txt",
        folders / "granted" / "new.txt",
        folders / "new.txt",
        folders / "secret.txt",
    ]
    found = probe("write_files", paths=[str(path) for path in outside] + ["/tmp/runnel_new", "/dev/shm/runnel_new"])
    assert_refused(found, LANDLOCK, "No Landlock")
    assert (folders / "granted" / "in.txt").read_text() == ("input" if LANDLOCK else "x")


def test_a_granted_input_cannot_be_changed_moved_or_linked(probe, folders):
    path = folders / "granted" / "in.txt"
    found = probe("tamper", path=str(path), writable=str(folders / "staging"))
    assert_refused(found, LANDLOCK and SECCOMP, "No ")
    if LANDLOCK and SECCOMP:
        assert path.read_text() == "input"
        assert list((folders / "staging").iterdir()) == []


def test_a_granted_path_that_is_missing_is_named(zygote, folders):
    with zygote.open(Grant(read=(folders / "absent.csv",))) as child:
        child.call("sandbox_probes:echo")
        assert child.protections.missing == ((str(folders / "absent.csv"),) if LANDLOCK else ())


def test_no_variable_of_the_supervisor_is_visible(probe, monkeypatch):
    monkeypatch.setenv("RUNNEL_TEST_SECRET", "hunter2")
    found = probe("environment", name="RUNNEL_TEST_SECRET")
    assert found["c"] is None
    assert "hunter2" not in found["initial"]
    assert set(found["python"]) <= {"PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}


def test_no_descriptor_but_its_own_is_open(probe):
    assert set(probe("descriptors")["open"]) <= {0, 1, 2, 3, 4}


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet():
            while True:
                try:
                    listening.accept()[0].sendall(b"hi")
                except OSError:
                    return

        threading.Thread(target=greet, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_no_socket_of_any_family_can_be_made(probe, server):
    assert_refused(probe("network", port=server), SECCOMP, "No system call filter")


def test_a_granted_network_is_reachable(zygote, server):
    found = zygote.run("sandbox_probes:connect_tcp", {"port": server}, Grant(network=True), Limits(timeout_seconds=20))
    assert found == {"connect": "done: b'hi'"}


def test_no_process_can_be_started_signalled_or_looked_into(probe):
    if not SECCOMP:
        assert any("a worker can start processes" in words for words in HAS["weaknesses"])
        return
    found = probe("processes", supervisor=os.getpid())
    assert found.pop("system") != "status 0"
    assert_refused(found, LANDLOCK, "No Landlock")


def test_threads_of_a_worker_share_the_arenas_that_it_may_have(zygote, folders):
    grant = Grant(write=(folders / "staging",))
    payload = {"file": str(folders / "staging" / "malloc.xml")}
    few = zygote.run("sandbox_probes:arenas", payload, grant, Limits(timeout_seconds=20, arenas=2))
    many = zygote.run("sandbox_probes:arenas", payload, grant, Limits(timeout_seconds=20))
    assert few["arenas"] <= 2 < many["arenas"]


def test_doctor_reports_what_the_system_has():
    assert {"landlock_abi", "seccomp", "network_namespace", "cgroup", "user_id", "start", "weaknesses"} <= set(HAS)
    assert any("Landlock" in words for words in HAS["weaknesses"]) or HAS["landlock_abi"] >= 3
