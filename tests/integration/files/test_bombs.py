"""Hostile files in a real locked-down worker of 512 MB: a LimitError, and the next task runs."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from runnel.errors import LimitError
from runnel.sandbox import Grant, Limits, Zygote


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote(("duckdb", "pyarrow", "pyarrow.parquet", "runnel.app.worker"))
    yield made
    made.close()


def giant_cell(before: bytes, after: bytes) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(before)
            for _ in range(256):
                file.write(b"x" * (1 << 20))
            file.write(after)

    return write


def zeros(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(600):
            file.write(b"0" * (1 << 20))


def packed_zeros(path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        for _ in range(600):
            file.write(b"0" * (1 << 20))


BOMBS: dict[str, Callable[[Path], object]] = {
    "deep.json": lambda path: path.write_text("[" * 100_000 + "]" * 100_000),
    "deep.ndjson": lambda path: path.write_text('{"a":1}\n' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "\n"),
    "deep.xml": lambda path: path.write_text("<a>" * 100_000 + "</a>" * 100_000),
    "wide.csv": lambda path: path.write_text(",".join(f"c{n}" for n in range(1_000_000)) + "\n"),
    "wide.ndjson": lambda path: path.write_text(json.dumps({f"c{n}": 1 for n in range(1_000_000)}) + "\n"),
    "cell.csv": giant_cell(b"a,b\n1,", b"\n2,3\n"),
    "quoted.csv": giant_cell(b'a,b\n1,"', b'"\n2,3\n'),
    "cell.json": giant_cell(b'[{"a":"', b'"}]'),
    "cell.ndjson": giant_cell(b'{"a":1}\n{"a":"', b'"}\n'),
    "cell.txt": giant_cell(b"a\n", b"\nb\n"),
    "cell.xml": giant_cell(b"<r><a>1</a><a>", b"</a></r>"),
    "zeros.csv.gz": zeros,
    "zeros.csv.zst": packed_zeros,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_limit(name: str, tmp_path: Path, zygote: Zygote) -> None:
    path, staging = tmp_path / name, tmp_path / "staging"
    staging.mkdir()
    BOMBS[name](path)
    payload = {"kind": "source.file", "config": {"path": str(path)}, "id": "bomb", "folder": str(tmp_path)}
    grant = Grant(read=(str(path),), write=(str(staging),))
    begun = time.monotonic()
    with pytest.raises(LimitError):
        zygote.run("runnel.app.worker:probe", payload, grant, Limits(memory_bytes=512 << 20, timeout_seconds=30))
    assert time.monotonic() - begun < 30
    path.unlink()
