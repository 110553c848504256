"""The study of all setups: complete, resumable, the same over processes and pruned, and told in
tables and on the command line.
"""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.commands.check import NEGATIVE_VERDICT
from planner.decomposition.best_setup import best_setup
from planner.errors import DataError
from planner.presentation.formatting import format_config
from planner.presentation.setup_study import (
    histogram_lines,
    histogram_table,
    setup_counts_line,
    setups_table,
    spread_line,
    spread_of,
)
from planner.studies import decomposition_run
from planner.studies.setup_study import STATUSES, SetupStudy, study_setups
from tests.decomposition.test_best_setup import cluster
from tests.support.paths import HOME
from tests.support.tiny import random_instance

TRIO = str(HOME / "examples" / "paper-trio" / "scenario.yaml")
FEW = ["--set", "setups.tp_degrees=[2]", "--set", "setups.mps_shares_pct=[30, 50, 70, 100]"]


def same(one: SetupStudy, other: SetupStudy) -> bool:
    columns = ("positions", "status", "fractions", "only_exact")
    return all(
        np.array_equal(getattr(one, c), getattr(other, c), equal_nan=True) for c in columns
    ) and np.allclose(one.quality, other.quality, equal_nan=True)


@pytest.mark.parametrize("kind", ["convex", "percentile", "two_pools"])
def test_the_best_row_is_the_best_setup(kind: str) -> None:
    feasible = 0
    for seed in range(15):
        instance = random_instance(seed, kind)
        everything = study_setups(instance, exact_packing=True, jobs=1)
        best = best_setup(instance, tolerance=everything.tolerance)
        assert everything.complete
        assert sum(everything.count(status) for status in STATUSES) == everything.positions.size
        if best.value is None:
            assert everything.count("feasible") == 0
        else:
            assert np.nanmax(everything.quality) == pytest.approx(
                best.value, abs=4 * everything.tolerance
            )
            assert np.all(
                everything.bound[~np.isnan(everything.quality)]
                >= everything.quality[~np.isnan(everything.quality)] - 1e-9
            )
            feasible += 1
    assert feasible >= 5


def test_pruned_setups_are_none_of_the_best() -> None:
    for seed in range(10):
        instance = random_instance(seed, "convex")
        everything, pruned = study_setups(instance, jobs=1), study_setups(instance, prune=True)
        assert np.array_equal(everything.positions, pruned.positions)
        if everything.count("feasible"):
            best = np.nanmax(everything.quality)
            assert np.nanmax(pruned.quality) == pytest.approx(best, abs=4 * everything.tolerance)
            assert (
                pruned.count("pruned") + pruned.count("feasible") + pruned.count("infeasible")
                == everything.positions.size
            )


def test_two_processes_give_what_one_does() -> None:
    instance = random_instance(3, "convex")
    assert same(study_setups(instance, jobs=1), study_setups(instance, jobs=2))


def test_exact_packing_retains_more() -> None:
    instance = cluster(
        [(i, 1, share, 1.0) for i, share in enumerate((0.4, 0.4, 0.3, 0.3, 0.3, 0.3))],
        6,
        per_node=2,
    )
    published, exact = (
        study_setups(instance, jobs=1),
        study_setups(instance, exact_packing=True, jobs=1),
    )
    assert not published.only_exact.any()
    assert exact.only_exact.sum() == exact.positions.size - published.positions.size >= 1


def test_too_many_setups_are_refused_with_a_fix() -> None:
    ways = [
        (i, tp, share / 100, 1.0) for i in range(2) for tp in (1, 2) for share in range(10, 101, 10)
    ]
    with pytest.raises(DataError, match=r"too many setups.*set max_replicas"):
        study_setups(cluster(ways, 2, nodes=4, most=None))


# ---------------------------------------------------------------- journal


def test_an_interrupted_study_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.studies.setup_study.CHUNK", 3)
    instance = next(
        i
        for i in (random_instance(seed, "convex") for seed in range(99))
        if study_setups(i, jobs=1).positions.size >= 8
    )
    whole, journal, cancel = (
        study_setups(instance, jobs=1),
        tmp_path / "s.csv.partial",
        threading.Event(),
    )
    broken = study_setups(
        instance, jobs=1, journal=journal, key="k", cancel=cancel, progress=lambda _: cancel.set()
    )
    assert not broken.complete
    assert broken.count("not routed") == whole.positions.size - 3
    with journal.open("a", encoding="utf-8") as stream:
        stream.write("[[3, 4], [[0.5, 0.")  # killed in the middle of a line
    resumed = study_setups(instance, jobs=1, journal=journal, key="k")
    assert resumed.resumed == 3
    assert same(resumed, whole)
    assert not journal.exists()


def test_a_journal_of_another_study_is_not_used(tmp_path: Path) -> None:
    instance, journal = random_instance(3, "convex"), tmp_path / "j"
    journal.write_text(
        json.dumps({"key": "other"}) + "\n[[0], [[9.0, 9.0, [], [], [], [], []]]]\n",
        encoding="utf-8",
    )
    found = study_setups(instance, jobs=1, journal=journal, key="k")
    assert found.resumed == 0
    assert same(found, study_setups(instance, jobs=1))


# ---------------------------------------------------------------- told


