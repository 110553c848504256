"""Plans to report: an example, a small one, one without a plan, and one whose names are attacks on
spreadsheets; and what tests read off a workbook.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

from planner.cli.commands.plan import run_plan_on_scenario
from planner.cli.terminal.interrupt import Interrupt
from planner.export.report_content import build_report
from planner.export.report_studies import KINDS, run_report_study
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.scenario.templates import TEMPLATE_TEXTS, template_workbook_inputs
from reports.workbook.report.write import write_workbook
from tests.support.paths import EXAMPLES

HOSTILE = (
    *(
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "<r><t>rich</t></r>",
        "_x0041_",
        "$x^2$ and $",
        "http://example.org",
        "  ' \" & < >".strip(),
        *(
            "\uff1d1+1",
            "'=1+1",
            "{=1+1}",
            "mailto:a@b.example",
            "external:c:\\x.xlsx",
            "[book.xlsx]Sheet1!A1",
            "Setup!$A$1",
        ),
        *(r"a[b]:c*d?e/f\g", 'DDE("cmd";"/c calc";"x")', "&A&P"),
    ),
    *("abcdefghijklmnopqrstuvwxyz012345-one", "abcdefghijklmnopqrstuvwxyz012345-two"),
)

NOISE = "=1+1 \x00\x07\x1b[31m \ud800 \ufffe tail"


def planned(scenario: Path, *overrides: str) -> PlanAndScenario:
    return run_plan_on_scenario(scenario, overrides, Interrupt(), quiet=True)


def written(
    source: PlanAndScenario, path: Path, studies: dict[str, pd.DataFrame] | None = None
) -> Path:
    write_workbook(
        path,
        build_report(source.plan, source.loaded, studies),
        template_workbook_inputs(source.loaded.scenario, source.loaded.tables, path.parent),
    )
    return path


def cells(path: Path, *, values: bool) -> Iterator[tuple[str, Any]]:
    for sheet in openpyxl.load_workbook(path, data_only=values):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield f"{sheet.title}!{cell.coordinate}", cell


def texts(path: Path, sheet: str) -> list[str]:
    rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)
    return [value for row in rows for value in row if isinstance(value, str)]


@cache
def trio_source() -> PlanAndScenario:
    """The paper's example."""
    return planned(EXAMPLES / "paper-trio" / "scenario.yaml")


@cache
def small_source() -> PlanAndScenario:
    """The template's scenario, planned in a moment."""
    folder = Path(mkdtemp(prefix="small"))
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return planned(folder / "scenario.yaml")


@cache
def infeasible() -> PlanAndScenario:
    """The same with more requests than it can serve."""
    return planned(small_source().loaded.scenario.path, "arrival_rate_rps=500")


@cache
def studies() -> dict[str, pd.DataFrame]:
    """All that a report of the small plan may show next to it."""
    small = small_source()
    found = [run_report_study(kind, small, small.loaded.settings, None, None) for kind in KINDS]
    assert all(one.complete for one in found)
    return {name: frame for one in found for name, frame in one.tables.items()}


@cache
def hostile_source() -> PlanAndScenario:
    """Names that spreadsheets would run, cut or drop, in every place where a scenario has one."""
    folder = Path(mkdtemp(prefix="hostile"))
    rows = []
    for k, llm in enumerate(HOSTILE):
        rows += [
            (llm, "=GPU()", 1, 100, rate, 50 + 10 * k + 10 * rate, 10, "=HYPERLINK(1)")
            for rate in (1.0, 4.0, 8.0)
        ]
    heads = [
        "llm",
        "gpu",
        "tp_degree",
        "mps_share_pct",
        "rate_rps",
        "ttft_mean_ms",
        "memory_gib_per_gpu",
        "source",
    ]
    pd.DataFrame(rows, columns=heads).to_csv(folder / "profiles.csv", index=False)
    rng = np.random.default_rng(1)
    scores = pd.DataFrame(rng.random((40, len(HOSTILE))), columns=list(HOSTILE))
    scores.insert(0, "prompt_id", [f"=p{k}" for k in range(40)])
    scores.to_csv(folder / "scores.csv", index=False)
    pools = [
        {
            "name": "=POOL()",
            "gpu": "=GPU()",
            "nodes": 6,
            "gpus_per_node": 4,
            "memory_gib": 80,
            "price_usd_per_gpu_h": 1.5,
        }
    ]
    content = {
        "version": 1,
        "name": "=cmd|' /C calc'!A0",
        "pools": pools,
        "llms": [{"name": llm, "min_replicas": 1} for llm in HOSTILE],
    }
    content |= {
        "profiles": "profiles.csv",
        "scores": "scores.csv",
        "arrival_rate_rps": 30,
        "objective": {"maximize": "quality"},
    }
    content["slo"] = [{"metric": "ttft", "statistic": "mean", "limit_ms": 400}]
    (folder / "scenario.yaml").write_text(json.dumps(content), encoding="utf-8")
    return planned(folder / "scenario.yaml")
