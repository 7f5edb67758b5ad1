"""The sum of the fault runs: each test tells its cases and violations, and the end of the run adds them up by bar."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from faulting import Tally
from recording import FIGURES, added, record

TOLD = "fault"


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
                    given = {**{key: told[key] for key in FIGURES}, **told["more"]}
                    sums[told["name"]] = added(sums.get(told["name"], {}), given)
    if not sums:
        return
    terminalreporter.section("faults")
    for name, found in sorted(sums.items()):
        words = ", ".join(f"{key} {value}" for key, value in found.items())
        terminalreporter.write_line(f"{name}: {words}")
    if place := os.environ.get("FAULT_RECORD"):
        record(Path(place), sums)
