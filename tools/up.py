"""`make up`: runs every example on real data, prints result tables with their ledger, and writes one report each."""

from __future__ import annotations

import sys
from pathlib import Path

from runnel.app import pipelines
from runnel.app.project import Project
from runnel.app.report.page import report_page
from runnel.app.runs import RunOptions, RunReport, run
from runnel.app.tables import read_kept
from runnel.app.writing import atomic_write
from runnel.cli.output import plain_table
from runnel.cli.tables import ledger_table

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
REPORTS = ROOT / "reports"
SHOWN_ROWS = 8


def main() -> int:
    """Run all examples; returns 1 when one of them failed."""
    made: list[tuple[str, str, Path]] = []
    project = Project(EXAMPLES, flags={"home": str(ROOT / ".cache" / "examples")})
    try:
        project.workers.start()
        for file in sorted(EXAMPLES.glob("*/*.runnel.yaml"), key=_order):
            document = pipelines.read(file)
            report = run(project, document, RunOptions())
            _print(report)
            target = REPORTS / f"{file.name.removesuffix('.runnel.yaml')}.html"
            atomic_write(target, report_page(project, document, report))
            made.append((report.compiled.pipeline.title or file.stem, report.status, target))
    finally:
        project.close()
    print("\nReports (open them in a browser):")
    for title, status, target in made:
        print(f"  {status:8} {title:48} {target}")
    failed = [title for title, status, _ in made if status not in ("success", "warning")]
    print(f"\n{len(made)} examples, {len(failed)} failed" + (f": {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _order(file: Path) -> tuple[int, str]:
    """The e-commerce unification comes first."""
    return (0 if "ecommerce" in str(file) else 1, str(file))


def _print(report: RunReport) -> None:
    print(f"\n=== {report.compiled.pipeline.title or report.plan.pipeline}: {report.status}")
    if report.result.error is not None:
        print(report.result.error)
    for effect in report.plan.effects:
        kept = report.kept(effect.segment)
        if kept is None or effect.kind.startswith("sink."):
            continue
        table = read_kept(kept).slice(0, SHOWN_ROWS)
        rows = [["" if cell is None else str(cell) for cell in row.values()] for row in table.to_pylist()]
        print(f"\n{effect.node}\n" + plain_table(table.column_names, rows, set()), end="")
    heads, rows = ledger_table(report)
    print("\nledger\n" + plain_table(heads, rows, set(range(2, len(heads)))), end="")
    for written in report.result.outputs:
        print(f"wrote {written['rows']:,} rows → {written.get('path') or 'dataset ' + str(written.get('dataset'))}")


if __name__ == "__main__":
    sys.exit(main())
