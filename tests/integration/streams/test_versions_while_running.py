"""The versions of a dataset that a stream writes are noted while it runs, not only when it ends."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from flowing import folder, write

from runnel.app.pipelines import read
from runnel.app.project import Project
from runnel.app.streams import running
from runnel.app.streams.running import StreamRunOptions, run_stream
from runnel.store.tables import dataset_versions

__all__ = ["folder"]


def test_versions_are_noted_while_nobody_looks(folder, monkeypatch):
    monkeypatch.setattr(running, "CATCH_UP_SECONDS", 0.0)
    path = write(folder, "  saved: {kind: sink.dataset, from: ticks, config: {name: seen}}\n", events="null", rate="2000")
    project = Project(folder, environ={})
    enough, noted = threading.Event(), []

    def told(kind, data):
        with project.store.engine.connect() as connection:
            noted.append(connection.execute(sa.select(sa.func.count()).select_from(dataset_versions)).scalar_one())
        if noted[-1] > 3:
            enough.set()

    late = threading.Timer(60, enough.set)
    late.start()
    try:
        report = run_stream(project, read(path), StreamRunOptions(epoch_seconds=0.1), told, enough)
    finally:
        late.cancel()
        project.close()
    assert report.how == "drained", report.error
    assert noted[-1] > 3
