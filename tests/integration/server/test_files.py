"""Files over HTTP: uploaded in parts that go on where they broke off, listed, looked into, downloaded, deleted."""

from __future__ import annotations

import gzip

import httpx
import pytest

from running import Running

CSV = "name,amount\n" + "".join(f"row {number},{number}.50\n" for number in range(1, 501))


def put(server: Running, id: str, offset: int, body: bytes, kind: str = "application/octet-stream") -> httpx.Response:
    return server.api.put(f"/uploads/{id}", params={"offset": offset}, content=body, headers={"content-type": kind})


def upload(server: Running, name: str, body: bytes) -> dict:
    begun = server.post("/uploads", {"name": name, "bytes": len(body)})
    if body:
        assert put(server, begun["id"], 0, body).status_code == 200
    return server.post(f"/uploads/{begun['id']}/finish")


@pytest.mark.row("M-003-140", "M-003-413", "M-003-420")
def test_an_uploaded_file_is_among_the_files_with_what_is_known_of_it(server: Running):
    made = upload(server, "amounts.csv", CSV.encode())
    assert made["path"] == "data/amounts.csv" and made["source"] == "upload"
    found = next(item for item in server.get("/files")["items"] if item["id"] == made["id"])
    assert (found["bytes"], found["type"], found["status"]) == (len(CSV), "CSV", "completed")
    assert found["modified_at"].endswith("Z")
    assert (server.root / "data" / "amounts.csv").read_text("utf-8") == CSV


@pytest.mark.row("M-003-415")
def test_a_broken_upload_goes_on_where_it_broke_off_and_several_go_at_once(server: Running):
    body = CSV.encode()
    begun = [server.post("/uploads", {"name": "parts.csv", "bytes": len(body)}) for _ in range(2)]
    for upload_ in begun:
        put(server, upload_["id"], 0, body[:100])
    wrong = put(server, begun[0]["id"], 50, body[50:])
    assert wrong.status_code == 409 and wrong.json()["where"]["received"] == 100
    early = server.api.post(f"/uploads/{begun[0]['id']}/finish")
    assert early.status_code == 422 and "100 of" in early.json()["what"]
    names = []
    for upload_ in begun:
        assert server.get(f"/uploads/{upload_['id']}")["received"] == 100
        put(server, upload_["id"], 100, body[100:])
        names.append(server.post(f"/uploads/{upload_['id']}/finish")["name"])
    assert names == ["parts.csv", "parts_2.csv"]
    assert (server.root / "data" / "parts_2.csv").read_bytes() == body


@pytest.mark.row("M-003-415")
def test_a_file_over_the_limit_is_refused_before_it_is_sent(server: Running):
    answer = server.api.post("/uploads", json={"name": "big.csv", "bytes": 100_000_001})
    assert (
        answer.status_code == 413 and "100,000,000" in answer.json()["what"] and "upload_bytes" in answer.json()["hint"]
    )


@pytest.mark.row("M-003-418", "M-003-419")
def test_files_are_found_by_name_and_by_status(server: Running):
    upload(server, "needle.csv", b"a\n1\n")
    begun = server.post("/uploads", {"name": "unfinished.csv", "bytes": 10})
    assert [item["name"] for item in server.get("/files", search="needle")["items"]] == ["needle.csv"]
    waiting = server.get("/files", status="processing")["items"]
    assert [item["name"] for item in waiting] == ["unfinished.csv"]
    assert server.get("/files", search="processing")["items"][0]["name"] == "unfinished.csv"
    server.api.delete(f"/uploads/{begun['id']}")
    assert server.get("/files", status="processing")["items"] == []


