"""A plugin whose kind names a connection, for tests of what uses connections: a folder to put on the path of a program."""

from __future__ import annotations

from pathlib import Path

MODULE = '''"""A kind that names a connection."""
from __future__ import annotations
from typing import Annotated, ClassVar
from runnel.sdk import ConnectionMark, Node, NodeConfig, Relation, field

class Shadow(Node):
    """Passes rows on, and names a connection."""
    kind: ClassVar[str] = "table.shadow"
    title: ClassVar[str] = "Shadow"
    summary: ClassVar[str] = "Passes rows on and names a connection."
    group: ClassVar[str] = "rows"
    class Config(NodeConfig):
        connection: Annotated[str, ConnectionMark("postgres")] = field(title="Connection", help="Where to.")
    def relate(self, input: Relation) -> Relation:
        return input
'''
FLOW = """\
runnel: 1
name: flow
title: Orders to the shop
nodes:
  rows: {kind: source.rows, config: {rows: [{a: 1}]}}
  shadow: {kind: table.shadow, from: rows, config: {connection: shop}}
"""


def plugin(folder: Path) -> Path:
    """Write the plugin as an installed package and return its folder."""
    info = folder / "runnel_shadow-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "runnel_shadow.py").write_text(MODULE, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: runnel-shadow\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[runnel.nodes]\nshadow = runnel_shadow\n", "utf-8")
    return folder
