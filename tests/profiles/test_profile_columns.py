"""Columns of a profile table: every fault by row and column."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from profiles.curves import load_curves
from profiles.io.faults import ProfileError
from tests.support.scenarios.scenario_case import PROFILES, change, fault_lines


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("NO,G,1,50,2,150", "NO,G,1,50,-2,150", "row 2, column rate_rps", "negative, got '-2'"),
        ("NO,G,1,50,2,150", "NO,G,1,50,,150", "row 2, column rate_rps", "blank"),
        ("NO,G,1,50,2,150", "NO,G,1,50,0,150", "row 3, column rate_rps", "already in row 2"),
        (
            "NO,G,1,50,2,150",
            'NO,G,1,50,2,"23,4"',
            "row 2, column ttft_mean_ms",
            "has a comma, got '23,4'; write a decimal point",
        ),
        ("NO,G,1,50,2,150", 'NO,G,1,50,2,"1,234"', "row 2, column ttft_mean_ms", "has a comma"),
        (
            "NO,G,1,50,2,150",
            "NO,G,1,50,2,150 ms",
            "row 2, column ttft_mean_ms",
            "not a number, got '150 ms'",
        ),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,1_5", "row 2, column ttft_mean_ms", "not a number"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,NaN", "row 2, column ttft_mean_ms", "NaN"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,-inf", "row 2, column ttft_mean_ms", "finite"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,1e999", "row 2, column ttft_mean_ms", "finite"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,0", "row 2, column ttft_mean_ms", "not above 0"),
        (
            "NO,G,1,50,2,150",
            "NO,G,1,50,2,",
            "row 2, column ttft_mean_ms",
            "other rows of the option have this column",
        ),
        ("NO,G,1,50,2,150", "NO,G,1.5,50,2,150", "row 2, column tp_degree", "whole number"),
        ("NO,G,1,50,2,150", "NO,G,0,50,2,150", "row 2, column tp_degree", "whole number"),
        ("NO,G,1,50,2,150", "NO,G,1,0,2,150", "row 2, column mps_share_pct", "outside (0, 100]"),
        (
            "NO,G,1,50,2,150",
            "NO,G,1,100.5,2,150",
            "row 2, column mps_share_pct",
            "outside (0, 100]",
        ),
        ("NO,G,1,50,2,150", "NO,G,1,1e-9,2,150", "row 2, column mps_share_pct", "below 0.01 %"),
        ("NO,G,1,50,2,150", ",G,1,50,2,150", "row 2, column llm", "blank"),
        ("150,400,12", "150,400,0", "row 2, column memory_gib_per_gpu", "not above 0"),
        ("measured,lab", "Measured,lab", "row 2, column provenance", "did you mean measured?"),
        ("tp_degree", "tp", "column tp_degree", "missing"),
        ("ttft_mean_ms", "ttft_avg_ms", "row 1", "none of the columns"),
        (PROFILES.splitlines()[0] + "\n", "", "row 1", "holds data, not column names"),
    ],
)
def test_profile_faults(case: Path, old: str, new: str, where: str, words: str) -> None:
    change(case / "profiles.csv", old, new)
    with pytest.raises(ProfileError) as caught:
        load_curves(case / "profiles.csv")
    matching = [str(fault) for fault in caught.value.faults if fault.where == where]
    assert any(words in line for line in matching), str(caught.value)


def test_percentiles_in_order(case: Path) -> None:
    header = PROFILES.splitlines()[0].replace("ttft_p95_ms", "ttft_p50_ms,ttft_p99_ms")
    (case / "profiles.csv").write_text(header + "\nNO,G,1,50,2,150,400,399,12,measured,lab\n")
    with pytest.raises(
        ProfileError, match=r"row 2, column ttft_p99_ms: the percentile is below .*, got '399'"
    ):
        load_curves(case / "profiles.csv")


def test_profile_parquet_faults(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "llm": ["a"],
            "gpu": ["G"],
            "tp_degree": [1],
            "mps_share_pct": [100],
            "rate_rps": ["1.5"],
            "ttft_mean_ms": [True],
        }
    )
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(ProfileError) as caught:
        load_curves(tmp_path / "p.parquet")
    assert "column rate_rps: the column does not hold numbers" in str(caught.value)
    assert "column ttft_mean_ms: the column does not hold numbers, got 'bool'" in str(caught.value)
    frame = frame.assign(rate_rps=1.5, ttft_mean_ms=[float("inf")], llm=[[1]])
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(ProfileError) as caught:
        load_curves(tmp_path / "p.parquet")
    assert "row 2, column ttft_mean_ms: the number is not finite, got inf" in str(caught.value)
    assert "column llm: the column does not hold text" in str(caught.value)
    twice = pa.table([["a"], ["b"]], names=["llm", "llm"])
    pq.write_table(twice, tmp_path / "p.parquet")
    with pytest.raises(ProfileError, match="twice"):
        load_curves(tmp_path / "p.parquet")


def test_shares_written_as_fractions_are_a_fault(case: Path) -> None:
    path = case / "profiles.csv"
    path.write_text(path.read_text().replace(",50,", ",0.5,").replace(",100,", ",1,"))
    assert "column mps_share_pct: the shares look like fractions" in fault_lines(case)
