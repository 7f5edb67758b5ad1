"""What the function tests share: the oracle, rows and cases of the matrix."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "matrix"))
