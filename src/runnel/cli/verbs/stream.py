"""`runnel stream`: start, stop, drain and pause streams; what they do and where every record is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of
from runnel.errors import AuthoringError, LimitError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Start, stop and look at streams.")
positions_app = typer.Typer(add_completion=False, no_args_is_help=True, help="Positions of a stream, out and in.")
app.add_typer(positions_app, name="positions")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
NAME = typer.Argument(help="The stream's name: that of its pipeline.")
EDGE = typer.Option(None, "--edge", help="A wire into a sink or out of a source: A.output->B, or A->B. In quotes.")
START_SECONDS = 60.0


@app.command("start", epilog="Example: runnel stream start clicks")
def start(name: str = NAME, json: bool = JSON) -> None:
    """Start a pipeline with a source without end; it goes on when this command has ended."""
    from runnel.app.streams.telling import rows_of

    output = current_output()
    with project_of(None) as project:
        path = _path(project, name)
        store = rows_of(project)
        before = store.get(name)
        log = project.home / "streams" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "runnel.cli.main", "run", path], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True, env=dict(os.environ),
            )  # fmt: skip
        token = before["token"] if before else 0
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = store.get(name)
            if found is not None and found["token"] > token and found["status"] == "running":
                break
            if process.poll() is not None:
                words = log.read_text("utf-8", "replace")[-2000:]
                raise AuthoringError("RNL-STREAM-041", f"the stream {name} ended at once", f"Its log {log} ends: {words}")
            time.sleep(0.05)
        else:
            raise LimitError("RNL-STREAM-042", f"the stream {name} did not start in {START_SECONDS:.0f} s", f"See {log}.")
        store.close()
    if json:
        output.result({"name": name, "status": "running", "pid": process.pid})
    else:
        output.text(f"{name} runs; `runnel stream status {name}` shows it, its log is {log}")


def _path(project: Any, name: str) -> str:
    """Return the file of a pipeline, by its name or its path."""
    from runnel.app.pipeline_files import PipelineFiles

    if os.path.exists(name):
        return os.path.abspath(name)
    files = PipelineFiles(project.root).all()
    if name not in files:
        raise AuthoringError("RNL-FILE-001", f"there is no pipeline {name}", f"Pipelines: {', '.join(files)}.")
    return str(files[name].path)


def _wish(name: str, verb: str, json: bool, until: tuple[str, ...]) -> None:
    output, now = current_output(), _wished(name, verb, until)
    if json:
        output.result({"name": name, "status": now})
    else:
        output.text(f"{name}: {now}")


def _wished(name: str, verb: str, until: tuple[str, ...]) -> str:
    """Ask for something, and wait until it is so; returns the status."""
    from runnel.app.streams.telling import WISHES, found, rows_of, status

    with project_of(None) as project:
        store = rows_of(project)
        found(store, name)
        store.wish(name, WISHES[verb])
        deadline = time.monotonic() + 60
        while (now := status(found(store, name))["status"]) not in (*until, "failed", "lost") and time.monotonic() < deadline:
            time.sleep(0.1)
        store.close()
    return str(now)


@app.command("stop", epilog="Example: runnel stream stop clicks")
def stop(
    name: str = NAME,
    close_windows: bool = typer.Option(False, "--close-windows", help="Let open windows leave as they are."),
    json: bool = JSON,
) -> None:
    """Stop a stream; windows stay open, and a start goes on where it stopped."""
    _wish(name, "close" if close_windows else "stop", json, ("stopped", "drained", "finished"))


@app.command("change", epilog="Example: runnel stream change clicks --state forget")
def change(
    name: str = NAME,
    state: str = typer.Option("keep", help="Of states: keep (refused where one does not fit), close, or forget those."),
    discard: bool = typer.Option(False, "--discard", help="Let rows go that wait for a sink which is no more."),
    look: bool = typer.Option(False, "--look", help="Only say what the change means."),
    json: bool = JSON,
) -> None:
    """Let a stream go on with its changed pipeline, at the same positions; a savepoint keeps how it stood before."""
    from runnel.cli.stream_change import decided, looked_at, show

    output = current_output()
    with project_of(None) as project:
        path = _path(project, name)
    outlook = looked_at(name, path)
    if look:
        output.result(outlook) if json else show(output, outlook)
        return
    if state == "keep" and (outlook["changed"] or outlook["gone"]):
        decided(name, path, state, discard)
    verb = "close" if state == "close" else "drain" if outlook["waiting"] and not discard else "stop"
    _wished(name, verb, ("stopped", "drained", "finished"))
    decided(name, path, state, discard)
    start(name, json)


@app.command("drain", epilog="Example: runnel stream drain clicks")
def drain(name: str = NAME, json: bool = JSON) -> None:
    """Stop a stream after everything that it has read is delivered; windows stay open."""
    _wish(name, "drain", json, ("stopped", "drained", "finished"))


@app.command("pause", epilog="Example: runnel stream pause clicks --edge 'per_second.output->saved'")
def pause(name: str = NAME, edge: str = EDGE, json: bool = JSON) -> None:
    """Let a stream read nothing more until it is resumed, or pause one wire while the rest goes on."""
    if edge is not None:
        from runnel.cli.stream_edges import wish_for_edge

        return wish_for_edge(current_output(), name, edge, "pause", json)
    _wish(name, "pause", json, ("paused", "stopped", "drained", "finished"))


@app.command("resume", epilog="Example: runnel stream resume clicks --edge 'per_second.output->saved'")
def resume(name: str = NAME, edge: str = EDGE, json: bool = JSON) -> None:
    """Let a paused stream read on, or one wire of it go on."""
    if edge is not None:
        from runnel.cli.stream_edges import wish_for_edge

        return wish_for_edge(current_output(), name, edge, "resume", json)
    _wish(name, "resume", json, ("running", "stopped", "drained", "finished"))


@app.command("status", epilog="Example: runnel stream status clicks --json")
def show_status(name: str = typer.Argument(None, help="The stream; all without it."), json: bool = JSON) -> None:
    """Show how far streams are: epoch, rate, positions, lag, watermark, state, outboxes."""
    from runnel.app.streams.telling import found, rows_of, status

    output = current_output()
    with project_of(None) as project:
        store = rows_of(project)
        names = [name] if name else [item["name"] for item in store.list()]
        made = [{**status(found(store, item)), "guarantee": _guarantees(project, store, item)} for item in names]
        for item in made:
            item["changes"] = _with_hits(project, store, item)
        store.close()
    if json:
        output.result(made[0] if name else {"streams": made})
        return
    from runnel.cli.stream_edges import show_pauses

    rows = [[item["name"], item["status"], item["epoch"], item["events_per_second"], sum(item["lag"].values()),
             item["watermark"], item["state_bytes"]] for item in made]  # fmt: skip
    output.table(["stream", "status", "epoch", "events/s", "lag", "watermark", "state bytes"], rows, right=[2, 3, 4, 6])
    show_pauses(output, made)
    for item in made:
        for change in item["changes"]:
            from runnel.app.streams.drift import words_of

            output.note(f"{item['name']}: {words_of(change)}")
        if item["joins"]["trouble"]:
            output.warn(f"{item['name']}: the newest version is not joined with: {item['joins']['trouble']}")


def _with_hits(project: Any, store: Any, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the changes of a stream's records with the nodes that they hit."""
    if not told["changes"]:
        return []
    from runnel.app.streams.accounting import compiled_of
    from runnel.app.streams.drift import Drift

    return Drift(lambda: compiled_of(project, store.get(told["name"]))).with_hits(told["changes"])


