"""A stream on the command line: run until it ends or Ctrl-C drains it, with a line of figures while it runs."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runnel.cli.output import Output
from runnel.cli.session import project_of

if TYPE_CHECKING:
    from runnel.app.streams.running import StreamReport


def is_stream_file(file: str) -> bool:
    """Tell whether a pipeline file has a source without end; what cannot be read is none."""
    from runnel.app.pipelines import read
    from runnel.sdk.node import Streaming

    with project_of(file) as project:
        pipeline = read(file).pipeline
        nodes = pipeline.nodes.values() if pipeline is not None else ()
        kinds = [project.catalog.get(node.kind) for node in nodes if not node.muted]
        return any(kind is not None and kind.streaming is Streaming.UNBOUNDED for kind in kinds)


def run_stream_file(
    file: str, params: Mapping[str, Any], until_caught_up: bool, json: bool, printer: Output, cancel: threading.Event
) -> int:
    """Run a stream; returns the exit code."""
    began = time.monotonic()
    with project_of(file) as project, _drains(cancel):
        project.workers.start(streams=True)  # it imports beside this process
        from runnel.app import pipelines
        from runnel.app.streams.running import StreamRunOptions, run_stream

        options = StreamRunOptions(params, until_caught_up)
        report = run_stream(project, pipelines.read(file), options, _progress(printer), cancel)
    printer.clear_progress()
    if json:
        printer.result(_json(report, time.monotonic() - began))
    else:
        _show(printer, report)
    if report.error is not None:
        return report.error.exit_code
    return 130 if report.how == "stopped" else 0


@contextmanager
def _drains(cancel: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM drain the stream; a second one ends the program where it stands."""

    def asked(number: int, frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(printer: Output) -> Any:
    if not printer.interactive:
        return None

    def show(kind: str, data: Mapping[str, Any]) -> None:
        if kind == "restarted":
            printer.warn(f"the stream's process ended ({data['cause']}); started again")
        elif kind == "blocked":
            printer.warn(f"{data['what']}. {data['hint']}")
        elif kind == "unblocked":
            printer.note("the stream goes on")
        elif kind == "status":
            for words in _held(data).difference(paused):
                printer.warn(words)
                paused.add(words)

    paused: set[str] = set()
    return show


def _held(status: Mapping[str, Any]) -> set[str]:
    """Say which wires are paused: a run to the end waits for them."""
    sinks = {f"the wire into {node} is paused" for node, box in status["outbox"].items() if box["held"]}
    return sinks | {f"the wire out of {node} is paused" for node, source in status["sources"].items() if source["held"]}


def _json(report: StreamReport, seconds: float) -> dict[str, Any]:
    balanced = bool(report.ledger.get("balanced", False))
    return {
        "pipeline": report.name, "status": "failed" if report.error else "success", "how": report.how,
        "seconds": round(seconds, 6), "starts": report.starts, "epoch": report.status.get("epoch"),
        "positions": report.status.get("positions"), "ledger": report.ledger or {"balanced": balanced, "nodes": []},
        "dead_letters": dict(report.letters), "error": report.error.to_json() if report.error else None,
    }  # fmt: skip


def _show(printer: Output, report: StreamReport) -> None:
    for entry in report.ledger.get("nodes", ()):
        printer.note(f"{entry['node']}: {entry['in']:,} in, {entry['out']:,} out, {entry['in_flight']:,} in flight")
    for node, count in report.letters.items():
        printer.warn(f"{node}: {count:,} dead letters")
    if report.error is not None:
        printer.error(report.error)
    printer.note(f"{report.how} after epoch {report.status.get('epoch', 0)}")
