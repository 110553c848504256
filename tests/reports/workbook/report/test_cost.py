"""The sheet Cost: live totals, and pools without a price."""

import re
from pathlib import Path

import openpyxl
import pytest

from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans.report_cases import planned, written


def test_totals_and_costs_are_formulas(trio: PlanAndScenario, trio_book: Path) -> None:
    book, values = (
        openpyxl.load_workbook(trio_book),
        openpyxl.load_workbook(trio_book, data_only=True),
    )
    for name, expected in (
        ("cost_usd_per_h", trio.plan.content["cost_usd_per_h"]),
        ("gpus_used", trio.plan.content["gpus_used"]),
        ("checks_all_ok", True),
    ):
        sheet, cell = next(iter(book.defined_names[name].destinations))
        assert book[sheet][cell].data_type == "f"
        assert values[sheet][cell].value == pytest.approx(expected)


def test_a_pool_without_a_price_has_no_cost(small: PlanAndScenario, tmp_path: Path) -> None:
    text = small.loaded.scenario.path.read_text(encoding="utf-8").replace(
        "A100-PCIe-80GB", "GPU-X, 80 GB"
    )
    text = re.sub(r"price_usd_per_gpu_h: .*", "memory_gib: 80", text)
    for name in ("profiles.csv", "scores.csv"):
        table = (small.loaded.scenario.path.parent / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            table.replace("A100-PCIe-80GB", '"GPU-X, 80 GB"'), encoding="utf-8"
        )
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    source = planned(tmp_path / "scenario.yaml")
    assert source.plan.content["cost_usd_per_h"] is None
    book = openpyxl.load_workbook(written(source, tmp_path / "free.xlsx"), data_only=True)
    sheet, cell = next(iter(book.defined_names["cost_usd_per_h"].destinations))
    assert book[sheet][cell].value == "no price"


def test_owned_reserved_and_bought_pools(small: PlanAndScenario, tmp_path: Path) -> None:
    """Two GPUs a node at 2 USD/h; what is on the sheet is what the plan says."""
    path = small.loaded.scenario.path
    floor = "objective={minimize: cost, quality_at_least: 0.5}"
    for change, cost in (
        ("pools.0.owned=true", 2 * 1.8),
        ("pools.0.reserved={nodes: 1, price_usd_per_gpu_h: 0.5}", 2 * 0.5),
    ):
        source = planned(path, change, floor)
        assert source.plan.content["cost_usd_per_h"] == pytest.approx(cost)
        book = openpyxl.load_workbook(written(source, tmp_path / "paid.xlsx"), data_only=True)
        sheet, cell = next(iter(book.defined_names["cost_usd_per_h"].destinations))
        assert book[sheet][cell].value == pytest.approx(cost)