def _guarantees(project: Any, store: Any, name: str) -> dict[str, str]:
    from runnel.app.streams.accounting import document_of
    from runnel.app.streams.telling import guarantees

    pipeline = document_of(project, store.get(name)).pipeline
    nodes = pipeline.nodes.values() if pipeline is not None else ()
    return guarantees(project, {node.id: (node.kind, node.config) for node in nodes if node.kind.startswith("sink.")})


@app.command("savepoint", epilog="Example: runnel stream savepoint clicks before-change")
def savepoint(name: str = NAME, label: str = typer.Argument(help="The savepoint's name."), json: bool = JSON) -> None:
    """Keep a stream as it stands, to go back to; it goes on meanwhile."""
    from runnel.app.streams.telling import found, rows_of

    output = current_output()
    with project_of(None) as project:
        store = rows_of(project)
        found(store, name)
        epoch = store.savepoint(name, label)
        store.close()
    if epoch is None:
        raise AuthoringError("RNL-STREAM-043", f"the stream {name} has no epoch yet", "Wait for its first one.")
    output.result({"name": name, "label": label, "epoch": epoch}) if json else output.text(f"{label}: epoch {epoch}")


@app.command("rewind", epilog="Example: runnel stream rewind clicks --to start")
def rewind_stream(
    name: str = NAME,
    to: str = typer.Option("start", help="start, a savepoint, or the number of a kept epoch (its positions)."),
    positions: str = typer.Option(None, help="A JSON file: source → partition → position; - for standard input."),
    json: bool = JSON,
) -> None:
    """Let a stopped stream begin anew: from its start, a savepoint, or positions. Epoch numbers go on."""
    _begin_anew(name, to, None if positions is None else _read_json(positions), json)


