"""The paper's study: scenarios, the runner's table, the verdict next to it, and that the page
states what the runner finds.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from examples import paper_study
from examples.paper_counts import cluster_file, counts_table
from examples.paper_study import (
    CONTRADICTION,
    POINTS,
    QUICK,
    StudyResult,
    agreement,
    main,
    run_points,
    study_table,
)
from models.instance import Instance
from planner.scenario.assemble import assemble_instance
from planner.solution import Conflict
from planner.studies.setup_rows import STATUSES
from tests.support.paths import HOME

PAGE = HOME / "docs/paper-study.md"
FOLDER = HOME / "examples/paper-study"
README = FOLDER / "README.md"
SAME_VALUE = 2e-4


@pytest.fixture(scope="module")
def outcomes() -> tuple[StudyResult, ...]:
    return tuple(run_points(QUICK))


@pytest.fixture(scope="module")
def trio() -> Instance:
    return assemble_instance(HOME / "examples/paper-trio/scenario.yaml").instance


# ---------------------------------------------------------------- scenarios


@pytest.mark.parametrize("gpus", [4, 8])
def test_scenarios_are_the_trio_on_one_node(gpus: int, trio: Instance) -> None:
    loaded = assemble_instance(cluster_file(gpus))
    instance = loaded.instance
    assert [(pool.gpu, pool.nodes, pool.gpus_per_node) for pool in instance.pools] == [
        ("A100-SXM-80GB", 1, gpus)
    ]
    assert instance.llms == trio.llms
    assert {llm.max_replicas for llm in instance.llms} == {1}
    assert (len(instance.options), len(trio.options)) == (90, 72)
    assert not instance.dropped
    np.testing.assert_array_equal(instance.scores.values, trio.scores.values)
    assert loaded.scenario.spec.setups.min_gpu_utilization_pct == 87.5


def test_only_the_curves_of_small_shares_are_its_own() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == [
        "4xa100.yaml",
        "8xa100.yaml",
        "README.md",
        "profiles.csv",
    ]
    # Their shares are more, and the curves of the others are the trio's.
    head, *lines = (FOLDER / "profiles.csv").read_text(encoding="utf-8").splitlines()
    trio = (HOME / "examples/paper-trio/profiles.csv").read_text(encoding="utf-8").splitlines()
    assert [head, *(line for line in lines if float(line.split(",")[3]) >= 30)] == trio


def test_the_grid_is_the_papers() -> None:
    grid = {(point.gpus, point.rate_rps, point.target_ms) for point in POINTS}
    assert grid == set(product((4, 8), (50, 60, 70, 80), (150, 240)))
    assert set(QUICK) <= set(POINTS)
    assert len(POINTS) == 16


# ---------------------------------------------------------------- the table


def within_floor(instance: Instance, gpus: int) -> Iterator[list[int]]:
    """Enumerate setups once more, by hand: positions of options, one per LLM or none."""
    ways = [
        [None, *(o for o, option in enumerate(instance.options) if option.llm == i)]
        for i in range(len(instance.llms))
    ]
    tenths = [round(10 * option.tp_degree * option.mps_share) for option in instance.options]
    for setup in product(*ways):
        deployed = [o for o in setup if o is not None]
        if 0.875 * 10 * gpus <= sum(tenths[o] for o in deployed) <= 10 * gpus:
            yield deployed


def first_fit(instance: Instance, deployed: list[int], gpus: int) -> bool:
    """First-fit decreasing by share, then memory, once more."""
    free, room = [10] * gpus, [instance.room(0)] * gpus
    for option in sorted(
        (instance.options[o] for o in deployed), key=lambda one: (-one.mps_share, -one.memory)
    ):
        tenths = round(10 * option.mps_share)
        on = [g for g in range(gpus) if free[g] >= tenths and room[g] >= option.memory][
            : option.tp_degree
        ]
        if len(on) < option.tp_degree:
            return False
        for g in on:
            free[g] -= tenths
            room[g] -= option.memory
    return True


@pytest.mark.parametrize("at", [0, 1])
def test_counts_are_those_of_a_second_enumeration(
    at: int, outcomes: tuple[StudyResult, ...]
) -> None:
    gpus = outcomes[at].point.gpus
    instance = assemble_instance(cluster_file(gpus)).instance
    setups = list(within_floor(instance, gpus))
    row = study_table(outcomes).iloc[at]
    assert row["Enumerated (setups)"] == len(setups)
    assert row["Retained (setups)"] == sum(
        first_fit(instance, deployed, gpus) for deployed in setups
    )
    assert 0 < row["Feasible (setups)"] <= row["Retained (setups)"]


@pytest.mark.slow
def test_the_joint_plan_is_between_the_best_setup_and_its_bound(
    outcomes: tuple[StudyResult, ...],
) -> None:
    for one, (_, row) in zip(outcomes, study_table(outcomes).iterrows(), strict=True):
        rounding = 1e-9
        assert row["Best (mean score)"] <= row["Joint bound (mean score)"] + rounding
        assert row["Joint plan (mean score)"] >= row["Best (mean score)"] - (
            row["Joint bound (mean score)"] - row["Joint plan (mean score)"]
        )
        assert row["Joint plan (mean score)"] <= np.nanmax(one.study.bound) + rounding
        assert row["Joint mean TTFT, predicted (ms)"] <= row["TTFT target (ms)"] + 1e-3
        assert row["Worst (mean score)"] <= row["Median (mean score)"] <= row["Best (mean score)"]
        spread = row["Spread best / worst - 1 (%)"]
        assert spread == pytest.approx(
            100 * (row["Best (mean score)"] / row["Worst (mean score)"] - 1)
        )
        assert row["Agree"] == "yes"
        assert row["Reason"] == ""


@pytest.mark.slow
def test_a_stated_floor_replaces_the_scenarios() -> None:
    one = next(run_points(QUICK[:1], floor_pct=100))
    assert one.study.positions.size == 120  # as counted by counts_table
    assert one.agrees == "yes"


# ---------------------------------------------------------------- the verdict


def test_contradictions_are_reported(outcomes: tuple[StudyResult, ...]) -> None:
    one = outcomes[0]
    instance = assemble_instance(cluster_file(4)).instance  # 60 req/s and 150 ms, as the point
    value, bound = one.joint.value or 0.0, one.joint.bound or 0.0
    low = replace(one.joint, value=value - 0.02, bound=bound - 0.01)
    verdict, reason = agreement(instance, one.study, low)
    assert verdict == "NO"
    assert "above the joint bound" in reason
    high = replace(one.joint, value=value + 0.01, bound=bound + 0.01)
    assert agreement(instance, one.study, high)[0] == "NO"
    none = replace(
        one.joint,
        status="infeasible",
        value=None,
        bound=None,
        conflict=Conflict(("60 req/s to be served",)),
    )
    assert agreement(instance, one.study, none)[0] == "NO"
    empty = replace(
        one.study,
        quality=np.full_like(one.study.quality, np.nan),
        status=np.full_like(one.study.status, 1),
    )
    assert STATUSES[1] == "infeasible"
    assert agreement(instance, empty, none) == ("none", "60 req/s to be served")
    assert agreement(instance, empty, one.joint)[0] == "NO"
    assert agreement(instance, one.study, replace(none, status="unknown"))[0] == "open"


def test_a_better_plan_that_first_fit_does_not_place_is_no_contradiction(
    outcomes: tuple[StudyResult, ...],
) -> None:
    one = outcomes[0]
    instance = assemble_instance(cluster_file(4)).instance
    doubled = replace(
        one.joint,
        value=(one.joint.value or 0) + 0.01,
        bound=(one.joint.bound or 0) + 0.01,
        replicas=2 * one.joint.replicas,
    )
    assert agreement(instance, one.study, doubled)[0] == "joint more"


# ---------------------------------------------------------------- the command


def test_the_command_writes_and_prints(
    outcomes: tuple[StudyResult, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    infeasible = replace(
        outcomes[0],
        joint=replace(outcomes[0].joint, value=None, bound=None),
        ttft_ms=None,
        agrees="none",
        reason="too much",
    )
    monkeypatch.setattr(paper_study, "run_points", lambda *_: iter([*outcomes, infeasible]))
    for columns in ("80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["--quick", "--csv", str(tmp_path / "study.csv")]) == 0
        said = capsys.readouterr().out
        assert max(map(len, said.splitlines())) <= int(columns)
        assert " 654 " in said
        assert "4 GPUs, 60 req/s, 150 ms: too much" in said
    frame = pd.read_csv(tmp_path / "study.csv", keep_default_na=False)
    assert frame["Agree"].tolist() == ["yes", "yes", "none"]
    assert frame["Joint plan (mean score)"].tolist()[2] == ""


def test_exit_codes(
    outcomes: tuple[StudyResult, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def stopped(*_: object) -> Iterator[StudyResult]:
        yield outcomes[0]
        raise KeyboardInterrupt

    def at_once(*_: object) -> Iterator[StudyResult]:
        raise KeyboardInterrupt
        yield

    assert main(["--quick", "--floor", "120"]) == 2
    assert main(["--csv", str(tmp_path / "no/where.csv")]) == 2
    for points, code in (
        (stopped, 4),
        (at_once, 5),
        (lambda *_: iter([replace(outcomes[0], agrees="NO")]), CONTRADICTION),
    ):
        monkeypatch.setattr(paper_study, "run_points", points)
        assert main(["--quick"]) == code
    capsys.readouterr()


# ---------------------------------------------------------------- the page


def test_the_page_shows_what_the_runner_finds(outcomes: tuple[StudyResult, ...]) -> None:
    rows = [
        line.split()
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if re.match(r" +[48] +\d\d +(?:150|240) ", line)
    ]
    assert len(rows) == len(POINTS)
    for row in study_table(outcomes).itertuples(index=False):
        shown = next(
            r for r in rows if [float(r[0]), float(r[1]), float(r[2])] == [row[0], row[1], row[2]]
        )
        assert [int(cell.replace(",", "")) for cell in shown[3:6]] == list(row[3:6])
        assert [float(cell) for cell in shown[6:9]] == pytest.approx(list(row[6:9]), abs=SAME_VALUE)
        assert float(shown[10]) == pytest.approx(row[10], abs=SAME_VALUE)
        assert shown[-1] == row[14]


@pytest.mark.slow
def test_the_page_shows_the_counts() -> None:
    """Floor by floor; 87.5 % is what brings two published numbers near, about 700 and 17,000."""
    table = counts_table()
    text = PAGE.read_text(encoding="utf-8").replace("*", "")
    for row in table.itertuples(index=False):
        cells = [f"{row[k + 1]:,} ({row[k + 2]:,})" for k in (1, 4, 7)]
        assert f"| {row[0]:g} | {' | '.join(cells)} |" in text
    near = table[table["Floor (%)"] == 87.5].iloc[0]
    assert abs(near["3 LLMs, 4 GPUs: retained"] / 700 - 1) < 0.1
    assert abs(near["4 LLMs, 8 GPUs: retained"] / 17_000 - 1) < 0.1


@pytest.mark.parametrize("document", [PAGE, README], ids=lambda path: path.name)
def test_the_documents_name_commands_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    commands = re.findall(r"-m examples\.paper_study((?: --\w+(?: [\w.]+)?)*)", text)
    assert len(commands) >= 3
    for command in commands:
        paper_study._arguments(command.split())  # ends the run at an option that does not exist
    assert re.search(r"-m planner (setups|check) examples/paper-study/[48]xa100\.yaml", text)
