"""What is known of a pipeline without running it: findings, schemas, SQL, lineage; and help while somebody writes."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field

from runnel.server.answers import Raw
from runnel.server.bodies import Body
from runnel.server.guarding import require, state_of
from runnel.server.routing import Routes
from runnel.server.workspace import EditBody, in_thread, while_there, workspace_of

routes = Routes("analysis")


class About(Body):
    """Which state of the pipeline is meant: the draft, or a version, or a document or edits that are not made yet."""

    version: str | None = None
    document: dict[str, Any] | None = None
    edits: list[EditBody] | None = Field(None, max_length=20_000)
    params: dict[str, Any] | None = None


class AboutNode(About):
    """A node, and a port of it, of some state of the pipeline."""

    node: str = Field(max_length=300)
    port: str | None = Field(None, max_length=200)


class SqlBody(About):
    """Which node's SQL (the last one without a name), in which dialect."""

    node: str | None = None
    dialect: str = "duckdb"


class LineageBody(AboutNode):
    """Which column of which node."""

    column: str


class CompleteBody(AboutNode):
    """The text of an expression in a field of a node, and where the cursor stands."""

    expression: str = Field("", max_length=100_000)
    position: int = Field(0, ge=0)
    field: str | None = None
    input: str | None = None


class ExpressionBody(AboutNode):
    """An expression to try on the first rows that enter a node; `allow` says what may stand in it."""

    expression: str = Field("", max_length=100_000)
    field: str | None = None
    input: str | None = None
    allow: str = "scalar"
    expect: str | None = None
    limit: int = Field(5, ge=1, le=100)


class DeltaBody(AboutNode):
    """A node and its config of before."""

    before: dict[str, Any]


class DiffBody(Body):
    """Two states of a pipeline: the id of a version, `draft`, `file`, or a text of several lines."""

    a: str
    b: str = "draft"


class SampleBody(About):
    """How many rows of each source are tried."""

    sample: int = Field(1000, ge=1, le=1_000_000)


async def asked(request: Request, call: str, name: str, body: BaseModel) -> Raw:
    """Ask the desk about a state of a pipeline; one that was not saved is a change, and takes the right to make it."""
    state = state_of(request)
    unsaved = isinstance(body, About) and (body.document is not None or body.edits is not None)
    if unsaved or isinstance(body, DeltaBody):
        require(request, "pipelines.edit")
    payload = await in_thread(workspace_of(state).payload, name, body.model_dump(exclude_none=True))
    return Raw(await while_there(request, state.desk.call(call, payload)))


@routes.query("/pipelines/{name}/analysis", "pipelines.view")
async def analyse(request: Request, name: str, body: About) -> Raw:
    """Return everything that an editor draws without running: findings, schemas, ports, one line per node."""
    return await asked(request, "analysis", name, body)


@routes.query("/pipelines/{name}/validate", "pipelines.view")
async def validate(request: Request, name: str, body: About) -> Raw:
    """Return every finding."""
    return await asked(request, "validate", name, body)


@routes.query("/pipelines/{name}/schema", "pipelines.view")
async def schema(request: Request, name: str, body: About) -> Raw:
    """Return the columns of every port."""
    return await asked(request, "schema", name, body)


@routes.query("/pipelines/{name}/sql", "pipelines.view")
async def sql(request: Request, name: str, body: SqlBody) -> Raw:
    """Return the SQL of a node in a dialect."""
    return await asked(request, "sql", name, body)


@routes.query("/pipelines/{name}/lineage", "pipelines.view")
async def lineage(request: Request, name: str, body: LineageBody) -> Raw:
    """Return where a column comes from and where it goes."""
    return await asked(request, "lineage", name, body)


@routes.query("/pipelines/{name}/complete", "pipelines.view")
async def complete(request: Request, name: str, body: CompleteBody) -> Raw:
    """Return what may stand at a position of an expression."""
    return await asked(request, "complete", name, body)


@routes.query("/pipelines/{name}/expr", "pipelines.view")
async def expression(request: Request, name: str, body: ExpressionBody) -> Raw:
    """Return the value of an expression for the first rows that enter a node."""
    return await asked(request, "expr", name, body)


@routes.query("/pipelines/{name}/delta", "pipelines.view")
async def delta(request: Request, name: str, body: DeltaBody) -> Raw:
    """Compare what a node gives with what it gave under its config of before."""
    return await asked(request, "delta", name, body)


@routes.query("/pipelines/{name}/follow", "pipelines.view")
async def follow(request: Request, name: str, body: DeltaBody) -> Raw:
    """Return which columns a node renamed since its config of before, and the edits that rename their later uses."""
    return await asked(request, "follow", name, body)


@routes.query("/pipelines/{name}/suggest", "pipelines.view")
async def suggest(request: Request, name: str, body: AboutNode) -> Raw:
    """Return the three likeliest next steps after a node."""
    return await asked(request, "suggest", name, body)


@routes.query("/pipelines/{name}/test", "pipelines.view")
async def tests(request: Request, name: str, body: About) -> Raw:
    """Run the tests that stand in the pipeline's file."""
    return await asked(request, "tests", name, body)


@routes.query("/pipelines/{name}/make-test", "pipelines.edit")
async def make_test(request: Request, name: str, body: AboutNode) -> Raw:
    """Return a test of a node, made from the first rows of the sources before it; it is not written anywhere."""
    return await asked(request, "make_test", name, body)


@routes.query("/pipelines/{name}/test-node", "pipelines.view")
async def test_node(request: Request, name: str, body: AboutNode) -> Raw:
    """Run one node over all that comes to it, and write nothing."""
    return await asked(request, "test_node", name, body)


@routes.query("/pipelines/{name}/test-pipeline", "pipelines.view")
async def test_pipeline(request: Request, name: str, body: SampleBody) -> Raw:
    """Send a sample through every node, write nothing, list every issue, and estimate the whole."""
    return await asked(request, "test_pipeline", name, body)


@routes.query("/pipelines/{name}/estimate", "pipelines.view")
async def estimate(request: Request, name: str, body: About) -> Raw:
    """Return what a run would read, write and take."""
    return await asked(request, "estimate", name, body)


@routes.query("/pipelines/{name}/diff", "pipelines.view")
async def diff(request: Request, name: str, body: DiffBody) -> Raw:
    """Compare two states of a pipeline by meaning."""
    state = state_of(request)
    workspace = workspace_of(state)
    old, new = [await in_thread(workspace.text_of, name, side) for side in (body.a, body.b)]
    return Raw(await state.desk.call("diff", {"old": old, "new": new, "folder": str(workspace.folder_of(name))}))