def test_tables_and_sentences_tell_the_study() -> None:
    instance = next(
        i
        for i in (random_instance(seed, "convex") for seed in range(99))
        if study_setups(i, jobs=1).count("feasible") >= 4
    )
    found = study_setups(instance, jobs=1)
    frame, spread, bins = setups_table(found, instance), spread_of(found), histogram_table(found)
    assert spread is not None
    quality = frame["Quality (mean score)"].dropna()
    assert list(quality) == sorted(quality, reverse=True)
    assert (quality.iloc[0], quality.iloc[-1]) == pytest.approx((spread.best, spread.worst))
    assert spread.ratio == pytest.approx(spread.best / spread.worst - 1)
    assert bins["Setups"].sum() == found.count("feasible") == len(quality)
    assert len(histogram_lines(bins)) == len(bins)
    parts = frame[[c for c in frame.columns if c.endswith("fraction (%)")]].dropna()
    assert np.allclose(parts.sum(axis=1), 100.0)
    prices = frame[[c for c in frame.columns if c.endswith("dual price (score)")]].loc[parts.index]
    assert np.allclose(prices.min(axis=1), 0.0)
    assert f"{found.count('feasible'):,} feasible" in setup_counts_line(found, exact_packing=False)
    assert f"best {spread.best:.5f}" in spread_line(found)
    assert "not known" in spread_line(study_setups(instance, prune=True)) or not study_setups(
        instance, prune=True
    ).count("pruned")


def test_a_way_to_run_an_llm_in_words() -> None:
    instance = cluster([(0, 2, 0.5, 1.0), (0, 1, 1.0, 1.0)], 1, most=None)
    assert format_config(instance, ()) == "-"
    assert format_config(instance, ((0, 1), (1, 2))) == "tp2 50 % + 2 x tp1 100 %"


# ---------------------------------------------------------------- command line


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"})
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


def test_setups_prints_and_writes_every_row(tmp_path: Path) -> None:
    out = tmp_path / "setups.csv"
    code, text = run("setups", TRIO, *FEW, "--csv", str(out), "--top", "3", "--jobs", "1")
    assert code == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    enumerated, retained = (
        int(n.replace(",", ""))
        for n in re.search(r"([\d,]+) setups enumerated.*?([\d,]+)\s+retained", text, re.S).groups()
    )  # type: ignore[union-attr]
    assert len(rows) == retained <= enumerated
    assert float(rows[0]["Quality (mean score)"]) == pytest.approx(
        0.65170, abs=1e-4
    )  # the joint plan of these shares
    assert max(map(len, text.splitlines())) <= 80
    assert "Top 3" in text
    assert not list(tmp_path.glob("*.partial"))


def test_setups_without_any_routing_is_infeasible() -> None:
    code, text = run("setups", TRIO, *FEW, "--jobs", "1", "--set", "slo.0.limit_ms=1", "--quiet")
    assert code == 3
    assert "no retained setup has a routing within the SLOs" in text


@pytest.mark.parametrize("command", ["setups", "check"])
def test_bad_input_is_exit_code_2(command: str) -> None:
    code, text = run(command, TRIO, "--set", "slo.0.limit_ms=soon")
    assert code == 2
    assert "slo.0.limit_ms" in text


def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path) -> None:
    code, text = run("setups", TRIO, "--csv", str(tmp_path / "no" / "s.csv"))
    assert code == 2
    assert "--csv names a file in a folder that does not exist" in text


def test_check_agrees_on_the_first_example() -> None:
    code, text = run("check", TRIO)
    assert code == 0
    assert "agree: joint plan and decomposition both find quality 0.6615" in text
    assert "times as long as the joint plan" in text
    assert max(map(len, text.splitlines())) <= 80


def test_check_says_6_when_they_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    real = decomposition_run.retained
    monkeypatch.setattr(decomposition_run, "best_setup", _half_the_rate)
    monkeypatch.setattr(decomposition_run, "retained", real)
    code, text = run("check", TRIO, *FEW)
    assert code == NEGATIVE_VERDICT
    assert "disagree: joint plan and decomposition contradict each other" in text


def _half_the_rate(instance, **how):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return best_setup(replace(instance, arrival_rate=instance.arrival_rate / 2), **how)


def test_check_refuses_what_it_does_not_support() -> None:
    code, text = run("check", str(HOME / "examples" / "cheapest-floor" / "scenario.yaml"))
    assert code == 2
    assert "goes through all setups" in text


def test_check_agrees_on_cost_where_it_can_go_through_all_setups() -> None:
    costs = ["--set", "objective={minimize: cost, quality_at_least: 0.64}"]
    code, text = run("check", TRIO, *FEW, *costs)
    assert code == 0
    assert "agree: joint plan and decomposition both find cost" in text


def test_infeasible_both_ways_agrees() -> None:
    code, text = run("check", TRIO, *FEW, "--set", "slo.0.limit_ms=1")
    assert code == 0
    assert "agree: joint plan and decomposition both find that no plan keeps all limits" in text


def test_ctrl_c_keeps_what_was_routed(tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    command = [sys.executable, "-m", "planner", "setups", TRIO, "--csv", str(out)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command,
        cwd=HOME,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = Path(f"{out}.partial")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (
        not journal.exists() or len(journal.read_text(encoding="utf-8").splitlines()) < 3
    ):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all processes hear it
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 4, stderr
    assert "stopped" in stdout
    assert "Traceback" not in stderr
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert {row["Status"] for row in rows} >= {"not routed"}
    assert journal.exists()
