"""The catalogue: finds installed nodes, connectors and functions, and describes them as data."""

from runnel.catalog.index import discover_indexed
from runnel.catalog.registry import BrokenPlugin, Catalog, discover

__all__ = ["BrokenPlugin", "Catalog", "discover", "discover_indexed"]