@positions_app.command("export", epilog="Example: runnel stream positions export clicks > positions.json")
def export_positions(
    name: str = NAME, at: str = typer.Option(None, help="A savepoint, or a kept epoch; now without it.")
) -> None:
    """Print where each source is read next, as JSON that import takes."""
    from runnel.app.streams.rewinding import positions_at
    from runnel.app.streams.telling import rows_of

    with project_of(None) as project:
        store = rows_of(project)
        made = positions_at(store, name, at)
        store.close()
    current_output().result(made)


@positions_app.command("import", epilog="Example: runnel stream positions import clicks positions.json")
def import_positions(
    name: str = NAME, file: str = typer.Argument(help="A JSON file as export prints it; - for standard input."), json: bool = JSON
) -> None:
    """Let a stopped stream begin anew, with empty state, at positions out of a file."""
    _begin_anew(name, "start", _read_json(file), json)


def _read_json(file: str) -> Any:
    import json
    from pathlib import Path

    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    try:
        return json.loads(text)
    except ValueError as error:
        raise AuthoringError("RNL-STREAM-050", f"reading positions from {file}: {error}", "Write JSON.") from error


def _begin_anew(name: str, to: str, given: Any, json: bool) -> None:
    from runnel.app.streams.accounting import plan_of
    from runnel.app.streams.rewinding import checked_positions, rewind
    from runnel.app.streams.telling import found, rows_of

    output = current_output()
    with project_of(None) as project:
        store = rows_of(project)
        wanted = None
        if given is not None:
            wanted = checked_positions(given, [scan.node for scan in plan_of(project, found(store, name)).scans])
        made = rewind(store, name, to, wanted)
        store.close()
    output.result(made) if json else output.text(f"{name} begins anew ({made['to']}) after epoch {made['epoch']}")


@app.command("delete", epilog="Example: runnel stream delete clicks --look")
def delete(
    name: str = NAME,
    discard: bool = typer.Option(False, "--discard", help="Let dead letters and undelivered rows go with it."),
    keep_outside: bool = typer.Option(False, "--keep-outside", help="Leave alone what it holds in other systems."),
    look: bool = typer.Option(False, "--look", help="Only say what would go."),
    json: bool = JSON,
) -> None:
    """Delete a stopped stream for good: state, history, logs, slots and sessions. What it wrote stays, and its pipeline."""
    from runnel.cli import stream_delete

    if look:
        stream_delete.look(current_output(), name, json)
    else:
        stream_delete.delete(current_output(), name, discard, keep_outside, json)


@app.command("ledger", epilog="Example: runnel stream ledger clicks --from 10 --to 20")
def ledger(
    name: str = NAME,
    begin: int = typer.Option(0, "--from", min=0, help="The epoch before the first one."),
    end: int = typer.Option(None, "--to", help="The last epoch; the newest without it."),
    json: bool = JSON,
) -> None:
    """Prove the balance of a stream between two kept boundaries."""
    from runnel.app.streams.accounting import balance
    from runnel.app.streams.telling import rows_of

    output = current_output()
    with project_of(None) as project:
        store = rows_of(project)
        made = balance(project, store, name, begin, end)
        store.close()
    if json:
        output.result(made)
    else:
        rows = [[e["node"], e["in"], e["passed"], e["filtered"], e["absorbed"], e["dead_lettered"], e["in_flight"], e["out"]]
                for e in made["nodes"]]  # fmt: skip
        heads = ["node", "in", "passed", "left out", "absorbed", "dead letters", "in flight", "out"]
        output.table(heads, rows, right=range(1, 8))
        words = "the ledger balances" if made["balanced"] else "the ledger does not balance"
        output.note(f"epochs {made['from']} to {made['to']}: {words}")
    if not made["balanced"]:
        raise typer.Exit(1)


@app.command("trace", epilog="Example: runnel stream trace clicks --dataset clicks_per_second --where \"page = 'shop'\"")
def trace(
    name: str = NAME,
    where: str = typer.Option(..., help="An expression over the row's columns."),
    dataset: str = typer.Option(None, help="The dataset in which the row stands."),
    sink: str = typer.Option(None, help="Or the sink that it went to."),
    epoch: int = typer.Option(None, min=1, help="With --sink: the epoch that made it."),
    to: int = typer.Option(None, min=1, help="With --sink: the last such epoch."),
    limit: int = typer.Option(10, min=1, max=1000, help="At most so many rows."),
    json: bool = JSON,
) -> None:
    """Show the source records that made a row; they are read again, and computed to see that they give it."""
    from runnel.cli.stream_trace import show, traced, wanted

    made = traced(name, wanted(dataset, sink, where, (epoch, to), limit))
    current_output().result(made) if json else show(current_output(), made)
    if not all(row["reproduced"] for row in made["rows"]):
        raise typer.Exit(1)
