"""Publishes epochs on a channel: those that wait together are one update with the newest rows."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runnel.channels import ChannelWriter, folder_of
from runnel.connectors.json_rows import JsonRows
from runnel.connectors.progress import Progress, progress_of
from runnel.sdk.delivery import Delivered, DeliveryContext, EpochRows

if TYPE_CHECKING:
    import pyarrow as pa


class ChannelDelivery:
    """Implements `sdk.Delivery` for one channel."""

    def __init__(self, config: Any, context: DeliveryContext) -> None:
        self.config = config
        self.context = context
        self.rows = JsonRows(context.types)
        names = {name.lower(): name for name in context.types}
        self.keys = [names[key.lower()] for key in config.key]
        self.writer: ChannelWriter | None = None
        self.progress: Progress | None = None

    def open(self) -> Delivered:
        """Take the channel, and return the last epoch that was published."""
        if self.writer is None:
            folder = folder_of(self.context.home, self.config.name)
            self.writer = ChannelWriter(folder, self.keys, self.config.replay_rows)
        self.progress = progress_of(self.context)
        return self.progress.delivered()

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Publish one update."""
        import pyarrow as pa

        assert self.progress is not None and self.writer is not None, "open comes before deliver"
        fresh = [item for item in epochs if item.epoch > self.progress.epoch]
        if not fresh:
            return self.progress.delivered()
        rows = pa.concat_tables([item.rows for item in fresh])
        newest = newest_rows(rows, self.keys)
        kept = newest.slice(max(0, newest.num_rows - self.config.update_rows))
        self.writer.publish(self.rows.texts(kept), newest.num_rows - kept.num_rows)
        self.progress.first, self.progress.last = fresh[0].epoch, fresh[-1].epoch
        return self.progress.finish()

    def close(self) -> None:
        """Let go of the channel."""
        if self.writer is not None:
            self.writer.close()
        self.rows.close()


def newest_rows(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return the last row of each key in the order of the rows; all rows where there are no keys."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if not keys or not rows.num_rows:
        return rows
    numbered = rows.select(list(keys)).append_column("_number", pa.array(range(rows.num_rows), pa.int64()))
    last = numbered.group_by(list(keys)).aggregate([("_number", "max")]).column("_number_max")
    return rows.take(pc.take(last, pc.sort_indices(last)))
