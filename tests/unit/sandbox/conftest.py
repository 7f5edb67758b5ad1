"""A zygote shared by the tests of one file, with the hostile tasks loaded."""

import pytest

from runnel.sandbox import Zygote


@pytest.fixture(scope="session")
def zygote():
    with Zygote(["duckdb", "pyarrow", "sandbox_probes"], task_prefixes=("runnel.", "sandbox_probes")) as started:
        yield started
