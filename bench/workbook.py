"""Times the writing of the report as a workbook, and its peak memory; each in a separate process.

    python -m bench.workbook

    plain    paper3x4, whose 36,000 prompts stay in their file
    study    the same with the study of 17,000 setups on a sheet

Writing runs from the plan in memory to the file; peak memory is the process's, with the plan, the
libraries and the scores in it.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from bench.instances import make
from planner.cli.commands.plan import run_plan_on_scenario
from planner.cli.terminal.interrupt import Interrupt
from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.scenario.templates import template_workbook_inputs

__all__ = ["main"]

ROWS = 17_000


def main() -> None:
    """Measure both, or the one that is named."""
    if len(sys.argv) > 1:
        print(_measured(sys.argv[1]))
        return
    for what in ("plain", "study"):
        subprocess.run([sys.executable, "-m", "bench.workbook", what], check=True)


def _measured(what: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        scenario, _ = make("paper3x4", 0, 0.0, Path(folder))
        source = run_plan_on_scenario(scenario, [], Interrupt(), quiet=True)
        extras = _study(source) if what == "study" else {}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started, busy = time.perf_counter(), time.process_time()
        # Imported here because the command imports it where it writes a workbook.
        from reports.workbook.report.write import write_workbook

        path = Path(folder) / "report.xlsx"
        write_workbook(
            path,
            build_report(source.plan, source.loaded, extras),
            template_workbook_inputs(source.loaded.scenario, source.loaded.tables, Path(folder)),
        )
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        size = path.stat().st_size / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{what}: {seconds:.2f} s ({busy:.2f} s of work), {size:.1f} MiB; peak memory {peak:.0f}"
        f" MiB, {before:.0f} MiB before"
    )


def _study(source: PlanAndScenario) -> dict[str, pd.DataFrame]:
    """The study's tables, its rows repeated up to ROWS."""
    # Imported here to keep it out of the other process.
    from planner.cli.terminal.interrupt import Interrupt as Stop
    from planner.export.report_studies import run_report_study
    from planner.settings import Settings

    tables = dict(run_report_study("setups", source, Settings(), None, Stop().cancel).tables)
    setups = tables["setups"]
    tables["setups"] = pd.concat([setups] * (ROWS // len(setups) + 1), ignore_index=True).iloc[
        :ROWS
    ]
    return tables


if __name__ == "__main__":
    main()
