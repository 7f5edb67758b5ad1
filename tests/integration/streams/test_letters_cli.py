"""Dead letters and positions of streams from the command line: edited, given again, exported; positions out and in."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

from flowing import entry, folder, runnel, write

__all__ = ["folder"]

RULE = """\
  good: {kind: table.validate, from: ticks, config: {rules: [{check: "v > 50", name: enough, message: too little}]}}
  out: {kind: sink.file, from: good.valid, config: {path: out.ndjson, mode: append}}
"""


def test_an_edited_letter_is_given_again_and_its_own_bytes_are_exported_beside(folder):
    path = write(folder, RULE, events=200)
    runnel(folder, "run", str(path), "--until-caught-up")
    letter = runnel(folder, "dead-letters", "show", "flow", "good")["letters"][0]
    row = json.loads(base64.b64decode(letter["raw"]))
    (folder / "fixed.json").write_text(json.dumps({**row, "v": 99}) + "\n", "utf-8")
    place = ("--epoch", str(letter["epoch"]), "--number", str(letter["number"]))
    made = runnel(folder, "dead-letters", "edit", "flow", *place, "--with", "fixed.json", "--replay")
    assert made["edited"] and made["letters"] == 1
    runnel(folder, "run", str(path), "--until-caught-up")
    rows = [json.loads(line) for line in (folder / "out.ndjson").read_text("utf-8").splitlines()]
    assert [found["v"] for found in rows if found["id"] == row["id"]] == [99]
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "dead-letters", "export", "flow", "--state", "replayed"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    (exported,) = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert json.loads(base64.b64decode(exported["edited"]))["v"] == 99
    assert exported["raw"] == letter["raw"] and exported["state"] == "replayed"
    runnel(folder, "dead-letters", "edit", "flow", *place, "--with", "fixed.json", code=3)


def test_positions_that_were_exported_are_where_a_stream_begins_after_they_are_imported(folder):
    path = write(folder, RULE, events=1_000)
    runnel(folder, "run", str(path), "--until-caught-up")
    kept = runnel_text(folder, "stream", "positions", "export", "flow")
    positions = json.loads(kept)["positions"]["ticks"]
    assert sum(at["next"] for at in positions.values()) == 1_000
    (folder / "positions.json").write_text(json.dumps({"ticks": dict.fromkeys(positions, 300)}), "utf-8")
    runnel(folder, "stream", "positions", "import", "flow", "positions.json")
    again = runnel(folder, "run", str(path), "--until-caught-up")
    assert entry(again, "ticks")["records"] == 1_000 - 300 * len(positions)
    (folder / "wrong.json").write_text('{"nobody": {"0": 1}}', "utf-8")
    runnel(folder, "stream", "positions", "import", "flow", "wrong.json", code=3)


def runnel_text(folder, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", *arguments], cwd=folder, capture_output=True, check=True
    )
    return done.stdout.decode()
