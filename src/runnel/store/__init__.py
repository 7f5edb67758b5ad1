"""The store: metadata of pipelines, runs, dead letters, datasets and secrets; payloads lie in files beside it."""

from runnel.store.opening import Store

__all__ = ["Store"]
