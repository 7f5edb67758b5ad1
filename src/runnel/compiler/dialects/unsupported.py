"""The refusal to write an operation in a dialect where its meaning is not proven equal."""

from __future__ import annotations


class UnsupportedOperation(Exception):  # noqa: N818 - a decision, not a mistake
    """An operation that the dialect does not have with DuckDB's meaning; the compiler runs it in DuckDB instead."""

    def __init__(self, operation: str, dialect: str, reason: str) -> None:
        super().__init__(f"{operation} cannot run on {dialect}: {reason}")
        self.operation = operation
        self.dialect = dialect
        self.reason = reason
