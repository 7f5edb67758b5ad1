"""Writes rows to a file: staged by the worker, shown in one atomic step after the whole run went well."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from runnel.connectors.files import committing, paths
from runnel.connectors.files.writing import EXTENSIONS, writers
from runnel.errors import AuthoringError
from runnel.sdk import (
    Connection,
    Example,
    Finding,
    NodeConfig,
    Relation,
    SinkContext,
    Target,
    WritePath,
    Written,
    field,
)
from runnel.sdk.delivery import Delivery, DeliveryContext, StreamSink

_APPENDING = ("csv", "tsv", "ndjson", "text")


class FileSink(StreamSink):
    """Writes its input to one file, or to a folder of Parquet files."""

    kind = "sink.file"
    title = "File"
    most_per_second = 2.0
    summary = "Writes rows to a CSV, JSON, Parquet, Excel, XML, Avro or text file"
    icon = "save"
    synonyms = ("csv", "json", "ndjson", "parquet", "excel", "xlsx", "export", "save", "write file", "download")

    class Config(NodeConfig):
        """Where and how rows are written."""

        path: WritePath = field(
            title="Path", help="Relative to the pipeline's folder; folders are made.", widget="path"
        )
        format: Literal["csv", "tsv", "json", "ndjson", "parquet", "excel", "xml", "avro", "text"] | None = field(
            None, title="Format", help="By the file's name when left open."
        )
        mode: Literal["replace", "append", "new"] = field(
            "replace", title="If the file exists", help="replace it, append to it, or stop (new)."
        )
        partition_by: list[str] = field(
            default_factory=list, title="One folder per value of", help="Parquet: columns.", advanced=True
        )
        formulas: Literal["neutralise", "raw"] = field(
            "neutralise", title="Texts like formulas", advanced=True,
            help="CSV, Excel: an apostrophe is put before texts that begin with = + - @; raw leaves them.",
        )  # fmt: skip
        header: bool = field(True, title="First row holds names", advanced=True)
        delimiter: str | None = field(None, title="Separator", max_length=1, min_length=1, advanced=True)
        sheet: str = field("Sheet1", title="Sheet", help="Excel.", max_length=31, advanced=True)
        pretty: bool = field(False, title="Indent", help="JSON: one value per line.", advanced=True)
        compression: Literal["none", "gzip", "zstd", "snappy"] | None = field(
            None, title="Packing", help="By the file's name (.gz, .zst); Parquet: zstd.", advanced=True
        )
        record: str = field("record", title="Name of an element", help="XML.", advanced=True)

    examples = (Example("A CSV file", {"path": "out/totals.csv"}, {"input": [{"country": "DE", "total": 5}]}),
        Example("Parquet by country", {"path": "out/orders", "format": "parquet", "partition_by": ["country"]},
                {"input": [{"country": "DE", "total": 5}, {"country": "FR", "total": 7}]}))  # fmt: skip

    @classmethod
    def refuses_changes(cls, config: Config) -> str | None:
        """A file has no key."""
        return "a file keeps every row"

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the file."""
        return config.path

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def check(self, inputs: Mapping[str, Any]) -> Iterable[Finding]:
        """Find formats that cannot be told and modes that a format cannot do."""
        format = self._format()
        if format is None:
            hint = "Give the file an ending such as .csv or .parquet, or set `format`."
            yield Finding("RNL-FILE-023", "error", f"the format of {self.config.path} cannot be told", hint)
        elif self.config.mode == "append" and format not in _APPENDING and not self._folder():
            hint = "Appending works with csv, tsv, ndjson, text, and with a folder of Parquet files (partition_by)."
            yield Finding("RNL-FILE-024", "error", f"a file of the format {format} cannot be appended to", hint)
        if self.config.partition_by and format not in ("parquet", None):
            yield Finding("RNL-FILE-025", "error", f"partition_by is not for {format}", "It works with parquet.")

    def _folder(self) -> bool:
        return bool(self.config.partition_by)

    def _format(self) -> str | None:
        if self.config.format:
            return self.config.format
        if self._folder():
            return "parquet"
        name = self.config.path.lower().removesuffix(".gz").removesuffix(".zst")
        return EXTENSIONS.get(os.path.splitext(name)[1].lstrip("."))

    def target(self, folder: str) -> Target:
        """Return the file or folder."""
        return Target(os.path.realpath(paths.absolute(self.config.path, folder)), "path", self.config.mode == "append")

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Write the rows into the staging folder."""
        format = self._format()
        if format is None:
            raise AuthoringError("RNL-FILE-023", f"the format of {self.config.path} cannot be told", "Set `format`.")
        for name in self.config.partition_by:
            if name not in types:
                hint = "Columns: " + ", ".join(types)
                raise AuthoringError("RNL-FILE-026", f"partition_by: there is no column {name}", hint)
        return writers()[format](connection, query, staging, types, self.config.model_copy(update={"format": format}))

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Let a text file grow epoch by epoch; other formats become a folder of files."""
        from runnel.connectors.files.delivering import delivery_of

        format = self._format()
        if format is None:
            raise AuthoringError("RNL-FILE-023", f"the format of {self.config.path} cannot be told", "Set `format`.")
        return delivery_of(self.config, format, context)

    def commit(self, staged: Written, staging: str, context: SinkContext) -> Written:
        """Show the staged file at its path."""
        target = paths.absolute(self.config.path, context.folder)
        if os.path.islink(target):
            target = os.path.realpath(target)
        source = os.path.join(staging, staged.path or "")
        if self._folder():
            committing.commit_folder(source, target, self.config.mode, context.run_id)
        else:
            skip = int(staged.detail.get("header_bytes", 0))
            committing.commit_file(source, target, self.config.mode, context.run_id, skip)
        size = os.path.getsize(target) if os.path.isfile(target) else 0
        return Written(staged.rows, target, detail={"format": staged.detail.get("format"), "bytes": size})
