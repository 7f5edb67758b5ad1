"""The pages that describe the API: from this server alone, under the same policy as every other page."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from serving import served


def test_the_description_is_public_and_told_apart_by_its_tag() -> None:
    with served() as server:
        first = server.call("GET", "/api/v1/openapi.json")
        assert first.json["openapi"].startswith("3.") and first.json["components"]["securitySchemes"].keys() == {
            "token",
            "session",
        }
        tag = first.header("etag") or ""
        assert server.call("GET", "/api/v1/openapi.json", headers={"if-none-match": tag}).status == 304


@pytest.mark.row("M-003-52")
@pytest.mark.parametrize(("page", "file"), [("/docs", "swagger.html"), ("/redoc", "redoc.html")])
def test_the_pages_load_their_files_from_here(tmp_path: Path, page: str, file: str) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / file).write_text('<script src="/docs-files/x.js"></script>')
    (folder / "x.js.gz").write_bytes(gzip.compress(b"alert"))
    with served(static=tmp_path) as server:
        answer = server.call("GET", page)
        assert answer.status == 200 and b"/docs-files/x.js" in answer.body
        assert "unsafe" not in (answer.header("content-security-policy") or "")
        plain = server.call("GET", "/docs-files/x.js")
        assert plain.body == b"alert" and plain.header("content-type") == "text/javascript; charset=utf-8"
        packed = server.call("GET", "/docs-files/x.js", headers={"accept-encoding": "gzip"})
        assert gzip.decompress(packed.body) == b"alert" and packed.header("content-encoding") == "gzip"
        assert server.call("GET", "/docs-files/y.js").status == 404


def test_without_their_files_the_pages_name_the_description(tmp_path: Path) -> None:
    with served(static=tmp_path) as server:
        for page in ("/docs", "/redoc"):
            assert b"/api/v1/openapi.json" in server.call("GET", page).body


def test_the_written_pages_name_no_other_server() -> None:
    from tools.docs_assets import PACKAGES, PAGE, REDOC, SWAGGER, page

    for text in (PAGE, REDOC, SWAGGER, page("x", "a.css", ["b.js"])):
        assert not re.search(r"https?://|//[a-z]+\.", text)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version, _ in PACKAGES.values())
