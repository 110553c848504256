"""The example fleet-day: its tables are what the generator makes, its three scenarios are one day,
and what its README claims follows from the outputs it shows (test_documents runs the commands).
"""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from examples.make_examples import FLEET_DAY, FLEET_DAY_SCORES, FOLDER, profile_table, score_table
from planner.scenario.assemble import assemble_instance
from profiles.io.writing import write_csv
from tests.docs.test_documents import FLEET_DAY_README, blocks, commands

HERE = FOLDER / FLEET_DAY.name
TEXT = FLEET_DAY_README.read_text(encoding="utf-8")
SHOWN = {
    command.text.removeprefix(".venv/bin/python -m planner "): "\n".join(command.shown)
    for block in blocks(FLEET_DAY_README)
    for command in commands(block)
}


def shown(*words: str) -> str:
    """The output of the only command that has all these words and no others of --set."""
    (found,) = [
        output
        for text, output in SHOWN.items()
        if all(word in text for word in words)
        and text.count("--set") == sum(word.startswith("--set") for word in words)
    ]
    return found


def value_and_bound(output: str) -> tuple[float, float]:
    verdict = re.search(r"quality ([\d.]+) found, best possible ([\d.]+)", output)
    assert verdict is not None
    return float(verdict[1]), float(verdict[2])


def row(output: str, plan: str) -> list[str]:
    (line,) = [line for line in output.splitlines() if line.strip().startswith(plan)]
    return line.split(plan)[1].split()


def claim(start: str) -> str:
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {start}")]
    return line


def test_the_tables_are_what_the_generator_makes(tmp_path):
    few = replace(FLEET_DAY, llms=FLEET_DAY.llms[2:3], gpus=FLEET_DAY.gpus[:1], tp_degrees=(4,))
    write_csv(profile_table(few, jobs=1), tmp_path / "few.csv")
    head, *made = (tmp_path / "few.csv").read_text(encoding="utf-8").splitlines()
    table = (HERE / "profiles.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == head
    assert made == [line for line in table if line.startswith("qwen2.5-14b,A100-PCIe-80GB,4,")]
    assert len(made) == 8
    for name, example in FLEET_DAY_SCORES.items():
        with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            stored = list(csv.DictReader(file))
        values = np.array([[float(line[llm]) for llm in example.llms] for line in stored])
        # exp may differ in the last bit between processors.
        np.testing.assert_allclose(values, score_table(example), atol=1.01e-4, rtol=0)
    assert sum(path.stat().st_size for path in HERE.iterdir()) < 300_000


def test_the_three_scenarios_are_one_day():
    day, classes, lost = (
        assemble_instance(HERE / f"{name}.yaml", cells=True).demand
        for name in ("day", "classes", "node-lost")
    )
    assert day is not None
    assert classes is not None
    assert lost is not None
    assert len(day.instance.llms) == 6
    assert sum(pool.nodes * pool.gpus_per_node for pool in day.instance.pools) == 32
    assert [(case.hours, sum(case.rates)) for case in day.cases] == [
        (case.hours, sum(case.rates)) for case in classes.cases
    ]
    assert len(day.cases) == 8
    assert lost.cases[:8] == day.cases
    (loss,) = lost.cases[8:]
    assert loss.loses_nodes
    assert loss.rates == max(case.rates for case in day.cases)
    for other in (classes, lost):
        assert other.instance.pools == day.instance.pools
        assert other.instance.llms == day.instance.llms
        assert len(other.instance.options) == len(day.instance.options)
    strict = [slo.limit for entry in classes.classes for slo in entry.slos]
    assert min(strict) == day.instance.slos[0].limit < max(strict)


def test_a_setup_for_the_mean_breaks_and_one_for_the_peak_is_worse():
    output = shown("baselines", "day.yaml")
    joint, _ = value_and_bound(output)
    broken = " ".join(row(output, "mean alone")[4:]).split(", ")
    assert 0 < len(broken) < 8
    assert f"breaks in {len(broken)} of 8 periods" in claim("for the mean rate")
    peak = float(row(output, "peak alone")[2])
    assert joint > peak
    assert f"| {peak:.5f} | {joint:.5f} | {joint - peak:.5f} |" in claim("for the peak alone")


@pytest.mark.parametrize(
    ("simpler", "better", "start"),
    [
        (
            ("day.yaml", "--set objective.cost_at_most_usd_per_h=30"),
            ("day.yaml", "--set objective.cost", "--set 'fleet=", "--set solver.rel_gap=0.01"),
            "at 30 USD/h",
        ),
        (
            ("classes.yaml", "--set classes.1.slo.0.limit_ms=200"),
            ("classes.yaml",),
            "with the strictest limit",
        ),
    ],
)
def test_no_simpler_plan_reaches_what_was_found(
    simpler: tuple[str, ...], better: tuple[str, ...], start: str
):
    _, at_most = value_and_bound(shown("plan", *simpler))
    found, _ = value_and_bound(shown("plan", *better))
    assert found > at_most
    assert f"at most {at_most:.5f} | {found:.5f} " in claim(start)
    assert f"{found - at_most:.5f} or more" in claim(start)


def test_four_nodes_hold_when_planned_with_the_loss():
    output = shown("baselines", "node-lost.yaml")
    assert row(output, "blind to losses")[3:] == ["-", "node-lost"]
    joint, _ = value_and_bound(output)
    assert f"| breaks | holds, {joint:.5f} |" in claim("blind to the loss")
    assert "every loss below holds all limits" in shown("plan examples", "node-lost.yaml")
    assert value_and_bound(shown("plan", "day.yaml", "--set pools.0.nodes=3"))
