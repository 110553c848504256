"""Hygiene of profile tables: clean ones are silent, planted faults are listed with their row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from profiles.hygiene import Finding, check_curve, convex_cost, read_curves
from profiles.hygiene_neighbours import check_neighbours
from profiles.io.faults import Fault
from profiles.io.table_files import read_table
from tests.support.paths import HOME
from tests.support.profile_tables import CLEAN, changed, rows_of, write


def findings_of(path: Path) -> list[Finding]:
    faults: list[Fault] = []
    table = read_table(path, faults)
    assert table is not None
    curves = read_curves(table, faults)
    assert not faults
    return [f for c in curves for f in check_curve(c)] + check_neighbours(curves)


def test_a_clean_table_is_silent(tmp_path: Path):
    assert findings_of(write(tmp_path, rows_of(CLEAN))) == []


@pytest.mark.parametrize(
    "example", sorted(path.parent.name for path in HOME.glob("examples/*/profiles.csv"))
)
def test_the_examples_are_silent(example: str):
    assert findings_of(HOME / "examples" / example / "profiles.csv") == []


def copied(rows: list[dict[str, str]]) -> None:
    rows[3].update({key: value for key, value in rows[2].items() if key != "rate_rps"})


def slower_share(rows: list[dict[str, str]]) -> None:
    for row in rows[4:]:
        row["ttft_mean_ms"] = str(2 * float(row["ttft_mean_ms"]))
        row["ttft_p99_ms"] = "900"


def slower_degree(rows: list[dict[str, str]]) -> None:
    for row in rows[4:]:
        row.update(
            {
                "tp_degree": "2",
                "mps_share_pct": "50",
                "tpot_mean_ms": str(2.4 * float(row["tpot_mean_ms"])),
            }
        )
        row.update({"e2e_mean_ms": "", "concurrency": ""})


def ends_early(rows: list[dict[str, str]]) -> None:
    del rows[5:]
    rows[4]["rate_rps"] = "3"


def all_rates(factor: float) -> Callable[[list[dict[str, str]]], None]:
    def plant(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["rate_rps"] = str(factor * float(row["rate_rps"]))
            row["concurrency"] = str(factor * float(row["concurrency"]))

    return plant


PLANTED: dict[str, tuple[Callable[[list[dict[str, str]]], None], str, int, str]] = {
    "repeated": (
        changed(rate_rps="4", concurrency="7.4"),
        "refused",
        4,
        "2 rows have the rate 4 req/s",
    ),
    "gap in a column": (changed(ttft_p99_ms=""), "refused", 4, "ttft_p99_ms is blank here"),
    "percentile order": (changed(ttft_p50_ms="170"), "refused", 4, "below a lower percentile"),
    "not positive": (changed(ttft_mean_ms="0"), "refused", 4, "not above 0"),
    "mean above p99": (changed(ttft_mean_ms="165"), "wrong", 4, "above its 99th percentile"),
    "little": (changed(concurrency="22"), "wrong", 4, "Little's law"),
    "seconds": (changed(e2e_mean_ms="1.84"), "wrong", 4, "E2E is shorter than TTFT"),
    "identity": (
        changed(tpot_mean_ms="28"),
        "wrong",
        4,
        "TTFT + (output tokens - 1) * TPOT is 3,590 ms",
    ),
    "identity, short": (
        changed(tpot_mean_ms="10"),
        "wrong",
        4,
        "TTFT + (output tokens - 1) * TPOT is 1,340 ms",
    ),
    "compute": (all_rates(8), "wrong", 9, "peak arithmetic"),
    "falls": (changed(ttft_mean_ms="65"), "odd", 4, "falls although the rate rises, by up to 7 %"),
    "spike": (changed(ttft_mean_ms="159"), "odd", 4, "an outlier?"),
    "copied": (copied, "odd", 5, "a copied row?"),
    "gap in rates": (changed(rate_rps="4.1", concurrency="7.5"), "odd", 5, "measure at about"),
    "workloads": (changed(input_tokens="900"), "odd", 4, "different workloads"),
    "share slower": (
        slower_share,
        "odd",
        6,
        "more of each GPU (share 100 % instead of 50 %) is slower: ttft_mean_ms",
    ),
    "degree slower": (
        slower_degree,
        "odd",
        6,
        "more GPUs (tp 2 instead of 1) is slower: tpot_mean_ms",
    ),
    "share ends early": (ends_early, "odd", 6, "ends at 3 req/s"),
    "one point": (lambda rows: rows.__delitem__(slice(5, None)), "note", 6, "1 point"),
    "flat beginning": (
        lambda rows: rows.__delitem__(0),
        "note",
        2,
        "nothing was measured below 4 req/s",
    ),
    "not convex": (
        changed(e2e_mean_ms="2600", concurrency="15.6"),
        "note",
        4,
        "e2e_mean_ms is not convex",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_listed_with_their_row(name: str, tmp_path: Path):
    plant, severity, row, text = PLANTED[name]
    rows = rows_of(CLEAN)
    plant(rows)
    if name == "gap in rates":
        rows[3]["ttft_mean_ms"], rows[3]["ttft_p99_ms"] = "160", "300"
    found = findings_of(write(tmp_path, rows))
    hits = [f for f in found if text in f.text]
    assert hits, [f.text for f in found]
    assert {f.severity for f in hits} == {severity}
    assert any(row in f.rows for f in hits)


def test_convex_cost_by_a_linear_program():
    """An independent way: the least c such that a convex function fits between D and (1 + c) D on a
    grid, by linear programming.
    """
    draw = np.random.default_rng(3)
    for _ in range(12):
        rates = np.sort(draw.uniform(0.5, 10, draw.integers(2, 6)))
        latency = draw.uniform(50, 200, len(rates))
        grid = np.union1d(np.linspace(0, rates[-1], 160), rates)[1:]
        budget = grid * np.interp(grid, rates, latency)
        x = np.concatenate([[0.0], grid])
        n = len(grid)
        lower = np.hstack([-np.eye(n), np.zeros((n, 1))])
        upper = np.hstack([np.eye(n), -budget[:, None]])
        bends = np.zeros((n - 1, n + 1))
        for k in range(1, n):
            left, right = 1 / (x[k] - x[k - 1]), 1 / (x[k + 1] - x[k])
            bends[k - 1, k] = -right
            bends[k - 1, k - 1] = left + right
            if k > 1:
                bends[k - 1, k - 2] = -left
        rows = np.vstack([lower, upper, bends])
        sides = np.concatenate([-budget, budget, np.zeros(n - 1)])
        least = linprog(np.eye(n + 1)[-1], rows, sides, bounds=[(None, None)] * n + [(0, None)]).fun
        assert convex_cost(rates, latency) == pytest.approx(least, abs=0.02)


def test_convex_cost_of_convex_and_degenerate_curves():
    assert convex_cost(np.array([1.0, 2.0, 4.0]), np.array([10.0, 12.0, 30.0])) == 0
    assert convex_cost(np.array([0.0]), np.array([10.0])) == 0
    assert convex_cost(np.array([3.0]), np.array([10.0])) == 0
    assert convex_cost(np.array([1.0, 2.0]), np.array([100.0, 50.0])) == pytest.approx(
        1.0, abs=0.01
    )
