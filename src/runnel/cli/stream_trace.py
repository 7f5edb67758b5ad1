"""Rows of a stream traced on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runnel.cli.session import project_of
from runnel.errors import AuthoringError

if TYPE_CHECKING:
    from runnel.app.streams.tracing import Wanted
    from runnel.cli.output import Output

SHOWN = 20


def wanted(dataset: str | None, sink: str | None, where: str, epochs: tuple[int | None, int | None], limit: int) -> Wanted:
    """Return what is asked for; raises AuthoringError unless it is rows of a dataset or of a sink."""
    from runnel.app.streams.tracing import Wanted

    if (dataset is None) == (sink is None):
        what = "whose records are wanted is not clear"
        raise AuthoringError("RNL-STREAM-064", what, "Give --dataset NAME, or --sink NODE with --epoch N.")
    return Wanted(where, dataset, sink, epochs[0], epochs[1] or epochs[0], limit)


def traced(name: str, asked: Wanted) -> dict[str, Any]:
    """Trace rows in the project that this command stands in."""
    from runnel.app.streams.telling import rows_of
    from runnel.app.streams.tracing import trace

    with project_of(None) as project:
        store = rows_of(project)
        try:
            return trace(project, store, name, asked)
        finally:
            store.close()


def show(output: Output, made: dict[str, Any]) -> None:
    """Print rows, each with the first of its records."""
    for row in made["rows"]:
        output.text(json.dumps(row["row"], ensure_ascii=False))
        first, last = row["epochs"]
        words = "alone give this row" if row["reproduced"] else "do not give this row alone"
        output.note(f"  epochs {first} to {last}: {len(row['records'])} records, which {words}")
        lines = [[one["source"], one["partition"], one["position"], _value(one)] for one in row["records"][:SHOWN]]
        output.table(["source", "partition", "position", "record"], lines, right=[2])
        if len(row["records"]) > SHOWN:
            output.note(f"  and {len(row['records']) - SHOWN} more (--json has all)")
        for gone in row["gone"]:
            output.note(f"  records of {gone['source']} are gone: {gone['what']}")


def _value(record: dict[str, Any]) -> str:
    return record.get("value") or record.get("base64") or json.dumps(record.get("columns"), ensure_ascii=False)
