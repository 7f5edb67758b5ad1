"""The sum of the fault runs: each test tells its cases and violations, and the end of the run adds them up by bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from faulting import Tally

TOLD = "fault"
FIGURES = ("cases", "lost", "doubled", "wrong", "unexplained")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """What the test found; it is added up with that of the other seeds."""
    made = Tally(request.node.originalname)
    yield made
    request.node.user_properties.append((TOLD, asdict(made)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    sums: dict[str, dict[str, Any]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "teardown":
                continue
            for name, told in report.user_properties:
                if name == TOLD:
                    _add(sums.setdefault(told["name"], dict.fromkeys(FIGURES, 0)), told)
    if not sums:
        return
    terminalreporter.section("faults")
    for name, found in sorted(sums.items()):
        words = ", ".join(f"{key} {value}" for key, value in found.items())
        terminalreporter.write_line(f"{name}: {words}")


def _add(total: dict[str, Any], told: dict[str, Any]) -> None:
    for key in FIGURES:
        total[key] += told[key]
    for key, value in told["more"].items():
        if not isinstance(value, int | float):
            total[key] = value
        elif key.startswith("most_"):
            total[key] = max(total.get(key, 0), value)
        else:
            total[key] = round(total.get(key, 0) + value, 3)
