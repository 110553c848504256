"""A scenario with a day in it: its own keys stay, tables are found from the new place."""

from pathlib import Path

import pytest

from planner.demand.day import DayChoices, DemandDay, build_demand_day
from planner.demand.scenario_merge import merged_scenario_text, read_scenario_to_merge
from planner.errors import DataError
from profiles.io.yaml_text import parse_yaml
from profiles.request_logs.pipeline import LogSource, import_request_logs
from profiles.request_logs.record import LogLabel
from tests.support.scenarios.log_files import hourly_csv_text

SCENARIO = """# a comment
version: 1
profiles: tables/profiles.csv
scores: /data/scores.csv
arrival_rate_rps: 30
classes:
  - {name: chat, scores: chat.csv, weight: 2, input_tokens: 5}
slo: []
"""


@pytest.fixture
def day(tmp_path: Path) -> DemandDay:
    path = tmp_path / "log.csv"
    path.write_text(hourly_csv_text({"chat": (100, 400), "code": (50, 10)}))
    return build_demand_day(
        import_request_logs([LogSource(path)], LogLabel.CLASS).log, DayChoices()
    )


def test_keys_are_merged_and_paths_lead_to_the_same_files(tmp_path: Path, day: DemandDay) -> None:
    source, folder = tmp_path / "in" / "s.yaml", tmp_path / "out" / "day"
    source.parent.mkdir()
    source.write_text(SCENARIO)
    text = merged_scenario_text(read_scenario_to_merge(source), day, source, folder)
    merged = parse_yaml(text, "s", [])
    assert "arrival_rate_rps" not in merged
    assert merged["demand"] == "demand.csv"
    assert (folder / merged["profiles"]).resolve() == source.parent / "tables/profiles.csv"
    assert merged["scores"] == "/data/scores.csv"
    chat, code = merged["classes"]
    assert chat["weight"] == 2
    assert chat["input_tokens"] != 5
    assert (folder / chat["scores"]).resolve() == source.parent / "chat.csv"
    assert code["name"] == "code"
    assert source.read_text() == SCENARIO


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("s.yaml", "- 1\n", "this is no scenario"),
        ("s.yaml", "a: [\n", "not sound YAML"),
        ("s.yaml", "", "this is no scenario"),
        ("s.xlsx", "PK", "this is a workbook"),
        ("none.yaml", None, "no such file"),
        ("s.yaml", "classes: {a: 1}\n", "no list of mappings"),
        ("s.yaml", "classes: [{name: batch}]\n", "the log has no class of this name, got 'batch'"),
    ],
)
def test_what_cannot_be_merged_is_refused(
    tmp_path: Path, day: DemandDay, name: str, text: str | None, why: str
) -> None:
    source = tmp_path / name
    if text is not None:
        source.write_text(text)
    with pytest.raises(DataError, match=why):
        merged_scenario_text(read_scenario_to_merge(source), day, source, tmp_path)
