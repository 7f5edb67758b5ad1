"""The error tree of Runnel, split by who must act."""

from runnel.errors.tree import (
    AuthoringError,
    CheckError,
    ConnectorError,
    EngineError,
    InternalError,
    LimitError,
    NodeCodeError,
    RunnelError,
)

__all__ = [
    "AuthoringError",
    "CheckError",
    "ConnectorError",
    "EngineError",
    "InternalError",
    "LimitError",
    "NodeCodeError",
    "RunnelError",
]
