"""plan.json on disk: written whole, read back, refused where it is none."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from planner.errors import DataError
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import read_plan_file, write_plan_file
from planner.plans.record import Plan
from profiles.io.faults import Fault
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
    write_plan_file(plan, "out/plan.json")
    back = read_plan_file(tmp_path / "out" / "plan.json")
    assert back.content == {**plan.content, "scenario_path": "../case/scenario.yaml"}
    assert os.listdir("out") == ["plan.json"]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old")
    plan = built_plan()
    with pytest.raises(ValueError, match="JSON"):
        write_plan_file(Plan({**plan.content, "quality": float("nan")}), target)
    assert (target.read_text(), os.listdir(tmp_path)) == ("old", ["plan.json"])


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1, "quality": NaN}', '{"schema": 2}', "[]"])
def test_what_is_no_plan_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(DataError, match="plan"):
        read_plan_file(tmp_path / "plan.json")


def test_missing_plan_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_plan_file(tmp_path / "plan.json")


# ---------------------------------------------------------------- nothing is taken on trust


OLD = Path(__file__).parent / "version_0_1_0" / "paper-trio.json"


def trio_content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(OLD.read_text(encoding="utf-8"))
    return content


def faults_of(tmp_path: Path, text: str) -> list[Fault]:
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_plan_file(tmp_path / "plan.json")
    return list(refused.value.faults)


@pytest.mark.parametrize(
    "text",
    ['{"schema": 1, "a": ' + "[" * 400_000, '{"schema": 1, "a": ' + "[" * 31 + "]" * 31 + "}"],
)
def test_values_nested_too_deep_are_refused(tmp_path: Path, text: str) -> None:
    assert "nested deeper" in faults_of(tmp_path, text)[0].problem


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "-1e16"])
def test_numbers_beyond_all_bounds_are_refused(tmp_path: Path, number: str) -> None:
    text = json.dumps({**trio_content(), "gpus_used": "HERE"}).replace('"HERE"', number)
    (fault,) = faults_of(tmp_path, text)
    assert (fault.where, fault.problem[:21]) == ("gpus_used", "no number of a plan i")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("options.0", 1, "options.0"),
        ("options.0.replicas", "two", "options.0.replicas"),
        ("options.0.replicas", 100_001, "options.0.replicas"),
        ("options.0.replicas", 1.0, "options.0.replicas"),
        ("options.0.llm", "nobody", "options.0.llm"),
        ("options.0.pool", "nowhere", "options.0.pool"),
        ("placement.1.gpu", 99, "placement.1.gpu"),
        ("placement.1.node", 1, "placement.1.node"),
        ("routing", {"nobody": 1.0}, "routing"),
        ("dual_prices", {}, "dual_prices"),
        ("router", None, "router"),
        ("status", "splendid", "status"),
        ("scenario_sha256", "x", "scenario_sha256"),
        ("context.pools", [], "gpus_total"),
        ("more", 1, ""),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(
    tmp_path: Path, path: str, value: Any, where: str
) -> None:
    content = trio_content()
    *above, key = path.split(".")
    inner: Any = content
    for step in above:
        inner = inner[int(step) if isinstance(inner, list) else step]
    inner[int(key) if isinstance(inner, list) else key] = value
    faults = faults_of(tmp_path, json.dumps(content))
    assert faults[0].where == where
    assert all("write it again" in fault.fix for fault in faults)


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    content = {**trio_content(), "gpus_used": "x", "quality": "y"}
    assert {fault.where for fault in faults_of(tmp_path, json.dumps(content))} == {
        *("gpus_used", "quality"),
    }


def test_a_plan_goes_to_standard_output_too(capfd: pytest.CaptureFixture[str]) -> None:
    write_plan_file(built_plan(), "/dev/stdout")
    assert json.loads(capfd.readouterr().out)["schema"] == 1


def test_a_scenario_in_the_place_of_a_plan_is_named_as_one(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("version: 1\n")
    with pytest.raises(DataError, match=r"planned first: python -m planner plan .*scenario.yaml"):
        read_plan_file(path)
