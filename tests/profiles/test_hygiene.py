"""`profile check`: planted faults are found with their row, clean tables are silent, the cost of
not being convex is right.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog
from typer.testing import CliRunner

from planner.cli.app import app
from profiles.hygiene import Finding, check_curve, convex_cost, read_curves
from profiles.hygiene_neighbours import check_neighbours
from profiles.io.faults import Fault
from profiles.io.tables import read_table
from tests.support.paths import HOME

CLEAN = """\
llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,ttft_p50_ms,ttft_p99_ms,tpot_mean_ms,e2e_mean_ms,concurrency,input_tokens,output_tokens
llama-3.1-8b,H100-SXM-80GB,1,50,1,60,50,90,12,1560,1.56,500,126
llama-3.1-8b,H100-SXM-80GB,1,50,4,70,60,120,13,1695,6.78,500,126
llama-3.1-8b,H100-SXM-80GB,1,50,6,90,80,160,14,1840,11.04,500,126
llama-3.1-8b,H100-SXM-80GB,1,50,8,120,100,220,16,2120,16.96,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,1,50,40,80,10,1300,1.3,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,5,60,50,110,11,1435,7.17,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,9,80,70,150,12,1580,14.2,500,126
llama-3.1-8b,H100-SXM-80GB,1,100,12,110,90,200,13,1735,20.8,500,126
"""


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def write(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "profiles.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


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


def changed(**cells: str) -> Callable[[list[dict[str, str]]], None]:
    """Plant values in file row 4 (the third data row, 6 req/s of the half share)."""

    def plant(rows: list[dict[str, str]]) -> None:
        rows[2].update(cells)

    return plant


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
def test_planted_faults_are_found_with_their_row(name: str, tmp_path: Path):
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


# ---------------------------------------------------------------- the command


def check(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["profile", "check", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_tells_worst_first_and_ends_with_0(tmp_path: Path):
    rows = rows_of(CLEAN)
    changed(ttft_p99_ms="", concurrency="22")(rows)
    code, out, _ = check(str(write(tmp_path, rows)))
    assert code == 0
    assert "2 curves, 8 points" in out
    assert "1 refused, 1 wrong" in out
    assert out.index("ttft_p99_ms is blank here") < out.index("Little's law")
    assert "row 4: llama-3.1-8b on H100-SXM-80GB, tp 1, share 50 %" in out


def test_a_clean_table_on_the_terminal(tmp_path: Path):
    code, out, err = check(str(write(tmp_path, rows_of(CLEAN))))
    assert code == 0
    assert "No findings" in out
    assert not err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("llm,gpu\nx,y\n", "column rate_rps: the column is missing"),
        (CLEAN.replace(",90,80,", ",ninety,80,"), "this is not a number"),
        (
            CLEAN.replace(",1,50,", ",1,0.5,").replace(",1,100,", ",1,1,"),
            "the shares look like fractions",
        ),
        ("", "empty"),
    ],
)
def test_what_cannot_be_read_ends_with_2(text: str, problem: str, tmp_path: Path):
    path = tmp_path / "profiles.csv"
    path.write_text(text)
    code, _, err = check(str(path))
    assert code == 2
    assert problem in err
    assert check(str(tmp_path / "none.csv"))[0] == 2


def test_with_a_scenario_only_its_curves_count(tmp_path: Path):
    rows = rows_of(CLEAN)
    rows.append({**rows[0], "llm": "another", "concurrency": "99"})
    path = write(tmp_path, rows)
    (tmp_path / "scenario.yaml").write_text(
        "version: 1\nname: t\npools: [{name: p, gpu: H100-SXM-80GB, nodes: 1, gpus_per_node:"
        " 1}]\nllms: [{name: llama-3.1-8b}, {name: ghost}]\nprofiles: profiles.csv\nscores:"
        " scores.csv\narrival_rate_rps: 1\nslo: [{metric: ttft, statistic: p95, limit_ms:"
        " 100}]\nobjective: {maximize: quality}\nsetups: {mps_shares_pct: [50]}\n"
    )
    code, out, _ = check(str(path), "--scenario", str(tmp_path / "scenario.yaml"))
    assert code == 0
    assert "1 curve, 4 points" in out
    assert "ghost (any option): the table has no curve" in out
    assert "ttft_p95_ms: an SLO needs it" in out
    assert "another" not in out
    assert "another" in check(str(path))[1]
