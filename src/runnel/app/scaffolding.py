"""What `init`, `new` and `nodes new` write: a project that works, a pipeline file, a plugin whose tests pass."""

from __future__ import annotations

import re
from pathlib import Path

from runnel.app.writing import atomic_write
from runnel.errors import AuthoringError

ORDERS = """order_id,customer_id,status,price,quantity,day
1,7,paid,19.99,1,2025-01-03
2,8,open,5.00,2,2025-01-04
3,7,paid,7.50,3,2025-01-20
4,9,paid,120.00,1,2025-02-01
5,8,cancelled,15.00,1,2025-02-02
6,9,paid,3.25,4,2025-02-14
7,10,paid,42.00,1,2025-03-01
"""

CUSTOMERS = """customer_id,name,country
7,Ada Lovelace,GB
8,Bob Norman,DE
9,Chloé Martin,FR
10,Dilek Aydın,DE
"""

PIPELINE = """# yaml-language-server: $schema=.runnel/schema.json
runnel: 1
name: orders
title: Orders by country
description: Orders of one status, per country
params:
  status: {type: string, default: paid, description: Which orders count}
nodes:
  orders:
    kind: source.file
    config: {path: data/orders.csv}
  customers:
    kind: source.file
    config: {path: data/customers.csv}
  paid:
    kind: table.filter
    from: orders
    config: {where: "status = ${params.status}"}
  joined:
    kind: table.join
    from: {left: paid, right: customers}
    config: {how: left, on: [customer_id]}
  totals:
    kind: table.aggregate
    from: joined
    config:
      group_by: [country]
      values: {orders: count(*), revenue: sum(price * quantity)}
  saved:
    kind: sink.dataset
    from: totals
    config: {name: revenue_by_country, mode: replace}
  chart:
    kind: chart.bar
    from: totals
    config: {x: country, y: revenue}
tests:
  - name: unpaid orders do not count
    given:
      orders: [{customer_id: 1, status: open, price: 10, quantity: 2}]
      customers: [{customer_id: 1, country: DE}]
    expect:
      totals: []
"""

EMPTY = """# yaml-language-server: $schema=.runnel/schema.json
runnel: 1
name: {name}
title: {title}
nodes: {{}}
"""

_SLUG = re.compile(r"^[a-z][a-z0-9_-]*$")


def init_project(folder: Path) -> list[Path]:
    """Write a project with data and a pipeline that runs; raises AuthoringError when files would be overwritten."""
    files = {
        "orders.runnel.yaml": PIPELINE, "data/orders.csv": ORDERS, "data/customers.csv": CUSTOMERS,
        "runnel.toml": "# Settings of this project; `runnel config show --origin` lists them.\n",
        ".gitignore": ".runnel/\n",
        ".vscode/settings.json": '{"yaml.schemas": {".runnel/schema.json": "*.runnel.yaml"}}\n',
    }  # fmt: skip
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        what = f"{folder} has {', '.join(taken)} already"
        raise AuthoringError("RNL-CLI-004", what, "Choose an empty folder, or use `runnel new NAME` for a pipeline.")
    for name, text in files.items():
        atomic_write(folder / name, text)
    (folder / ".runnel").mkdir(exist_ok=True)
    return [folder / name for name in files]


def new_pipeline(name: str, folder: Path) -> Path:
    """Write an empty pipeline file."""
    if not _SLUG.match(name):
        what = f"`{name}` is no name of a pipeline"
        raise AuthoringError("RNL-CLI-005", what, "Use small letters, digits, - and _, beginning with a letter.")
    path = folder / f"{name}.runnel.yaml"
    if path.exists():
        raise AuthoringError("RNL-CLI-004", f"{path} exists already", "Choose another name.")
    atomic_write(path, EMPTY.format(name=name, title=name.replace("_", " ").capitalize()))
    return path


_KIND = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")

NODE = '''"""The node {kind}."""

from __future__ import annotations

from runnel.sdk import Column, Example, Node, NodeConfig, Relation, call, field


class {cls}(Node):
    """Writes the text of a column in capitals; replace this by what your node does."""

    kind = "{kind}"
    title = "{title}"
    summary = "Write the text of a column in capitals"
    group = "columns"
    icon = "puzzle"
    synonyms = ("capitals",)

    class Config(NodeConfig):
        """Settings of the node."""

        column: Column = field(title="Column", help="The column to change.", widget="column")

    examples = (
        Example("Capitals", {{"column": "name"}}, {{"input": [{{"name": "ada"}}]}}, {{"output": [{{"name": "ADA"}}]}}),
    )

    def relate(self, input: Relation) -> Relation:
        """Change the column and keep the others."""
        name = self.bound["column"]
        return input.extend({{name: call("UPPER", input.column(name))}})
'''

NODE_TEST = '''"""The examples of {kind} give what they say."""

from {package} import {cls}

from runnel.testing import check_examples


def test_examples_give_what_they_say():
    assert check_examples({cls}) > 0
'''

PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{dist}"
version = "0.1.0"
description = "The Runnel node {kind}"
requires-python = ">=3.11"
dependencies = ["runnel"]

[project.entry-points."runnel.nodes"]
{package} = "{package}"

[tool.hatch.build.targets.wheel]
packages = ["src/{package}"]
"""


def new_plugin(kind: str, folder: Path) -> list[Path]:
    """Write a package with one node, its test and its entry point."""
    if not _KIND.match(kind):
        raise AuthoringError("RNL-CLI-006", f"`{kind}` is no kind", "Write it as family.name, e.g. my.node.")
    if folder.exists() and any(folder.iterdir()):
        raise AuthoringError("RNL-CLI-004", f"{folder} is not empty", "Choose another folder.")
    words = kind.replace(".", "_").split("_")
    names = {
        "kind": kind, "package": "runnel_" + "_".join(words), "dist": "runnel-" + "-".join(words),
        "cls": "".join(word.capitalize() for word in words), "title": " ".join(words).capitalize(),
    }  # fmt: skip
    files = {
        "pyproject.toml": PROJECT, f"src/{names['package']}/__init__.py": NODE,
        f"tests/test_{names['package']}.py": NODE_TEST, "README.md": "# {dist}\n\nThe Runnel node `{kind}`.\n",
    }  # fmt: skip
    for name, text in files.items():
        atomic_write(folder / name, text.format(**names))
    return [folder / name for name in files]
