"""The GPU map as a chart: its figures, its words, and GPUs that are counted."""

from pathlib import Path

import openpyxl
import pandas as pd

from planner.plans.plan_and_scenario import PlanAndScenario
from reports.workbook.gpu_bars import BAR, MOST_BARS, gpu_bars_table

SIGNS = {"small": "A", "large": "B", "idle": "C"}


def pools(nodes: int) -> pd.DataFrame:
    return pd.DataFrame({"Pool": ["p"], "Nodes": [nodes], "GPUs per node": [2]})


def shards(rows: list[tuple[int, int, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["Node", "GPU", "LLM", "MPS share (%)"])
    return frame.assign(Pool="p")


def test_a_row_a_gpu_with_the_shares_of_its_llms() -> None:
    table = gpu_bars_table(
        pools(1),
        shards([(0, 0, "small", 30.0), (0, 0, "small", 20.0), (0, 0, "large", 50.0)]),
        SIGNS,
    )
    assert list(table.columns) == [BAR, "A small", "B large"], (
        "an LLM that does not run is left out"
    )
    assert table.to_numpy().tolist() == [
        ["p node 0 GPU 0", 50.0, 50.0],
        ["p node 0 GPU 1, free", None, None],
    ]


def test_many_gpus_are_counted_by_what_they_hold() -> None:
    rows = [(node, 0, "small", 100.0) for node in range(MOST_BARS)] + [(0, 1, "large", 40.0)]
    table = gpu_bars_table(pools(MOST_BARS), shards(rows), SIGNS)
    assert table[BAR].tolist() == [f"{MOST_BARS} x p", f"{MOST_BARS - 1} x p, free", "1 x p"]
    assert table["A small"].tolist() == [100.0, None, None]
    assert table["B large"].tolist() == [None, None, 40.0]


def test_the_summary_has_the_map(trio: PlanAndScenario, trio_book: Path) -> None:
    charts = openpyxl.load_workbook(trio_book)["Summary"]._charts
    kinds = [chart.grouping for chart in charts if chart.tagname == "barChart"]
    assert kinds == ["clustered", "stacked"]
    rows = openpyxl.load_workbook(trio_book, data_only=True)["Setup"].iter_rows(values_only=True)
    head = next(row for row in rows if BAR in row)
    assert {"ABC"[k] + f" {llm}" for k, llm in enumerate(trio.plan.content["routing"])} <= set(head)
