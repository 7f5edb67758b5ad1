"""Settings that an admin changes while the server runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from runnel.store.tables import site_settings


class SiteSettingStore:
    """Stored settings by name."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def all(self) -> dict[str, Any]:
        """Return every stored setting."""
        with self.engine.connect() as connection:
            return {row.name: row.value for row in connection.execute(sa.select(site_settings))}

    def set(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        with self.engine.begin() as connection:
            connection.execute(site_settings.delete().where(site_settings.c.name == name))
            connection.execute(site_settings.insert().values(name=name, value=value, updated_at=datetime.now(UTC)))
