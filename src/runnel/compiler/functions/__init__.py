"""The documented functions of the expression language, one file per family."""

from runnel.compiler.functions.model import Function, Param, Unsupported
from runnel.compiler.functions.registry import functions_index, is_aggregate, library, names, support_table

__all__ = ["Function", "Param", "Unsupported", "functions_index", "is_aggregate", "library", "names", "support_table"]
