"""Hex-bin chart: how densely two quantities meet, for many rows."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from runnel.sdk import Example, Relation, call, column, field, literal
from runnel.sdk.chart import Chart, ChartConfig, ChartSpec, channel, exact


class HexBin(Chart):
    """Counts rows in cells of a plane whose odd rows are shifted by half a cell."""

    kind = "chart.hex_bin"
    title = "Hex-bin chart"
    summary = "How densely two quantities meet"
    icon = "hexagon"
    synonyms = ("density", "heat", "2d histogram")

    class Config(ChartConfig):
        """Settings of the cells."""

        x: str = field(title="Across", help="A number column.", widget="column")
        y: str = field(title="Up", help="A number column.", widget="column")
        cells: int = field(40, title="Cells", help="How many cells fit across.", ge=5, le=100)

    examples = (
        Example(
            "One row per cell",
            {"x": "t", "y": "v", "cells": 5},
            {"input": [{"t": 0.0, "v": 0.0}, {"t": 0.0, "v": 0.0}]},
            {"data": [{"t": 0.5, "v": 0.5, "rows": 2}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return f"{config.y} against {config.x}"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Count per cell; the result is the middle of each cell and its rows."""
        x, y = exact(input, self.config.x), exact(input, self.config.y)
        made = input.select({"__x": exp.cast(column(x), "DOUBLE"), "__y": exp.cast(column(y), "DOUBLE")})
        there = made.where(exp.and_(call("ISFINITE", column("__x")), call("ISFINITE", column("__y"))))
        ranges = {
            f"__{edge}{axis}": exp.Window(this=kind(this=column(f"__{axis}")))
            for axis in "xy"
            for edge, kind in (("low_", exp.Min), ("high_", exp.Max))
        }
        ranged = there.hide(ranges)
        size = {f"__size_{axis}": _size(axis, self.config.cells) for axis in "xy"}
        sized = ranged.hide(size)
        row = sized.hide({"__row": _place("y", literal(0.0))})
        shift = exp.Div(
            this=exp.Paren(this=exp.Mod(this=column("__row"), expression=literal(2))), expression=literal(2.0)
        )
        cell = row.hide({"__cell": _place("x", shift)})
        keys = {name: column(name) for name in ("__row", "__cell", "__low_x", "__low_y", "__size_x", "__size_y")}
        counted = cell.aggregate(keys, {"rows": exp.Count(this=exp.Star())})
        half = exp.Div(
            this=exp.Paren(this=exp.Mod(this=column("__row"), expression=literal(2))), expression=literal(2.0)
        )
        return {"data": counted.select({x: _middle("x", "__cell", half), y: _middle("y", "__row", literal(0.0)),
                                        "rows": column("rows")})}  # fmt: skip

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Cells in a plane."""
        x, y, rows = list(types)[:3]
        title = self.titled(f"How do {y} and {x} go together?")
        return ChartSpec(kind="hex_bin", title=title, x=channel(x, types), y=(channel(y, types), channel(rows, types)))


def _size(axis: str, cells: int) -> exp.Expr:
    span = exp.Paren(this=exp.Sub(this=column(f"__high_{axis}"), expression=column(f"__low_{axis}")))
    return exp.Case().when(span.copy() > 0, exp.Div(this=span, expression=literal(cells))).else_(literal(1.0))


def _place(axis: str, shift: exp.Expr) -> exp.Expr:
    offset = exp.Paren(this=exp.Sub(this=column(f"__{axis}"), expression=column(f"__low_{axis}")))
    steps = exp.Div(this=offset, expression=column(f"__size_{axis}"))
    return call("FLOOR", exp.Add(this=steps, expression=exp.Paren(this=shift.copy())))


def _middle(axis: str, place: str, shift: exp.Expr) -> exp.Expr:
    steps = exp.Sub(this=exp.Add(this=column(place), expression=literal(0.5)), expression=exp.Paren(this=shift.copy()))
    grown = exp.Mul(this=exp.Paren(this=steps), expression=column(f"__size_{axis}"))
    return exp.Add(this=column(f"__low_{axis}"), expression=grown)
