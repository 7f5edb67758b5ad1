"""Objects in a folder: whole or not at all, checked as they are read, safe against keys that escape and puts that die."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from building import MEMORY
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.objects import ObjectRef, Objects, verified
from runnel.store.objects import DirectoryObjects


@pytest.fixture
def objects(tmp_path) -> DirectoryObjects:
    return DirectoryObjects(tmp_path / "objects")


def content(objects: Objects, ref: ObjectRef) -> bytes:
    with objects.open(ref) as file:
        return file.read()


def parts(objects: DirectoryObjects) -> list[Path]:
    return list(objects.root.rglob(".part-*"))


@pytest.mark.parametrize("given", [b"", b"abc", [b"a", b"", b"bc"], io.BytesIO(b"abc" * 1_000_000), iter([b"x" * 70_000] * 20)])
def test_what_is_put_is_read_back_with_digest_and_size(objects, given):
    expected = given.getvalue() if isinstance(given, io.BytesIO) else None
    if isinstance(given, bytes | list):
        expected = given if isinstance(given, bytes) else b"".join(given)
    ref = objects.put("a/b.bin", given)
    expected = b"x" * 1_400_000 if expected is None else expected
    assert content(objects, ref) == expected
    assert (ref.bytes, ref.digest) == (len(expected), hashlib.sha256(expected).hexdigest())
    assert objects.stat("a/b.bin").bytes == len(expected) and parts(objects) == []
    assert ObjectRef.from_json(ref.to_json()) == ref


def test_a_file_can_be_put_and_stays_or_adopted_and_moves(objects, tmp_path):
    file = tmp_path / "made"
    file.write_bytes(b"rows")
    assert objects.put("copied", file).bytes == 4 and file.exists()
    ref = objects.adopt("moved", file)
    assert (ref.bytes, ref.digest, file.exists()) == (4, None, False)
    assert content(objects, ref) == b"rows"
    with objects.local(ref) as path:
        assert path.read_bytes() == b"rows"


@pytest.mark.skipif(MEMORY is None, reason="needs a second file system")
def test_a_file_of_another_file_system_is_copied_and_removed(objects):
    file = Path(MEMORY) / f"runnel-adopt-{os.getpid()}"
    file.write_bytes(b"rows")
    assert content(objects, objects.adopt("moved", file)) == b"rows" and not file.exists()


def test_lines_are_read_as_a_stream(objects):
    ref = objects.put("lines", (b"%d\n" % n for n in range(100_000)))
    with objects.open(ref) as file:
        assert sum(int(line) for line in file) == sum(range(100_000))


@pytest.mark.parametrize(("change", "word"), [
    (lambda data: data[:-1], "bytes"), (lambda data: data + b"!", "bytes"), (lambda data: b"X" + data[1:], "SHA-256"),
    (lambda data: data[:500_000] + bytes([data[500_000] ^ 1]) + data[500_001:], "SHA-256"), (lambda data: b"", "bytes"),
])  # fmt: skip
def test_damaged_content_is_an_error_when_it_is_read_to_its_end(objects, change, word):
    ref = objects.put("key", os.urandom(1_000_000))
    path = objects.root / "key"
    path.write_bytes(change(path.read_bytes()))
    for read in (lambda file: file.read(), lambda file: list(file), lambda file: list(iter(lambda: file.read(4096), b""))):
        with pytest.raises(ConnectorError, match=word) as caught, objects.open(ref) as file:
            read(file)
        assert caught.value.code == "RNL-OBJECT-002" and "key" in caught.value.what


def test_a_stream_that_never_ends_is_refused_on_the_way():
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return b"x" * size

    with pytest.raises(ConnectorError, match="more"):
        list(verified(Endless(), ObjectRef("key", 10, None)))


def test_a_file_that_was_cut_is_not_given_as_a_local_one(objects, tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    ref = objects.adopt("key", tmp_path / "f")
    (objects.root / "key").write_bytes(b"1")
    with pytest.raises(ConnectorError, match="5 bytes"), objects.local(ref):
        pass


def test_a_missing_object_is_named(objects):
    for read in (objects.open, objects.local):
        with pytest.raises(ConnectorError, match="a/b: there is no such object"), read(ObjectRef("a/b", 1, None)):
            pass
    assert objects.stat("a/b") is None and not objects.delete("a/b")
    objects.put("a", b"file, no folder")
    assert objects.stat("a/b") is None
    with pytest.raises(ConnectorError, match="writing a/b"):
        objects.put("a/b", b"")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "a/./b", "a/", "a\\b", "a\0b", "a\nb",
                                 "x" * 300, "a/" * 600 + "b", ".part-1", "a/.part-x", "\ud800"])  # fmt: skip
def test_a_key_that_escapes_or_cannot_be_is_refused(objects, tmp_path, key):
    for use in (lambda: objects.put(key, b"x"), lambda: objects.stat(key), lambda: objects.delete(key)):
        with pytest.raises(AuthoringError) as caught:
            use()
        assert caught.value.code == "RNL-OBJECT-003"
    assert not (tmp_path / "x").exists()


def test_a_symbolic_link_does_not_lead_out_of_the_folder(objects, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    objects.put("a", b"")
    (objects.root / "link").symlink_to(outside)
    for use in (lambda: objects.put("link/new", b"x"), lambda: objects.stat("link/secret"), lambda: objects.delete("link/secret")):
        with pytest.raises(ConnectorError, match="leads out"):
            use()
    assert (outside / "secret").exists() and not (outside / "new").exists()


def test_keys_of_any_script_and_sign_are_kept(objects):
    for key in ("ä/ß.csv", "a b/(c)=1,2;3", "日本/語", "x" * 200):
        ref = objects.put(key, key.encode())
        assert content(objects, ref) == key.encode()
    assert {item.key for item in objects.list()} == {"ä/ß.csv", "a b/(c)=1,2;3", "日本/語", "x" * 200}


def test_objects_are_listed_by_the_beginning_of_their_keys(objects):
    for key in ("a/1", "a/2", "ab/3", "b", "a/c/4"):
        objects.put(key, b"xy")
    (objects.root / "a" / ".part-1-x").write_bytes(b"unfinished")
    assert {item.key for item in objects.list("a")} == {"a/1", "a/2", "ab/3", "a/c/4"}
    assert {item.key for item in objects.list("a/")} == {"a/1", "a/2", "a/c/4"}
    assert {item.key for item in objects.list("a/c")} == {"a/c/4"}
    assert {(item.key, item.bytes) for item in objects.list("b")} == {("b", 2)}
    assert list(objects.list("nothing/here")) == []
    with pytest.raises(AuthoringError):
        list(objects.list("../"))


def test_deleting_removes_the_folders_that_are_empty_then(objects):
    objects.put("a/b/c", b"x")
    objects.put("a/d", b"x")
    assert objects.delete("a/b/c") and not (objects.root / "a" / "b").exists()
    assert objects.stat("a/d") is not None


def test_puts_of_one_key_at_once_leave_one_of_them_whole(objects):
    made: list[ObjectRef] = []

    def put(number: int) -> None:
        for _ in range(20):
            made.append(objects.put("same/key", bytes([number]) * 200_000))

    def look() -> None:
        for _ in range(200):
            with (objects.root / "same" / "key").open("rb") as file:
                assert len(set(file.read())) == 1

    objects.put("same/key", b"\0" * 200_000)
    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)] + [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = (objects.root / "same" / "key").read_bytes()
    assert hashlib.sha256(found).hexdigest() in {ref.digest for ref in made} and parts(objects) == []


def test_puts_and_deletes_at_once_do_not_disturb_each_other(objects):
    def work(number: int) -> None:
        for _ in range(100):
            ref = objects.put(f"deep/er/{number}", b"x")
            assert objects.stat(ref.key) is not None
            objects.delete(ref.key)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_a_source_that_fails_leaves_the_old_object_and_no_trace(objects):
    ref = objects.put("key", b"old")

    def broken():
        yield b"new"
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError):
        objects.put("key", broken())
    assert content(objects, ref) == b"old" and parts(objects) == []


PUT = """
import sys, time; sys.path[:0] = [{src!r}]
from pathlib import Path
from runnel.store.objects import DirectoryObjects
def chunks():
    yield b"x" * 100_000
    print("half", flush=True)
    sys.stdin.readline()
    yield b"y"
