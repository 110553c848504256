"""Clean tables are silent; planted faults are listed with their row and severity."""

from collections.abc import Callable
from pathlib import Path

import pytest

from profiles.hygiene.checks import run_curve_checks
from profiles.hygiene.curve_rows import Finding, read_curve_rows
from profiles.hygiene.neighbours import check_neighbours
from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file
from tests.support.paths import HOME
from tests.support.scenarios.profile_tables import CLEAN, changed, rows_of, write


def findings_of(path: Path) -> list[Finding]:
    faults: list[Fault] = []
    table = read_table_file(path, faults)
    assert table is not None
    curves = read_curve_rows(table, faults)
    assert not faults
    return [f for c in curves for f in run_curve_checks(c)] + check_neighbours(curves)


def test_a_clean_table_is_silent(tmp_path: Path):
    assert findings_of(write(tmp_path, rows_of(CLEAN))) == []


@pytest.mark.parametrize(
    "example", sorted(path.parent.name for path in HOME.glob("examples/*/profiles.csv"))
)
def test_the_examples_are_silent(example: str):
    found = findings_of(HOME / "examples" / example / "profiles.csv")
    # The published study has shares so small that their tails are noise.
    assert [one for one in found if not one.option.endswith("share 10 %")] == []


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
    "too fast": (
        changed(ttft_mean_ms="0.09", ttft_p50_ms="0.08", ttft_p99_ms="0.16"),
        "wrong",
        4,
        "ttft_p50_ms goes down to 0.08 ms, but reading the weights alone takes 1.2 ms",
    ),
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


def test_ratios_that_overflow_are_told_without_a_warning(tmp_path: Path) -> None:
    rows = rows_of(CLEAN)
    rows[1]["ttft_mean_ms"], rows[1]["ttft_p99_ms"] = "1e308", "0.001"
    assert findings_of(write(tmp_path, rows))


@pytest.mark.parametrize("name", ["ttft_p99_ms", "e2e_mean_ms", "ttft_mean_ms", "rate_rps"])
@pytest.mark.parametrize("value", ["0", "5e-324", "1e308"])
def test_numbers_that_are_no_measurements_are_told_without_a_warning(
    name: str, value: str, tmp_path: Path
) -> None:
    for rows in (rows_of(CLEAN), rows_of(CLEAN)[:1]):
        rows[0][name] = value
        findings_of(write(tmp_path, rows))


@pytest.mark.parametrize(
    ("small", "times"), [("60", "is slower: ttft_mean_ms 1.667e+306 times"), ("1e-9", "inf times")]
)
def test_neighbours_whose_ratio_overflows_are_told_in_times(
    small: str, times: str, tmp_path: Path
) -> None:
    rows = rows_of(CLEAN)
    rows[0]["ttft_mean_ms"], rows[4]["ttft_mean_ms"] = small, "1e308"
    assert any(times in finding.text for finding in findings_of(write(tmp_path, rows)))
