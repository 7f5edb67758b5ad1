"""What fault runs found, kept in a table: further seeds of a run add up, the same ones or other sizes take its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

FIGURES = ("cases", "lost", "doubled", "wrong", "unexplained")
HEAD = """# Fault runs

What `make faults` found last, by test: `cases` are the faults that were made, the next four columns records. Further seeds add up.

| what held | command | seeds | cases | lost | doubled | wrong | unexplained | beside | until |
|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass
class Entry:
    """One test: the sizes it ran with, its seeds as ranges, the sums of its figures and what else it told."""

    sizes: str
    seeds: list[tuple[int, int]]
    figures: dict[str, int]
    beside: dict[str, Any] = field(default_factory=dict)
    until: str = ""

    def line(self, name: str) -> str:
        """Return its line of the table."""
        seeds = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in self.seeds)
        beside = "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in self.beside.items())
        figures = " | ".join(str(self.figures[key]) for key in FIGURES)
        return f"| {name.replace('_', ' ')} | {self.sizes} | {seeds} | {figures} | {beside} | {self.until} |\n"

    @staticmethod
    def read(line: str) -> tuple[str, Entry]:
        """Read a line of the table."""
        name, sizes, seeds, *rest = [part.strip() for part in line.strip().strip("|").split("|")]
        ranges = [(int(a), int(b or a)) for a, _, b in (part.strip().partition("-") for part in seeds.split(","))]
        beside: dict[str, Any] = {}
        for words in filter(None, (part.strip() for part in rest[len(FIGURES)].split(";"))):
            key, _, value = words.rpartition(" ")
            beside[key.replace(" ", "_")] = float(value) if "." in value else int(value) if value.isdigit() else value
        figures = {key: int(value) for key, value in zip(FIGURES, rest, strict=False)}
        return name.replace(" ", "_"), Entry(sizes, ranges, figures, beside, rest[-1])


def record(path: Path, found: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str] = os.environ) -> None:
    """Add what a run found (test → figures and what else it told) to the table of a file."""
    known: dict[str, Entry] = {}
    if path.exists():
        known = dict(Entry.read(line) for line in path.read_text("utf-8").splitlines()[6:] if line.startswith("| "))
    first, _, last = environ.get("FAULT_SEEDS", "1").partition("-")
    given = ("FAULT_SEEDS", "FAULT_RECORD")
    sizes = " ".join(f"`{key}={value}`" for key, value in sorted(environ.items()) if key.startswith("FAULT_") and key not in given)
    for test, told in found.items():
        name = test.removeprefix("test_")
        figures = {key: int(told[key]) for key in FIGURES}
        beside = {key: value for key, value in told.items() if key not in FIGURES}
        fresh = Entry(sizes, [(int(first), int(last or first))], figures, beside, str(date.today()))
        before = known.get(name)
        known[name] = fresh if before is None or before.sizes != sizes or _meet(before, fresh) else _sum(before, fresh)
    path.write_text(HEAD + "".join(entry.line(name) for name, entry in sorted(known.items())), "utf-8")


def added(before: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures beside the others added up; of those called `most_…` the larger one stays, of words the last."""
    total = dict(before)
    for key, value in told.items():
        if not isinstance(value, int | float):
            total[key] = value
        elif key.startswith("most_"):
            total[key] = round(max(total.get(key, value), value), 3)
        else:
            total[key] = round(total.get(key, 0) + value, 3)
    return total


def _meet(one: Entry, other: Entry) -> bool:
    return any(a <= d and c <= b for a, b in one.seeds for c, d in other.seeds)


def _sum(before: Entry, fresh: Entry) -> Entry:
    figures = {key: before.figures[key] + fresh.figures[key] for key in FIGURES}
    seeds: list[tuple[int, int]] = []
    for a, b in sorted([*before.seeds, *fresh.seeds]):
        if seeds and seeds[-1][1] + 1 == a:
            seeds[-1] = (seeds[-1][0], b)
        else:
            seeds.append((a, b))
    return Entry(fresh.sizes, seeds, figures, added(before.beside, fresh.beside), fresh.until)
