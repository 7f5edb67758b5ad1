"""What the desk can do: functions by name, collected from the modules of `calls`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runnel.app.desk.context import DeskContext

Call = Callable[["DeskContext", Mapping[str, Any]], Any]
_CALLS: dict[str, Call] = {}


def answers(name: str) -> Callable[[Call], Call]:
    """Register a function as the answer to a name; it takes the context and a payload and returns JSON values or bytes."""

    def register(call: Call) -> Call:
        if name in _CALLS:
            raise ValueError(f"two calls are named {name}")
        _CALLS[name] = call
        return call

    return register


def calls() -> Mapping[str, Call]:
    """Return every call by its name."""
    from runnel.app.desk import calls as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _CALLS
