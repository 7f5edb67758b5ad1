"""What an author of a node or connector needs: the only public Python API for extensions."""

from runnel.model.document import PortType
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.sdk.fields import (
    AggregateExpressions,
    Column,
    ColumnMark,
    Columns,
    ColumnTypes,
    Condition,
    Expression,
    ExpressionMark,
    Expressions,
    GuardedConfig,
    NodeConfig,
    OnError,
    PathMark,
    ReadPath,
    SecretMark,
    SequentialExpressions,
    WindowExpressions,
    WritePath,
    field,
)
from runnel.sdk.node import Example, Ledger, Node, Port, Ports, Streaming, Unsupported, input_ports, output_ports
from runnel.sdk.relation import Relation, all_of, any_of, call, column, literal, sort_term
from runnel.sdk.source import (
    Connection,
    Datasets,
    DeadLetters,
    Opened,
    Probe,
    Sink,
    SinkContext,
    Source,
    Written,
)

__all__ = [name for name in dir() if not name.startswith("_")]
