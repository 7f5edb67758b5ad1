"""Pipelines and their versions: a version is immutable and known by the hash of its text."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.errors import AuthoringError
from runnel.model.document import Pipeline
from runnel.model.hashing import version_hash
from runnel.model.saving import to_mapping
from runnel.store.moments import aware
from runnel.store.tables import pipelines, runs, versions


def _insert_once(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Insert a row that another process may be inserting too: theirs says the same."""
    with contextlib.suppress(IntegrityError), connection.begin_nested():
        connection.execute(table.insert().values(**row))


class VersionStore:
    """The versions of every pipeline of a project."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def put(self, name: str, text: str, meaning: str, pipeline: Pipeline, actor: str | None = None) -> str:
        """Keep a version; the same text again gives the same id and writes nothing but the time."""
        id = version_hash(text)
        now = datetime.now(UTC)
        with self.engine.begin() as connection:
            if connection.execute(sa.select(versions.c.id).where(versions.c.id == id)).first() is None:
                row = {
                    "id": id, "pipeline": name, "semantic_hash": meaning, "text": text, "created_at": now,
                    "graph_definition": graph_definition(pipeline), "actor": actor,
                }  # fmt: skip
                _insert_once(connection, versions, row)
            found = connection.execute(sa.select(pipelines.c.latest_version).where(pipelines.c.name == name)).first()
            values = {"title": pipeline.title, "is_active": pipeline.active, "latest_version": id, "updated_at": now}
            if found is None:
                _insert_once(connection, pipelines, {"name": name, "created_at": now, **values})
            elif found[0] != id:
                connection.execute(pipelines.update().where(pipelines.c.name == name).values(**values))
        return id

    def get(self, id: str, pipeline: str | None = None) -> str:
        """Return the text of a version; raises AuthoringError when there is none, or none of the named pipeline.

        Two files may hold the same text and so the same version: it is of each pipeline that kept it last or ran it.
        """
        query = sa.select(versions.c.text).where(versions.c.id == id)
        if pipeline is not None:
            kept = sa.exists().where(pipelines.c.name == pipeline, pipelines.c.latest_version == id)
            ran = sa.exists().where(runs.c.pipeline == pipeline, runs.c.version == id)
            query = query.where(sa.or_(versions.c.pipeline == pipeline, kept, ran))
        with self.engine.connect() as connection:
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            whose = f" of {pipeline}" if pipeline is not None else ""
            raise AuthoringError(
                "RNL-VERSION-001", f"there is no version `{id}`{whose}", "`runnel pipelines list` shows them."
            )
        return found

    def list(self, pipeline: str | None = None) -> list[dict[str, Any]]:
        """Return the versions, newest first."""
        columns = (
            versions.c.id,
            versions.c.pipeline,
            versions.c.semantic_hash,
            versions.c.created_at,
            versions.c.actor,
        )
        query = sa.select(*columns).order_by(versions.c.created_at.desc())
        if pipeline is not None:
            query = query.where(versions.c.pipeline == pipeline)
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        return [{**row, "created_at": aware(row["created_at"])} for row in found]

    def pipelines(self) -> list[dict[str, Any]]:
        """Return the pipelines that ran here."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(pipelines).order_by(pipelines.c.name)).mappings()]


def graph_definition(pipeline: Pipeline) -> dict[str, Any]:
    """Return the graph as nodes, edges and positions."""
    document = to_mapping(pipeline)
    return {
        "nodes": document.get("nodes", {}),
        "edges": [
            {"from": wire.ref, "to": node.id, "port": wire.port}
            for node in pipeline.nodes.values()
            for wire in node.wires
        ],
        "positions": dict(pipeline.ui).get("nodes", {}),
    }
