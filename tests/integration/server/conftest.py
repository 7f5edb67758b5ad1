"""One real server for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from building import fresh_folder
from running import Running, running

ORDERS = "id,region,price,quantity\n1,north,10.50,2\n2,south,4.00,7\n3,north,2.25,9\n4,east,8.00,\n"
SHOP = """\
# orders of a small shop
runnel: 1
name: shop
title: A small shop
nodes:
  orders:
    kind: source.file
    config: {path: orders.csv}
  many:  # more than a handful
    kind: table.filter
    from: orders
    config: {where: "quantity > 5"}
  totals:
    kind: table.aggregate
    from: many
    config: {group_by: [region], values: {revenue: "sum(price * quantity)"}}
  saved:
    kind: sink.dataset
    from: totals
    config: {name: revenue, mode: replace}
  chart:
    kind: chart.bar
    from: totals
    config: {x: region, y: revenue, title: Which region brings the most?}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with the small shop in it."""
    with fresh_folder() as folder:
        (folder / "orders.csv").write_text(ORDERS, "utf-8")
        (folder / "shop.runnel.yaml").write_text(SHOP, "utf-8")
        with running(folder) as made:
            yield made


@pytest.fixture
def shop(server: Running) -> Iterator[Running]:
    """The server, with the file of the small shop as it was."""
    path: Path = server.root / "shop.runnel.yaml"
    path.write_text(SHOP, "utf-8")
    server.api.delete("/pipelines/shop/draft")
    path.write_text(SHOP, "utf-8")
    yield server
