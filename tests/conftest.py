"""What every test may use: the builders in `building.py`, and the repository's root for `tools`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from service_fixtures import kafka, mosquitto, own_service, postgres_server, registry, toxiproxy  # noqa: E402, F401