@pytest.mark.row("M-003-416")
def test_a_table_shows_its_first_hundred_rows_a_text_its_beginning_and_a_picture_itself(server: Running):
    table = server.get(f"/files/{upload(server, 'table.csv', CSV.encode())['id']}/preview")
    assert table["kind"] == "table" and len(table["table"]["rows"]) == 100 and table["table"]["total_rows"] == 500
    objects = upload(server, "rows.json", b'[{"a": 1}, {"a": 2}]')
    rows = server.get(f"/files/{objects['id']}/preview")
    assert rows["table"]["rows"] == [["1"], ["2"]]
    text = server.get(f"/files/{upload(server, 'notes.txt', b'hello')['id']}/preview")
    assert text == {"kind": "text", "text": "hello", "complete": True}
    dot = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")
    picture = server.get(f"/files/{upload(server, 'dot.png', dot)['id']}/preview")
    assert picture["kind"] == "image" and picture["data"].startswith("data:image/png;base64,")
    hidden = server.get(f"/files/{upload(server, 'page.png', b'<script>alert(1)</script>')['id']}/preview")
    assert hidden["kind"] == "none"


@pytest.mark.row("M-003-417")
def test_a_download_is_saved_and_never_shown(server: Running):
    made = upload(server, "page.html", b"<script>alert(1)</script>")
    answer = server.api.get(f"/files/{made['id']}/content")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.row("M-003-421")
def test_deleting_a_file_that_a_pipeline_reads_is_refused_unless_it_is_meant(server: Running):
    made = upload(server, "read.csv", b"a\n1\n")
    reader = server.post("/pipelines", {"from": {"file": made["path"]}})["name"]
    refused = server.api.delete(f"/files/{made['id']}")
    assert refused.status_code == 409 and (server.root / made["path"]).exists()
    assert server.get(f"/files/{made['id']}")["used_by"][0]["name"] == reader
    assert server.api.delete(f"/files/{made['id']}", params={"force": True}).status_code == 200
    assert not (server.root / made["path"]).exists()
    server.api.delete(f"/pipelines/{reader}")


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/passwd", "..\\..\\evil.csv", "a\0b.csv", "CON.csv", "-rf", "x" * 4000 + ".csv",
             "．．/evil.csv", "evil.runnel.yaml", ".bashrc", "  . "],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder_of_data(server: Running, name: str):
    made = upload(server, name, b"a\n1\n")
    target = (server.root / made["path"]).resolve()
    assert target.parent == server.root / "data" and target.read_bytes() == b"a\n1\n"
    assert not target.name.startswith((".", "-")) and not target.name.endswith(".runnel.yaml")
    assert len(target.name.encode()) <= 255 and "\0" not in target.name
    assert not list(server.root.parent.glob("*evil*")) and not list(server.root.glob("*evil*"))
    target.unlink()


def test_a_file_is_used_where_it_lies_but_only_below_the_granted_folders(server: Running):
    (server.root / "sub").mkdir(exist_ok=True)
    (server.root / "sub" / "here.csv").write_text("a\n1\n", "utf-8")
    assert server.post("/files/use", {"path": "sub/here.csv"})["path"] == "sub/here.csv"
    for outside in ("/etc/passwd", "../other.csv", "sub/../../x.csv"):
        answer = server.api.post("/files/use", json={"path": outside})
        assert answer.status_code == 422 and answer.json()["code"] == "RNL-PATH-001"
    (server.root / "sub" / "link.csv").symlink_to("/etc/passwd")
    assert server.api.post("/files/use", json={"path": "sub/link.csv"}).status_code == 422


def test_sniffing_says_what_it_decided(server: Running):
    body = "Name;Betrag\nÄpfel;1,50\nBirnen;22,75\n".encode("latin-1")
    found = server.post("/files/sniff", {"id": upload(server, "german.csv", body)["id"]})
    assert [column["type"] for column in found["columns"]] == ["VARCHAR", "DOUBLE"] or found["columns"][1][
        "type"
    ].startswith("DECIMAL")
    assert ";" in found["words"] and found["notes"]


def test_an_upload_of_a_bomb_ends_with_a_reason(server: Running):
    made = upload(server, "bomb.csv.gz", gzip.compress(b"a" * 60_000_000, 9))
    answer = server.api.get(f"/files/{made['id']}/preview")
    assert answer.status_code in (413, 422) and answer.json()["what"]
    assert server.get("/files", limit=1)["items"]
