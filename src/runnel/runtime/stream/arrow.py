"""Arrow's functions over columns; they are made when the library is loaded, so that nothing knows their types."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
