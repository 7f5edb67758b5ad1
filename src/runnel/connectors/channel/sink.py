"""The node that publishes rows on a channel, which programs and pages follow over a WebSocket or as server-sent events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runnel.channels import FOLDER
from runnel.errors import AuthoringError
from runnel.sdk import Connection, Finding, NodeConfig, Relation, Target, Where, Written, field
from runnel.sdk.delivery import Delivery, DeliveryContext, StreamSink
from runnel.sdk.names import nearest_column, resolve_column


class ChannelSink(StreamSink):
    """Publishes rows on a channel of this server, at most so many times a second.

    With a key, an update has the newest row of each key; without one, the newest rows. Who begins to read gets the last
    ones first. A reader that is too slow, or a row that is superseded between two updates, misses some: a channel tells
    what is now. What has to arrive goes to a dataset, a table, or `sink.http`.
    """

    kind = "sink.channel"
    title = "Live channel"
    summary = "Publish rows live, for WebSockets and server-sent events"
    icon = "radio"
    synonyms = (
        "websocket",
        "sse",
        "live",
        "push",
        "realtime",
        "real-time",
        "feed",
        "subscribe",
        "update frequency",
        "publish",
    )
    guarantee = "best_effort"

    class Config(NodeConfig):
        """The channel, and how often it tells what."""

        name: str = field(
            title="Channel", help="Readers take the topic channel:NAME.", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"
        )
        key: list[str] = field(default_factory=list, title="Newest of each", widget="columns",
                               help="Of these columns an update has the newest row; none: the newest rows.")  # fmt: skip
        updates_per_second: float = field(5.0, title="Updates in a second", gt=0, le=50,
                                          help="At most so many; 0.1 is one in ten seconds.")  # fmt: skip
        update_rows: int = field(1000, title="Rows in an update", unit="rows", ge=1, le=10_000, advanced=True,
                                 help="At most so many; older ones are left out, and counted.")  # fmt: skip
        replay_rows: int = field(100, title="Rows for new readers", unit="rows", ge=0, le=10_000,
                                 help="Who begins to read gets the last ones, or that many keys.")  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the channel."""
        return f"channel {config.name}"

    @property
    def most_per_second(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How often epochs are taken: what comes meanwhile is one update."""
        return self.config.updates_per_second

    @classmethod
    def keeps(cls, config: Any, home: str) -> Sequence[str]:
        """Return where channels lie."""
        return (f"{home}/{FOLDER}",)

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report columns of the key that are missing."""
        for name in self.config.key:
            if resolve_column(inputs["input"], name) is None:
                yield nearest_column(inputs["input"], name, Where(field="key"))

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def target(self, folder: str) -> Target:
        """Return the channel."""
        return Target(f"channel {self.config.name}", "name")

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Refuse: what ends is no feed."""
        what = f"{self.id} publishes live rows, which only a stream has"
        raise AuthoringError("RNL-CHANNEL-002", what, "Read from a source without end, or save a dataset.")

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Return what publishes; nothing is opened yet."""
        from runnel.connectors.channel.publishing import ChannelDelivery

        return ChannelDelivery(self.config, context)
