"""What the expression tests share: an oracle over DuckDB and a schema with a column of every kind."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "matrix"))
