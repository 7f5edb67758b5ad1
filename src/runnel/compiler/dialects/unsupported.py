"""The refusal to write an operation in a dialect where its meaning is not proven equal."""

from __future__ import annotations

from runnel.errors import AuthoringError


class UnsupportedOperation(AuthoringError):  # noqa: N818 - a decision, not a mistake
    """An operation that the dialect does not have with DuckDB's meaning; the compiler runs it in DuckDB instead."""

    def __init__(self, operation: str, dialect: str, reason: str) -> None:
        hint = "The engine runs it in DuckDB; `runnel sql` without --dialect shows it."
        super().__init__("RNL-DIALECT-001", f"{operation} cannot run on {dialect}: {reason}", hint)
        self.operation = operation
        self.dialect = dialect
        self.reason = reason

    def __reduce__(self) -> tuple[type[UnsupportedOperation], tuple[str, str, str]]:
        return type(self), (self.operation, self.dialect, self.reason)

    def __str__(self) -> str:
        return self.what
