"""Sinks of streams: rows arrive epoch by epoch, may arrive again, and must count once."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from runnel.sdk.fields import NodeConfig, field
from runnel.sdk.source import Sink

if TYPE_CHECKING:
    import pyarrow as pa

Guarantee = Literal["exactly_once", "at_least_once", "best_effort"]


@dataclass(frozen=True)
class EpochRows:
    """What one epoch gives a sink: its number and its rows (a pyarrow table), in their order."""

    epoch: int
    rows: pa.Table


@dataclass(frozen=True)
class Refused:
    """A row that the target does not take: its epoch, its number within the epoch's rows, and why."""

    epoch: int
    row: int
    reason: str


@dataclass(frozen=True)
class Delivered:
    """How a delivery ended: the last epoch that is in the target now, and the rows that it refused."""

    epoch: int
    refused: Sequence[Refused] = ()
    detail: Mapping[str, Any] = made(default_factory=dict)


@dataclass(frozen=True)
class DeliveryContext:
    """What a sink of a stream is given.

    `app` names this sink of this incarnation of the stream and is never used for anything else: markers in the target
    stand under it. `token` is the fencing token of the lease: of two writers the one with the smaller token is refused.
    """

    app: str
    token: int
    pipeline: str
    node: str
    folder: str
    home: str
    types: Mapping[str, str]
    connections: Mapping[str, Mapping[str, Any]] = made(default_factory=dict)
    secrets: Mapping[str, str] = made(default_factory=dict)
    datasets: Any = None
    egress: Any = None
    changes: bool = False
    scratch: str = "/tmp"
    """A folder for files that a driver wants, such as a certificate."""


class Delivery(Protocol):
    """Writes the outbox of one sink into its target. One thread calls it.

    `open` tells which epoch the target holds; deliveries go on after that one, and never leave one out. A call that
    raises a retryable ConnectorError is made again, after `open` was asked once more: the target may hold it already.
    """

    def open(self) -> Delivered:
        """Connect and return how the last delivery ended that the target holds (epoch 0: none).

        Where the target refused rows of it, they are told again: the answer to the delivery may have been lost.
        Raises ConnectorError.
        """
        ...

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Write the rows of these epochs, which follow each other, all or none of them; raises ConnectorError."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class DeliveryConfig(NodeConfig):
    """What becomes of rows that wait for a target which is slow, or gone."""

    when_full: Literal["wait", "spill", "drop"] = field(
        "wait", title="When too much waits", widget="choice", advanced=True,
        help="wait lets the sources wait, for all sinks; spill keeps rows on disk while there is room; drop leaves rows out, "
             "which the ledger counts, until the target has caught up.",
    )  # fmt: skip
    outbox_mb: int = field(
        1024, title="Rows that may wait", unit="MB", ge=1, le=1_000_000, advanced=True,
        help="So much may wait for the target before that.",
    )  # fmt: skip


class StreamSink(Sink):
    """A sink that can stand at the end of a stream."""

    most_per_second: ClassVar[float] = 20.0

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Return what delivers; nothing is opened yet."""
        raise NotImplementedError

    @classmethod
    def refuses_changes(cls, config: Any) -> str | None:
        """Return in words why rows that are changes (`_op`) would be taken for more rows under `config`, or None.

        A sink that keeps rows by key applies them, and one that sends messages passes `_op` on.
        """
        return None

    @classmethod
    def keeps(cls, config: Any, home: str) -> Sequence[str]:
        """Return the folders below the state folder that a stream with this sink writes."""
        return ()

    @classmethod
    def guarantee_of(cls, config: Any) -> Guarantee:
        """Return what is promised under `config`."""
        return cls.guarantee  # type: ignore[return-value]

    @classmethod
    def promise(cls, config: Any) -> Guarantee:
        """Return what is promised to the rows of a stream: nothing where rows are left out when too much waits."""
        return "best_effort" if getattr(config, "when_full", "wait") == "drop" else cls.guarantee_of(config)
