"""plan.json on disk: written whole, read back, refused where it is none."""

import os
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.plans.plan_content import build_plan_content
from planner.plans.record import Plan, read_plan_record, write_plan_record
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import SETTINGS, loaded, solved, trio


def test_written_plan_reads_back_and_finds_its_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    plan = build_plan_content(
        loaded(trio(), path="case/scenario.yaml"), solved(trio()), SETTINGS, {}
    )
    write_plan_record(plan, "out/plan.json")
    back = read_plan_record(tmp_path / "out" / "plan.json")
    assert back.content == {**plan.content, "scenario_path": "../case/scenario.yaml"}
    assert os.listdir("out") == ["plan.json"]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old")
    plan = built_plan()
    with pytest.raises(ValueError, match="JSON"):
        write_plan_record(Plan({**plan.content, "quality": float("nan")}), target)
    assert (target.read_text(), os.listdir(tmp_path)) == ("old", ["plan.json"])


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1, "quality": NaN}', '{"schema": 2}', "[]"])
def test_what_is_no_plan_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(DataError, match="plan"):
        read_plan_record(tmp_path / "plan.json")


def test_missing_plan_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_plan_record(tmp_path / "plan.json")
