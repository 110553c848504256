"""The templates can be planned unchanged, and nothing is overwritten by them."""

from pathlib import Path

import openpyxl
import pytest

from planner.cli.commands.starting.init import run_init
from planner.scenario.assemble import assemble_instance
from profiles.workbook_layout import SHEETS
from tests.support.scenarios.workbook_case import planner


def test_templates_can_be_planned_unchanged(tmp_path: Path) -> None:
    assert run_init(tmp_path / "new", None, None, []) == 0
    assert run_init(None, tmp_path / "new.xlsx", None, []) == 0
    hashes = {
        assemble_instance(path).sha256
        for path in (tmp_path / "new" / "scenario.yaml", tmp_path / "new.xlsx")
    }
    assert len(hashes) == 1
    done = planner("plan", str(tmp_path / "new.xlsx"), "--quiet")
    assert done.returncode == 0, done.stderr


def test_the_template_has_lists_units_and_comments(book: Path) -> None:
    workbook = openpyxl.load_workbook(book)
    assert workbook.sheetnames == list(SHEETS)
    assert [cell.value for cell in workbook["Pools"][1]] == [
        "Pool",
        "GPU",
        "Nodes",
        "GPUs per node",
        "Memory (GiB)",
        "Price (USD/GPU/h)",
    ]
    for sheet in workbook:
        assert sheet.data_validations.dataValidation, sheet.title
    for sheet in ("Pools", "LLMs", "Profiles", "Scores"):
        assert all(cell.comment for cell in workbook[sheet][1])
    lists = [
        check.formula1
        for check in workbook["Demand & SLO"].data_validations.dataValidation
        if check.type == "list"
    ]
    assert lists == ['"ttft,tpot,e2e"', '"mean,p50,p90,p95,p99"', '"all,each_llm"']


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenario.yaml").write_text("mine", encoding="utf-8")
    (tmp_path / "mine.xlsx").write_text("mine", encoding="utf-8")
    assert run_init(tmp_path, None, None, []) == 2
    assert run_init(None, tmp_path / "mine.xlsx", None, []) == 2
    assert run_init(None, tmp_path / "mine.xls", None, []) == 2
    assert run_init(None, tmp_path / "no" / "mine.xlsx", None, []) == 2
    assert run_init(None, None, None, []) == 2
    assert run_init(tmp_path / "x", tmp_path / "x.xlsx", None, []) == 2
    assert run_init(tmp_path / "x", None, tmp_path / "scenario.yaml", []) == 2
    assert run_init(None, tmp_path / "x.xlsx", None, ["slo=[]"]) == 2
    assert run_init(None, tmp_path / "x.xlsx", tmp_path / "scenario.yaml", []) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.xlsx", "scenario.yaml"]
    assert len(capsys.readouterr().err.splitlines()) == 9
