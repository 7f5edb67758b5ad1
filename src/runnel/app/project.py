"""A project: its folder, settings, catalogue, compiler, store and workers, each made when it is first needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.identity import FileIdentities
from runnel.app.settings import STATE, Setting, byte_size, find_root, read_settings
from runnel.errors import AuthoringError
from runnel.model.document import Pipeline
from runnel.model.findings import Finding
from runnel.model.loading import load_file

if TYPE_CHECKING:
    from runnel.app.answers import Answers
    from runnel.app.pipeline_files import PipelineFiles
    from runnel.app.probing import Probing
    from runnel.app.workers import Workers
    from runnel.catalog import Catalog
    from runnel.compiler.compile import Compiler
    from runnel.runtime.cache import ResultCache
    from runnel.store import Store

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Project:
    """Everything that use cases need, wired once. Close it to end the workers."""

    def __init__(
        self,
        start: str | os.PathLike[str],
        *,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
        clock: Clock = now,
        catalog: Catalog | None = None,
        confined: bool = False,
    ) -> None:
        """Open the project of a folder; a `confined` one (on a server) keeps its pipelines within the granted folders."""
        self.environ = dict(os.environ if environ is None else environ)
        self.root = find_root(start)
        self.settings: dict[str, Setting] = read_settings(self.root, self.environ, flags)
        self.clock = clock
        self._catalog = catalog
        self.confined = confined

    def setting(self, name: str) -> Any:
        """Return the value of a setting."""
        return self.settings[name].value

    @cached_property
    def home(self) -> Path:
        """The state folder; made at first use, for its owner alone."""
        chosen = self.setting("home")
        home = Path(chosen).expanduser().resolve() if chosen else self.root / STATE
        home.mkdir(0o700, parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
        return home

    @cached_property
    def catalog(self) -> Catalog:
        """Every installed node."""
        from runnel.catalog import discover_indexed

        return self._catalog or discover_indexed(self.home / "catalog.json")

    @cached_property
    def compiler(self) -> Compiler:
        """The compiler, which keeps types across calls."""
        from runnel.compiler.compile import Compiler
        from runnel.engines.duckdb.oracle import DuckOracle

        return Compiler(self.catalog, DuckOracle(), self.load)

    @cached_property
    def workers(self) -> Workers:
        """The warm zygote and its workers."""
        from runnel.app.workers import Workers

        return Workers(self)

    @cached_property
    def known_counts(self) -> dict[tuple[str, str], int]:
        """The rows of ports that were counted, by (content key, port)."""
        return {}

    @cached_property
    def answers(self) -> Answers:
        """The last answers to previews."""
        from runnel.app.answers import Answers

        return Answers()

    @cached_property
    def probing(self) -> Probing:
        """Looks at sources, with what was seen before."""
        from runnel.app.probing import Probing

        return Probing(self)

    @cached_property
    def identities(self) -> FileIdentities:
        """Digests of files."""
        return FileIdentities(self.home / "files.json")

    @cached_property
    def pipeline_files(self) -> PipelineFiles:
        """The pipeline files below the root."""
        from runnel.app.pipeline_files import PipelineFiles

        return PipelineFiles(self.root)

    @cached_property
    def cache(self) -> ResultCache:
        """Results by content key."""
        from runnel.runtime.cache import ResultCache
        from runnel.store.objects import DirectoryObjects

        return ResultCache(DirectoryObjects(self.home / "cache", lasting=False), self.home / "cache")

    @cached_property
    def store(self) -> Store:
        """The metadata store, opened and upgraded."""
        from runnel.store import Store

        url = self.setting("database_url") or f"sqlite:///{self.home / 'runnel.db'}"
        return Store.open(url, self.home)

    @property
    def database_file(self) -> Path | None:
        """The file of the metadata store, whether it is there or not; None where a server holds it."""
        url = self.setting("database_url")
        if not url:
            return self.home / "runnel.db"
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    @property
    def scratch(self) -> Path:
        """The folder for files that live only as long as one question."""
        folder = self.home / "scratch"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def memory_bytes(self) -> int:
        """How much memory a worker may use."""
        return byte_size(self.setting("memory"))

    def load(self, path: str, folder: str) -> tuple[Pipeline | None, tuple[Finding, ...], str]:
        """Load a pipeline file that another one names; returns its folder besides."""
        file = Path(folder, path)
        if self.confined:
            self.within(file)
        pipeline, findings = load_file(file)
        return pipeline, findings, str(file.resolve().parent)

    def within(self, path: str | os.PathLike[str]) -> Path:
        """Return the resolved path; raises AuthoringError when it lies outside of the granted roots."""
        resolved = Path(path).resolve()
        roots = [self.root, *[Path(root).resolve() for root in self.setting("roots")]]
        if any(resolved == root or root in resolved.parents for root in roots):
            return resolved
        what = f"{resolved} lies outside of {', '.join(map(str, roots))}"
        raise AuthoringError("RNL-PATH-001", what, "Name its folder in the setting `roots`.")

    def close(self) -> None:
        """End the workers and close the store."""
        if "workers" in self.__dict__:
            self.workers.close()
        if "cache" in self.__dict__:
            self.cache.close()
        if "store" in self.__dict__:
            self.store.close()
