"""Runnel: data pipelines that people draw instead of program.

`import runnel as rn` gives `rn.load`, `rn.Pipeline` and the error tree; the parts are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runnel.api import Pipeline, Result, load
    from runnel.errors import RunnelError

__version__ = "0.1.0"
__all__ = ["Pipeline", "Result", "RunnelError", "__version__", "load"]

_PLACES = {"Pipeline": "runnel.api", "Result": "runnel.api", "load": "runnel.api", "RunnelError": "runnel.errors"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'runnel' has no attribute {name!r}; it has {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)
