"""Refused records of files in any encoding come back as they stood there, typed as the whole file is."""

from __future__ import annotations

import base64
import codecs
import json

import pytest

from building import document, fresh_project, node, run_nodes
from runnel.app.replaying import replay


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


CSV = "id,name,price\n1,Käthe,5\n2,Bäcker & Söhne,drei\n3,Zoë,7\n4,Jürgen,vier\n"
NDJSON = "".join(
    json.dumps({"id": n, "name": name, "price": price}, ensure_ascii=False) + "\n"
    for n, name, price in [(1, "Käthe", 5), (2, "Bäcker & Söhne", "drei"), (3, "Zoë", 7), (4, "Jürgen", "vier")]
)
ENCODINGS = {
    "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-8": codecs.BOM_UTF8, "latin-1": b"", "windows-1252": b"",
}  # fmt: skip


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("file", "text"), [("in.csv", CSV), ("in.ndjson", NDJSON)])
def test_refused_records_are_replayed_whatever_the_file_is_encoded_in(project, file, text, encoding, line_end):
    content = ENCODINGS[encoding] + text.replace("\n", line_end).encode(encoding)
    (project.root / file).write_bytes(content)
    source = node("source.file", path=file, columns={"price": "BIGINT"})
    if encoding in ("latin-1", "windows-1252"):
        source["config"]["encoding"] = encoding
    chosen = node("table.select", "read", columns=["id", "name", "price"])
    nodes = {"read": source, "chosen": chosen, "saved": node("sink.file", "chosen", path="out.json")}
    first = run_nodes(project, nodes)
    assert (first.result.letters, first.result.error) == ({"read": 2}, None) and first.ledger.balanced
    for letter in project.store.letters.show(first.run_id, "read", 10):
        raw = base64.b64decode(letter["raw"])
        assert len(raw) > 10 and raw.decode(encoding) in text, "the bytes are those of the file"
    source["config"]["columns"] = {"price": "VARCHAR"}
    report, count = replay(project, document(project, nodes), first.run_id, "read")
    assert (report.status, count) == ("success", 2), report.result.error
    assert json.loads((project.root / "out.json").read_text("utf-8")) == [
        {"id": 2, "name": "Bäcker & Söhne", "price": "drei"}, {"id": 4, "name": "Jürgen", "price": "vier"}
    ]  # fmt: skip


def test_few_records_are_typed_as_the_whole_file_was(project):
    (project.root / "in.csv").write_text("id,price\n1,2.5\n2,3,too many\n3,4.5\n")
    nodes = {"read": node("source.file", path="in.csv"), "saved": node("sink.dataset", "read", name="d", mode="append")}
    first = run_nodes(project, nodes)
    assert first.result.letters == {"read": 1}
    (project.root / "in.csv").write_text("id,price,note\n1,2.5,\n2,3,too many\n3,4.5,\n")
    report, _ = replay(project, document(project, nodes), first.run_id, "read")
    assert report.status == "success", report.result.error
    _, columns, _ = project.store.datasets.files("d")
    assert columns == {"id": "BIGINT", "price": "DOUBLE", "note": "VARCHAR"}
