"""The shapes of JSON values: mapping or list, as tests that a type checker understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard


def is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether the value is a mapping."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Tell whether the value is a list (a tuple counts)."""
    return isinstance(value, (list, tuple))
