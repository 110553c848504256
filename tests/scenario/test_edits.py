"""Changes of a scenario: as few overrides as possible, their words, and the hash of its files."""

from pathlib import Path

import pytest

from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import (
    ScenarioEdit,
    changed,
    content_of_edit,
    cost_objective_edit,
    edit_words,
    file_key_of_edit,
)
from planner.scenario.schema.paths import set_at_schema_path
from planner.scenario.schema.specification import ScenarioSpec
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.scenarios.demand_case import rates_in_a_table

FILES = {name: text.encode() for name, text in TEMPLATE_TEXTS.items()}


@pytest.fixture
def edit(tmp_path: Path) -> ScenarioEdit:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return ScenarioEdit.of_file(str(folder / "scenario.yaml"))


def test_changes_are_given_as_few_overrides_and_in_words(edit: ScenarioEdit) -> None:
    content = content_of_edit(edit)
    content["pools"][0]["nodes"] = 2
    content["slo"][0]["limit_ms"] = 250.0
    content["llms"] = content["llms"][:1]
    one = changed(edit, content)
    assert set(one.overrides) == {"pools.0.nodes", "slo.0.limit_ms", "llms"}
    assert content_of_edit(one) == content
    assert edit_words(one) == ["2 nodes of a100", "other llms", "mean TTFT 250 ms"]
    assert changed(one, content_of_edit(edit)) == edit


def test_a_headroom_is_named_by_what_it_is_of(edit: ScenarioEdit) -> None:
    free = {"rate_pct": 20.0, "slo_pct": 5.0, "utilization_pct": 12.5}
    one = changed(edit, {**content_of_edit(edit), "headroom": free})
    assert sorted(edit_words(one)) == [
        "12.5 % headroom of curves",
        "20 % headroom of the rate",
        "5 % headroom of SLO limits",
    ]


def test_limits_on_replicas_name_the_llm(edit: ScenarioEdit) -> None:
    content = content_of_edit(edit)
    content["llms"][0]["min_replicas"], content["llms"][1]["max_replicas"] = 1, 3
    names = [llm["name"] for llm in content["llms"]]
    assert sorted(edit_words(changed(edit, content))) == [
        f"at least 1 of {names[0]}",
        f"at most 3 of {names[1]}",
    ]
    for llm in content["llms"]:
        llm["min_replicas"] = 1
    assert sorted(edit_words(changed(edit, content))) == [
        "at least 1 of each LLM",
        f"at most 3 of {names[1]}",
    ]


def test_rates_of_cases_are_named_while_they_are_few(day: Path) -> None:
    edit = ScenarioEdit.of_file(str(day / "scenario.yaml"))
    content = content_of_edit(edit)
    content["cases"][0]["arrival_rate_rps"]["chat"] = 40.0
    content["objective"]["cost_at_most_usd_per_h"] = None
    assert edit_words(changed(edit, content)) == ["other objective", "40 req/s of chat in day"]
    content["objective"]["cost_at_most_usd_per_h"] = 30.0
    for case in content["cases"]:
        case["arrival_rate_rps"]["batch"] = 7.0
    assert edit_words(changed(edit, content)) == ["budget 30 USD/h", "other rates"]


def test_changes_read_by_the_command_line_mean_the_same(edit: ScenarioEdit) -> None:
    one = changed(edit, {**content_of_edit(edit), "arrival_rate_rps": 7.0})
    content = dict(edit.base)
    assert set_at_schema_path(ScenarioSpec, content, "arrival_rate_rps", 7.0) is None
    assert (
        one.scenario.spec == assemble_instance(Path(edit.path), dict(one.overrides)).scenario.spec
    )


def test_the_key_of_files_follows_their_content(edit: ScenarioEdit) -> None:
    before = file_key_of_edit(edit)
    scores = Path(edit.path).parent / "scores.csv"
    scores.write_bytes(scores.read_bytes() + b"p99,0.5,0.6\n")
    assert file_key_of_edit(edit) != before


def test_the_cheapest_plan_is_to_keep_the_quality_of_the_plan_shown() -> None:
    assert cost_objective_edit(0.74899)["quality_at_least"] == 0.748
    assert cost_objective_edit(None) == {"minimize": "cost", "quality_at_least": 0.5}


def test_the_key_of_a_file_covers_tables_of_classes_and_rates(day: Path) -> None:
    rates_in_a_table(day)
    keys = set()
    for name in ("", "batch.csv", "demand.csv", "scores.csv"):
        with (day / (name or "unused.csv")).open("a", encoding="utf-8") as file:
            file.write("\n")
        keys.add(file_key_of_edit(ScenarioEdit.of_file(str(day / "scenario.yaml"))))
    assert len(keys) == 4
