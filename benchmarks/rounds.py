"""Interleaved rounds: every contender runs once per round in rotating order; medians and ratios are reported."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The seconds of one contender over all rounds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measure(contenders: Mapping[str, Callable[[], object]], rounds: int = 5, warm: int = 1) -> dict[str, Timing]:
    """Run every contender `rounds` times; `warm` rounds before do not count."""
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for round_number in range(warm + rounds):
        for index in range(len(names)):
            name = names[(index + round_number) % len(names)]
            gc.collect()
            begun = time.perf_counter()
            contenders[name]()
            took = time.perf_counter() - begun
            if round_number >= warm:
                seconds[name].append(took)
    return {name: Timing(name, tuple(values)) for name, values in seconds.items()}


def table(timings: Mapping[str, Timing], base: str) -> list[str]:
    """Return lines of Markdown: median seconds and the ratio to `base`, by median of the rounds' own ratios."""
    lines = ["| contender | median s | ratio | rounds |", "|---|---|---|---|"]
    for timing in timings.values():
        pairs = [mine / theirs for mine, theirs in zip(timing.seconds, timings[base].seconds, strict=True)]
        rounds = " ".join(f"{value:.2f}" for value in timing.seconds)
        lines.append(f"| {timing.name} | {timing.median:.3f} | {statistics.median(pairs):.2f} | {rounds} |")
    return lines
