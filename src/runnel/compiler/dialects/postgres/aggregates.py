"""Aggregate and window functions in PostgreSQL, as the text before FILTER and OVER."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runnel.compiler.dialects.postgres.functions import as_text, cast, number, small
from runnel.compiler.dialects.postgres.typed import Typed, refuse


@dataclass
class Shape:
    """What stands inside an aggregate's brackets besides its arguments, and whether OVER follows."""

    distinct: bool = False
    order: list[str] = field(default_factory=list[str])
    over: bool = False


Aggregate = Callable[[list[Typed], Shape], Typed]
AGGREGATES: dict[str, Aggregate] = {}


def _inside(args: list[str], shape: Shape) -> str:
    text = ("DISTINCT " if shape.distinct else "") + ", ".join(args)
    return text + (f" ORDER BY {', '.join(shape.order)}" if shape.order else "")


def _register(name: str) -> Callable[[Aggregate], Aggregate]:
    def register(write: Aggregate) -> Aggregate:
        AGGREGATES[name] = write
        return write

    return register


def _doubles(name: str) -> None:
    @_register(name)
    def _write(args: list[Typed], shape: Shape) -> Typed:
        return Typed(f"{name}({_inside([number(arg) for arg in args], shape)})", "DOUBLE")


for _name in ("stddev_samp", "stddev_pop", "var_samp", "var_pop", "covar_samp", "covar_pop"):
    _doubles(_name)


def _ranks(name: str, result: str) -> None:
    @_register(name)
    def _write(args: list[Typed], shape: Shape) -> Typed:
        return Typed(f"{name}()", result)


for _name, _result in (
    ("row_number", "BIGINT"),
    ("rank", "BIGINT"),
    ("dense_rank", "BIGINT"),
    ("percent_rank", "DOUBLE"),
    ("cume_dist", "DOUBLE"),
):
    _ranks(_name, _result)


def _kept(name: str, families: frozenset[str]) -> None:
    @_register(name)
    def _write(args: list[Typed], shape: Shape) -> Typed:
        if args[0].family not in families:
            raise refuse(f"{name} of {args[0].type}", "PostgreSQL does not have it")
        return Typed(f"{name}({_inside([args[0].collated], shape)})", args[0].type)


_ORDERED = frozenset({"integer", "decimal", "double", "text", "date", "timestamp", "timestamptz", "time", "interval"})
_kept("min", _ORDERED)
_kept("max", _ORDERED)
_kept("bool_and", frozenset({"boolean"}))
_kept("bool_or", frozenset({"boolean"}))
_kept("bit_and", frozenset({"integer"}))
_kept("bit_or", frozenset({"integer"}))


@_register("count")
def _count(args: list[Typed], shape: Shape) -> Typed:
    inside = _inside([args[0].collated], shape) if args and args[0].sql != "*" else "*"
    return Typed(f"count({inside})", "BIGINT")


@_register("sum")
def _sum(args: list[Typed], shape: Shape) -> Typed:
    value = args[0]
    if value.family == "double":
        return Typed(f"sum({_inside([value.sql], shape)})", "DOUBLE")
    scale = value.type.rsplit(",", 1)[1].rstrip(")") if value.family == "decimal" else "0"
    if value.family not in ("integer", "decimal"):
        raise refuse(f"sum of {value.type}", "only numbers have a sum")
    return Typed(f"sum({_inside([f'CAST({value.sql} AS numeric)'], shape)})", f"DECIMAL(38,{scale})")


@_register("avg")
def _avg(args: list[Typed], shape: Shape) -> Typed:
    value = args[0]
    if value.family == "double":
        return Typed(f"avg({_inside([value.sql], shape)})", "DOUBLE")
    return Typed(f"avg({_inside([f'CAST({value.sql} AS numeric)'], shape)})", "DECIMAL(38,10)")


@_register("string_agg")
def _string_agg(args: list[Typed], shape: Shape) -> Typed:
    return Typed(f"string_agg({_inside([as_text(args[0]), args[1].sql], shape)})", "VARCHAR")


@_register("list")
def _list(args: list[Typed], shape: Shape) -> Typed:
    return Typed(f"array_agg({_inside([args[0].sql], shape)})", f"{args[0].type}[]")


def _percentile(name: str, target: str) -> None:
    @_register(name)
    def _write(args: list[Typed], shape: Shape) -> Typed:
        if shape.over or shape.distinct:
            raise refuse(name, "PostgreSQL has ordered-set aggregates neither with OVER nor with DISTINCT")
        value = number(args[0]) if target == "percentile_cont" else args[0].collated
        result = "DOUBLE" if target == "percentile_cont" else args[0].type
        return Typed(f"{target}({number(args[1])}) WITHIN GROUP (ORDER BY {value})", result)


_percentile("quantile_cont", "percentile_cont")
_percentile("quantile_disc", "percentile_disc")


def _neighbour(name: str) -> None:
    @_register(name)
    def _write(args: list[Typed], shape: Shape) -> Typed:
        parts = [args[0].sql]
        if len(args) > 1:
            parts.append(small(args[1]))
        if len(args) > 2:
            parts.append(cast(args[2], args[0].type).sql)
        return Typed(f"{name}({', '.join(parts)})", args[0].type)


for _name in ("lag", "lead", "first_value", "last_value", "nth_value"):
    _neighbour(_name)


@_register("ntile")
def _ntile(args: list[Typed], shape: Shape) -> Typed:
    return Typed(f"ntile({small(args[0])})", "INTEGER")
