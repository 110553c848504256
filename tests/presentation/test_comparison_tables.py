"""Plans side by side: every number and its change, which inputs differ, which results
differently, in tables and sentences.
"""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.plans.changes.diff import diff_plans
from planner.plans.plan_file import write_plan_file
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.comparison_tables import (
    comparison_table,
    replicas_comparison_table,
    routing_comparison_table,
    tradeoff_comparison_table,
)
from planner.presentation.diff import diff_line


def test_numbers_are_side_by_side_with_their_change(contents: dict[str, Any]) -> None:
    frame = comparison_table(
        {name: contents[name] for name in ("small", "fast", "cheap")}
    ).set_index("What")
    assert list(frame.columns) == [
        "Unit",
        "small",
        "fast",
        "cheap",
        "fast: change",
        "cheap: change",
    ]
    assert frame.loc["Input: arrival rate"].tolist() == ["req/s", "10", "20", "10", "+10", "="]
    assert frame.loc["Input: mean TTFT at most"].tolist() == [
        "ms",
        "300",
        "200",
        "300",
        "-100",
        "=",
    ]
    assert frame.loc["Input: quality at least"].tolist() == ["mean score", "-", "-", "0.4", "", ""]
    change = float(frame.loc["Quality", "fast: change"])
    assert change == pytest.approx(
        contents["fast"]["quality"] - contents["small"]["quality"], abs=1.1e-5
    )
    gpus = contents["cheap"]["gpus_used"] - contents["small"]["gpus_used"]
    assert gpus < 0
    assert frame.loc["GPUs used", "cheap: change"] == str(gpus)


def test_setups_and_routings_are_side_by_side(contents: dict[str, Any]) -> None:
    pair = {name: contents[name] for name in ("small", "fast")}
    setups = replicas_comparison_table(pair)
    for name, content in pair.items():
        assert setups[f"{name} (replicas)"].sum() == sum(
            option["replicas"] for option in content["options"]
        )
        assert routing_comparison_table(pair)[f"{name} (%)"].sum() == pytest.approx(100.0)
    points = tradeoff_comparison_table(pair)
    assert list(points["Quality (mean score)"]) == [content["quality"] for content in pair.values()]
    assert points[points.columns[2]].nunique() == 2


def test_diff_shows_it_on_the_terminal(plans: dict[str, Any], tmp_path: Path) -> None:
    files = [str(tmp_path / f"{name}.json") for name in ("small", "fast")]
    for name, file in zip(("small", "fast"), files, strict=True):
        write_plan_file(plans[name], file)
    done = CliRunner().invoke(app, ["diff", *files], env={"COLUMNS": "120"})
    assert done.exit_code == 0
    for line in comparison_lines(plans["small"].content, plans["fast"].content):
        assert line[:60] in done.stdout
    assert diff_line(diff_plans(plans["small"].content, plans["fast"].content)) in " ".join(
        done.stdout.split()
    )
