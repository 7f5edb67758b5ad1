"""The layer before the application that sends records to where they are taken, past routing and middleware."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp

from runnel.server.ingest import PREFIX, Ingest


class Front:
    """The layer before all others: `POST` below `/ingest/` goes to `Ingest`, every other request to the application."""

    def __init__(self, app: ASGIApp, ingest: Ingest) -> None:
        self.app = app
        self.ingest = ingest

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(PREFIX):
            await self.ingest(scope, receive, send)
        else:
            await self.app(scope, receive, send)
