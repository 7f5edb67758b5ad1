"""Errors that carry a code, what was being done, a hint and the place, so that each screen can show them alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class RunnelError(Exception):
    """Anything that Runnel reports: `code` names its docs page, `what` says what was done with which value.

    `hint` lists what is available or what to try; `where` is filled once, by the caller that knows the place
    (keys: `node`, `field`, `file`, `line`).
    """

    category: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, what: str, hint: str = "", where: Mapping[str, Any] | None = None) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.hint = hint
        self.where: dict[str, Any] = dict(where or {})

    def at(self, **where: Any) -> RunnelError:
        """Fill in the place; a key that is already known is kept. Returns the same error for `raise e.at(...)`."""
        for key, value in where.items():
            if value is not None:
                self.where.setdefault(key, value)
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form used by the command line and by problem documents."""
        return {
            "code": self.code,
            "category": self.category,
            "what": self.what,
            "hint": self.hint,
            "where": self.where,
        }

    def __str__(self) -> str:
        hint = f"\nHint: {self.hint}" if self.hint else ""
        return f"{self.code}: {self.what}{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.code, self.what, self.hint, self.where))


class AuthoringError(RunnelError):
    """The pipeline is wrong; its author must change it."""

    category = "authoring"
    exit_code = 3


class ConnectorError(RunnelError):
    """The outside world did not answer as needed; `retryable` says whether waiting can help."""

    category = "connector"
    exit_code = 5

    def __init__(
        self,
        code: str,
        what: str,
        hint: str = "",
        where: Mapping[str, Any] | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(code, what, hint, where)
        self.retryable = retryable

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.code, self.what, self.hint, self.where, self.retryable))


class EngineError(RunnelError):
    """The engine refused or broke while it executed a segment; `what` carries the engine's own words."""

    category = "engine"


class NodeCodeError(RunnelError):
    """Code that a user wrote raised an error."""

    category = "node_code"


class LimitError(RunnelError):
    """A quota, memory, size or time limit was hit."""

    category = "limit"
    exit_code = 6


class CheckError(RunnelError):
    """The data does not fulfil what the pipeline expects of it; nothing was written."""

    category = "check"
    exit_code = 4


class InternalError(RunnelError):
    """Runnel itself is wrong; please report it."""

    category = "internal"
