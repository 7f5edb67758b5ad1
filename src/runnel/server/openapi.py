"""The OpenAPI document: every route with its permission, how to prove oneself, and the form of problems."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

SECURITY_SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, or an access token from /auth/login."},
    "session": {"type": "apiKey", "in": "cookie", "name": "runnel_session", "description": "The browser's session."},
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made once: with the permission of every operation and how to prove oneself."""
    if app.openapi_schema is None:
        made = app.openapi()
        made.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
        for operations in made["paths"].values():
            for operation in operations.values():
                public = operation.get("x-permission") == "anybody"
                operation["security"] = [] if public else [{"token": []}, {"session": []}]
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        made["components"]["responses"] = {"Problem": _PROBLEM}
        app.openapi_schema = made
    return app.openapi_schema


_PROBLEM = {
    "description": "What went wrong, where, and what to try.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "what", "hint", "where"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "what": {"type": "string"},
                    "hint": {"type": "string"},
                    "where": {"type": "object"},
                    "findings": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}
