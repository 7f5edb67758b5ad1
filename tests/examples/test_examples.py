"""Every example in `examples/` is valid, runs on its real data with a balanced ledger, and passes its own tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runnel.app import pipelines
from runnel.app.examples import examples
from runnel.app.pipeline_tests import run_tests
from runnel.app.project import Project
from runnel.app.report.page import report_page
from runnel.app.runs import RunOptions, run
from runnel.model.saving import format_text

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*/*.runnel.yaml"))
LIVE = {found.path for found in examples().values() if found.live}
ENDING = [file for file in FILES if file not in LIVE]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns(".runnel", "out"))
    made = Project(folder / "examples", environ={}, flags={"home": str(folder / "state")})
    yield made
    made.close()


def test_there_are_at_least_twelve_examples():
    assert len(FILES) >= 12


@pytest.mark.parametrize("file", ENDING, ids=[file.parent.name + "/" + file.name.split(".")[0] for file in ENDING])
def test_example_runs_with_a_balanced_ledger_and_passes_its_tests(project, file):
    document = pipelines.read(project.root / file.relative_to(EXAMPLES))
    report = run(project, document, RunOptions(use_cache=False))
    assert report.status in ("success", "warning"), report.result.error
    assert report.ledger.balanced
    assert all(rows is not None for _, rows in report.ledger.edges)
    results = run_tests(project, document)
    assert [result.difference for result in results if not result.passed] == []
    page = report_page(project, document, report)
    assert "<script" not in page and "balances" in page


@pytest.mark.parametrize("file", FILES, ids=[file.parent.name for file in FILES])
def test_example_is_written_in_the_canonical_form(file):
    text = file.read_text("utf-8")
    assert format_text(text) == text
