"""The command `plan --from`: what runs is kept within a limit, told, written, and read back."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.errors import DataError
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.plan_and_scenario import load_plan_and_scenario
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.paths import HOME

RUN = CliRunner()


PRICE = ("--change-usd", "0.5", "--change-hours", "24")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of `init`, and a plan of few requests that runs."""
    place = tmp_path_factory.mktemp("from")
    for name, text in TEMPLATE_TEXTS.items():
        (place / name).write_text(text, encoding="utf-8")
    made = plan(place, "--set", "arrival_rate_rps=10", "--quiet", "--json", str(place / "old.json"))
    assert made.exit_code == 0
    return place


def plan(folder: Path, *arguments: str) -> Any:
    return RUN.invoke(
        app,
        ["plan", str(folder / "scenario.yaml"), "--set", "pools.0.gpus_per_node=4", *arguments],
        env={"COLUMNS": "200"},
    )


def content_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_limit_is_kept_told_and_written(folder: Path) -> None:
    new, free = folder / "new.json", folder / "free.json"
    old = ("--from", str(folder / "old.json"))
    done = plan(folder, *old, "--most-changes", "1", "--json", str(new))
    assert done.exit_code == 0, done.stderr
    # The terminal breaks lines between words.
    told = " ".join(done.stdout.split())
    assert f"From {folder / 'old.json'}:" in told
    assert "at most 1 replica may change, and the bound is that of such plans" in told
    content = content_of(new)
    schema = (HOME / "docs" / "plan.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(content, json.loads(schema))
    stated = content["context"]["from"]
    assert stated["scenario_sha256"] == content_of(folder / "old.json")["scenario_sha256"]
    assert stated["started"] + stated["stopped"] <= 1
    assert plan(folder, *old, "--quiet", "--json", str(free)).exit_code == 0
    without = content_of(free)
    assert without["context"]["from"]["most_changes"] is None
    assert without["objective"]["value"] >= content["objective"]["value"] - 1e-9
    # Read back, it is checked again.
    load_plan_and_scenario(new)
    stated["most_changes"] = stated["started"] + stated["stopped"] - 1
    stated["kept"] += 1
    new.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        load_plan_and_scenario(new)
    assert any("context.from.kept" in fault.problem for fault in refused.value.faults)


def test_the_plan_itself_changes_nothing(folder: Path) -> None:
    same = folder / "same.json"
    old = str(folder / "old.json")
    done = plan(folder, "--set", "arrival_rate_rps=10", "--from", old, "--json", str(same))
    assert done.exit_code == 0
    assert "no replica changes, " in " ".join(done.stdout.split())
    assert content_of(same)["placement"] == content_of(folder / "old.json")["placement"]


COST = ("--set", "objective={minimize: cost, quality_at_least: 0.768}")


def test_a_price_is_counted_told_and_written(folder: Path) -> None:
    new, old = folder / "priced.json", ("--from", str(folder / "old.json"))
    done = plan(folder, *COST, *old, *PRICE, "--json", str(new))
    assert done.exit_code == 0, done.stderr
    content = content_of(new)
    schema = (HOME / "docs" / "plan.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(content, json.loads(schema))
    told = content["context"]["from"]["changes"]
    assert told["gpus"] > 0
    assert told["usd"] == pytest.approx(0.5 * told["gpus"])
    value = content["cost_usd_per_h"] + 0.5 * told["gpus"] / 24
    assert content["objective"]["value"] == pytest.approx(value)
    words = f"replicas start on {told['gpus']} GPU"
    assert words in " ".join(done.stdout.split())
    # Read back, it is checked again: starts that are forgotten are found.
    load_plan_and_scenario(new)
    told |= {"gpus": 0, "usd": 0.0, "usd_per_h": 0.0}
    new.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        load_plan_and_scenario(new)
    assert any("context.from.changes.gpus" in fault.problem for fault in refused.value.faults)


def test_a_limit_that_is_too_small_says_what_is_enough(folder: Path) -> None:
    old = str(folder / "old.json")
    done = plan(folder, "--set", "pools.0.name=new", "--from", old, "--most-changes", "1")
    assert done.exit_code == 3
    assert "the scenario has no such option" in done.stderr
    assert "to start or stop, from the setup that runs" in " ".join(done.stdout.split())
    assert "--most-changes " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--most-changes", "1"), "a limit of changes needs the plan that runs"),
        (("--from", "old.json", "--current", "old.json"), "--current: does not go with --from"),
        (("--from", "old.json", "--robust-to", "cv=3"), "--robust-to: does not go with --from"),
        (
            ("--from", "old.json", "--most-changes", "1", "--near", "2"),
            "--near: does not go with --most-changes",
        ),
        (
            ("--from", "old.json", *PRICE, "--near", "2"),
            "--near: does not go with --change-usd",
        ),
        (PRICE, "a price of changes needs the plan that runs"),
        (("--from", "old.json", *PRICE[:2]), "say them with --change-hours HOURS"),
        (("--from", "old.json", *PRICE[2:]), "hours over which no price is spread"),
        (("--from", "old.json", *PRICE[:3], "0"), "--change-hours: not a number of hours, got 0.0"),
        (
            ("--from", "old.json", "--change-usd", "nan", *PRICE[2:]),
            "--change-usd: not a price in USD",
        ),
        (("--from", "old.json", *PRICE), "so that a price of changes decides nothing"),
        (("--from", "none.json"), "none.json"),
    ],
)
def test_options_without_sense_are_refused(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = plan(folder, *(str(folder / one) if ".json" in one else one for one in arguments))
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_plan_without_a_setup_cannot_run(folder: Path) -> None:
    nothing = str(folder / "nothing.json")
    many = plan(folder, "--set", "arrival_rate_rps=900", "--quiet", "--json", nothing)
    assert many.exit_code == 3
    done = plan(folder, "--from", nothing)
    assert done.exit_code == 2
    assert "no plan that could run" in done.stderr


CASES = (
    "cases=[{name: quiet, hours: 8, arrival_rate_rps: 8},"
    " {name: busy, hours: 4, arrival_rate_rps: 16}]"
)


def test_a_plan_over_cases_starts_from_one_rate_and_is_started_from(folder: Path) -> None:
    """From a plan of one rate to one of two cases, and from that one to itself."""
    scenario = (folder / "scenario.yaml").read_text(encoding="utf-8")
    lines = [line for line in scenario.splitlines() if not line.startswith("arrival_rate_rps")]
    cases = CASES.replace("cases=", "cases: ")
    day, new, same = folder / "day.yaml", str(folder / "cells.json"), str(folder / "again.json")
    day.write_text("\n".join([*lines, cases]) + "\n", encoding="utf-8")
    base = ["plan", str(day), "--set", "pools.0.gpus_per_node=4", "--set", "solver.rel_gap=0.01"]
    old = str(folder / "old.json")
    done = RUN.invoke(app, [*base, "--from", old, "--most-changes", "2", "--json", new])
    assert done.exit_code == 0, done.output
    assert "at most 2 replicas may" in " ".join(done.stdout.split())
    content = content_of(Path(new))
    schema = (HOME / "docs" / "plan-cells.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(content, json.loads(schema))
    stated = content["context"]["from"]
    assert stated["started"] + stated["stopped"] <= 2
    load_any_plan(Path(new))
    again = RUN.invoke(app, [*base, "--from", new, "--most-changes", "0", "--json", same])
    assert again.exit_code == 0, again.output
    assert content_of(Path(same))["setups"][0]["options"] == content["setups"][0]["options"]
    dear = [*base, *COST, "--from", old, *PRICE, "--json", same]
    assert RUN.invoke(app, dear).exit_code == 0
    priced = content_of(Path(same))
    jsonschema.validate(priced, json.loads(schema))
    changes = priced["context"]["from"]["changes"]["usd_per_h"]
    assert priced["objective"]["value"] == pytest.approx(priced["cost_usd_per_h"] + changes)
    load_any_plan(Path(same))
    stated["stopped"] += 1
    Path(new).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        load_any_plan(Path(new))
    assert any("context.from.stopped" in fault.problem for fault in refused.value.faults)


def test_a_scheduled_fleet_starts_from_what_runs_in_every_case(folder: Path) -> None:
    """From one setup in all cases, and from its own setups; checked again where it is read."""
    scenario = (folder / "scenario.yaml").read_text(encoding="utf-8")
    lines = [line for line in scenario.splitlines() if not line.startswith("arrival_rate_rps")]
    lines += [CASES.replace("cases=", "cases: "), "fleet: {mode: scheduled}"]
    cycle, new = folder / "cycle.yaml", str(folder / "cycle.json")
    cycle.write_text("\n".join(lines) + "\n", encoding="utf-8")
    base = ["plan", str(cycle), "--set", "pools.0.gpus_per_node=4", "--set", "solver.rel_gap=0.01"]
    old = str(folder / "old.json")
    done = RUN.invoke(app, [*base, "--from", old, "--most-changes", "1", "--json", new])
    assert done.exit_code == 0, done.output
    assert "of each setup at most 1 replica may" in " ".join(done.stdout.split())
    content = content_of(Path(new))
    schema = (HOME / "docs" / "plan-cells.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(content, json.loads(schema))
    stated = content["context"]["from_cycle"]["setups"]
    assert [one["case"] for one in stated] == ["quiet", "busy"]
    again = RUN.invoke(app, [*base, "--from", new, "--most-changes", "0", "--quiet"])
    assert again.exit_code == 0, again.output
    load_any_plan(Path(new))
    stated[1]["kept"] += 1
    Path(new).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        load_any_plan(Path(new))
    assert any("case busy" in fault.problem for fault in refused.value.faults)
    priced = RUN.invoke(app, [*base, *COST, "--from", old, *PRICE])
    assert priced.exit_code == 2
    assert "the change to a scheduled fleet has no price" in priced.stderr
