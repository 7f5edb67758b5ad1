"""`make bench`: run all benchmarks, or those named, and write their figures into RESULTS.md."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import date
from pathlib import Path

NAMES = ("g1_batch", "g1_memory", "g2_events", "g5_ingest", "g7_latency", "g8_preview", "g9_scaling", "install")
"""Also there, by name: `g9_large`, which needs 60 GB of disk and some twenty minutes."""
RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Ratios within one interleaved run; absolute figures are for scale. The command that made a part stands in it.
"""


def main() -> None:
    parts = _parts()
    for name in sys.argv[1:] or NAMES:
        print(f"== {name}", flush=True)
        lines = importlib.import_module(f"benchmarks.{name}").main()
        cores = os.cpu_count()
        lines += ["", f"Measured {date.today()}, {cores} cores, Python {platform.python_version()}."]
        parts[name] = "\n".join(lines)
        print(parts[name], flush=True)
        text = HEAD + "".join(f"\n<!-- {name} -->\n{part}\n" for name, part in sorted(parts.items()))
        RESULTS.write_text(text, "utf-8")


def _parts() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    found: dict[str, str] = {}
    for block in RESULTS.read_text("utf-8").split("\n<!-- ")[1:]:
        name, _, text = block.partition(" -->\n")
        found[name] = text.strip()
    return found


if __name__ == "__main__":
    main()
