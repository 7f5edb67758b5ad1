"""Parts of an upload: one writer at a time, only of whoever began it, refusals that the sender gets to read."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from building import fresh_folder
from runnel.app.abandoned_uploads import drop_abandoned
from runnel.app.project import Project
from runnel.app.project_files import KEPT
from runnel.app.retention import collect
from runnel.store.tables import uploads
from running import ENVIRONMENT, RUNNEL, Running, running, until

RAW = {"content-type": "application/octet-stream"}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server of its own."""
    with fresh_folder() as folder, running(folder) as made:
        yield made


def put(server: Running, id: str, offset: int, body: bytes | Iterator[bytes]) -> httpx.Response:
    with httpx.Client(headers=dict(server.api.headers), timeout=60) as client:
        address = f"{server.url}/api/v1/uploads/{id}"
        return client.put(address, params={"offset": offset}, content=body, headers=RAW)


def test_of_two_parts_for_one_place_at_the_same_time_one_is_written_whole_and_the_other_refused(
    server: Running,
) -> None:
    size = 6_000_000
    id = server.post("/uploads", {"name": "twice.bin", "bytes": size})["id"]
    gate, answers = threading.Event(), {}

    def slowly(letter: bytes, pieces: int) -> Iterator[bytes]:
        yield letter * 100_000
        gate.wait(30)
        for _ in range(pieces - 1):
            yield letter * 100_000

    def send(letter: bytes, offset: int) -> None:
        answers[letter] = put(server, id, offset, slowly(letter, (size - offset) // 100_000))

    first = threading.Thread(target=send, args=(b"A", 0))
    first.start()
    until(lambda: server.get(f"/uploads/{id}")["received"] == 100_000)
    second = threading.Thread(target=send, args=(b"B", 100_000))
    second.start()
    second.join(0.3)
    gate.set()
    first.join()
    second.join()
    assert answers[b"A"].status_code == 200 and answers[b"A"].json()["received"] == size
    assert answers[b"B"].status_code == 409 and answers[b"B"].json()["where"]["received"] >= 100_000
    made = server.post(f"/uploads/{id}/finish")
    assert (server.root / made["path"]).read_bytes() == b"A" * size


def test_finishing_waits_for_the_part_that_is_being_written(server: Running) -> None:
    id = server.post("/uploads", {"name": "held.bin", "bytes": 4})["id"]
    gate, done = threading.Event(), []

    def slowly() -> Iterator[bytes]:
        yield b"abcd"
        gate.wait(30)

    part = threading.Thread(target=lambda: done.append(put(server, id, 0, slowly()).status_code))
    part.start()
    until(lambda: server.get(f"/uploads/{id}")["received"] == 4)
    finish = threading.Thread(target=lambda: done.append(server.post(f"/uploads/{id}/finish")["path"]))
    finish.start()
    finish.join(0.5)
    assert done == [] and not (server.root / "data" / "held.bin").exists()
    gate.set()
    part.join()
    finish.join()
    assert sorted(map(str, done)) == ["200", "data/held.bin"]


def test_a_refused_part_is_read_to_the_end_so_that_its_sender_gets_the_answer(server: Running) -> None:
    id = server.post("/uploads", {"name": "wrong.bin", "bytes": 20_000_000})["id"]
    taken = []

    def body() -> Iterator[bytes]:
        for _ in range(80):
            yield b"x" * 100_000
            taken.append(1)

    closing = {**RAW, "connection": "close", "authorization": server.api.headers["authorization"]}
    with httpx.Client(base_url=server.url, headers=closing, timeout=60) as client:
        answer = client.put(f"/api/v1/uploads/{id}?offset=5", content=body())
    assert answer.status_code == 409 and answer.json()["where"] == {"received": 0}
    assert len(taken) == 80
    assert put(server, id, 0, b"goes on").json()["received"] == 7


def test_what_arrived_of_a_part_that_breaks_off_stays_and_its_place_is_free_at_once(server: Running) -> None:
    id = server.post("/uploads", {"name": "broken.bin", "bytes": 1_000_000})["id"]

    def breaking() -> Iterator[bytes]:
        yield b"a" * 300_000
        until(lambda: server.get(f"/uploads/{id}")["received"] == 300_000)
        raise OSError("the line is cut")

    with pytest.raises(OSError, match="the line is cut"):
        put(server, id, 0, breaking())
    answer = until(lambda: (made := put(server, id, 300_000, b"b" * 700_000)).status_code != 409 and made)
    assert answer.json()["received"] == 1_000_000


def test_nobody_but_an_admin_touches_an_upload_that_somebody_else_began(server: Running) -> None:
    server.post("/users", {"username": "root", "password": PASSWORD, "role": "admin"})
    people = {}
    for name in ("eva", "eli"):
        server.post("/users", {"username": name, "password": PASSWORD, "role": "editor"})
        made = subprocess.run([RUNNEL, "tokens", "create", "--user", name, "--name", "t", "--json"], cwd=server.root,
                              env=ENVIRONMENT, capture_output=True, check=True, text=True)  # fmt: skip
        token = made.stdout.split('"token":')[1].split('"')[1]
        people[name] = httpx.Client(base_url=server.url + "/api/v1", headers={"authorization": f"Bearer {token}"})
    eva, eli = people["eva"], people["eli"]
    id = eva.post("/uploads", json={"name": "hers.csv", "bytes": 4}).json()["id"]
    refused = [
        eli.put(f"/uploads/{id}?offset=0", content=b"evil", headers=RAW), eli.get(f"/uploads/{id}"),
        eli.post(f"/uploads/{id}/finish"), eli.delete(f"/uploads/{id}"),
    ]  # fmt: skip
    assert [answer.status_code for answer in refused] == [403] * 4
    assert eva.put(f"/uploads/{id}?offset=0", content=b"a\n1\n", headers=RAW).json()["received"] == 4
    assert (server.root / eva.post(f"/uploads/{id}/finish").json()["path"]).read_bytes() == b"a\n1\n"
    other = eva.post("/uploads", json={"name": "other.csv", "bytes": 4}).json()["id"]
    assert server.api.delete(f"/uploads/{other}").status_code == 204
    for client in people.values():
        client.close()


@pytest.fixture
def project() -> Iterator[Project]:
    """A project without a server."""
    with fresh_folder() as folder:
        made = Project(folder, environ={})
        yield made
        made.close()


def begun(project: Project, age_days: float, row_days: float | None = None) -> tuple[str, Path]:
    """An upload of which the last part came some days ago."""
    made = project.store.uploads.add("x.csv", 10, "eva")
    part = project.home / "uploads" / f"{made.id}.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"12345")
    moment = time.time() - age_days * 86400
    os.utime(part, (moment, moment))
    written = made.updated_at - KEPT * ((age_days if row_days is None else row_days) / 7)
    with project.store.engine.begin() as connection:
        connection.execute(uploads.update().where(uploads.c.id == made.id).values(updated_at=written))
    return made.id, part


def test_an_upload_that_got_nothing_for_a_week_goes_with_its_bytes_and_others_stay(project: Project) -> None:
    old, old_part = begun(project, 8)
    young, young_part = begun(project, 6)
    lively, lively_part = begun(project, 0.1, row_days=30)
    lost = project.home / "uploads" / f"{'0' * 32}.part"
    lost.write_bytes(b"123")
    os.utime(lost, (0, 0))
    finished, _ = begun(project, 30)
    project.store.uploads.change(finished, "completed", "data/x.csv")
    assert collect(project)["upload_bytes"] == 5 + 3 + 5
    left = {upload.id for upload in project.store.uploads.list()}
    assert left == {young, lively, finished} and old not in left
    assert (old_part.exists(), young_part.exists(), lively_part.exists(), lost.exists()) == (False, True, True, False)


def test_beginning_an_upload_clears_away_those_that_were_abandoned(project: Project) -> None:
    from runnel.app.project_files import ProjectFiles

    _, part = begun(project, 8)
    ProjectFiles(project.root, project.home, project.store, (), 100).begin("new.csv", 5, "eva")
    assert not part.exists() and [upload.name for upload in project.store.uploads.list()] == ["new.csv"]
    assert drop_abandoned(project.store.uploads, project.home, project.clock() - KEPT) == 0