DirectoryObjects(Path({root!r})).put("key", chunks())
"""


def half_put(objects: DirectoryObjects) -> subprocess.Popen[bytes]:
    text = PUT.format(src=str(Path(__file__).resolve().parents[3] / "src"), root=str(objects.root))
    process = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"half\n"
    return process


def age(path: Path, seconds: float = 7200) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_killed_put_leaves_the_old_object_and_its_leftover_is_swept(objects):
    ref = objects.put("key", b"old")
    process = half_put(objects)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert content(objects, ref) == b"old" and len(parts(objects)) == 1
    assert objects.sweep(3600) == 0 and len(parts(objects)) == 1
    age(parts(objects)[0])
    assert objects.sweep(3600) >= 0 and parts(objects) == []
    assert content(objects, ref) == b"old"


def test_a_put_that_takes_long_is_not_swept(objects):
    objects.put("key", b"old")
    process = half_put(objects)
    age(parts(objects)[0])
    assert objects.sweep(0) == 0 and len(parts(objects)) == 1
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.wait(30) == 0
    assert (objects.root / "key").stat().st_size == 100_001


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(objects):
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    text = PUT.format(src=str(Path(__file__).resolve().parents[3] / "src"), root=str(objects.root)).replace(
        'DirectoryObjects(Path', 'from runnel.errors import ConnectorError\ntry: DirectoryObjects(Path'
    ) + "except ConnectorError as error: print(error.code, error.retryable, error.hint)\n"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", text], input=b"\n", capture_output=True, preexec_fn=limited, check=False)
    assert b"RNL-OBJECT-004 True Free space" in done.stdout, done.stderr.decode()
    assert parts(objects) == []
