"""Trouble of the database in which the rows of streams lie, as an error that passes: full, locked, restarting, out of reach."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import InterfaceError, OperationalError

from runnel.errors import ConnectorError

CODE = "RNL-STREAM-031"


def tell_trouble(engine: sa.Engine) -> None:
    """Let an engine raise retryable ConnectorErrors where its database cannot be reached or written at the moment."""

    @event.listens_for(engine, "handle_error")
    def _told(context: Any) -> None:
        if isinstance(context.sqlalchemy_exception, OperationalError | InterfaceError):
            said = str(context.original_exception)
            words = "disk full" if "disk is full" in said else said
            what = f"blocked: {words} (the rows of streams, in {engine.url.database})"
            hint = "The stream goes on when the metadata store can be reached and its disk takes it."
            raise ConnectorError(CODE, what, hint, retryable=True) from context.original_exception
