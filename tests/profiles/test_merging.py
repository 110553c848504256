"""Tables put together: whose curve each option gets."""

from pathlib import Path

import pandas as pd
import pytest

from profiles.curves import ProfileTable, load_curves
from profiles.io.faults import ProfileError
from profiles.merging import Preference, merge_profile_tables


def table(path: Path, *curves: tuple[str, float, str, float]) -> ProfileTable:
    """Two points for each (LLM, share, provenance, ms)."""
    rows = [
        {
            **{"llm": llm, "gpu": "H", "tp_degree": 1, "mps_share_pct": share, "rate_rps": rate},
            **{"ttft_mean_ms": ms * rate, "provenance": word, "input_tokens": 100 * ms},
            **{"output_tokens": 50},
        }
        for llm, share, word, ms in curves
        for rate in (1.0, 2.0)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return load_curves(path)


@pytest.fixture
def estimated(tmp_path: Path) -> ProfileTable:
    return table(
        tmp_path / "e.csv",
        ("a", 50, "estimated", 1),
        ("a", 100, "estimated", 1),
        ("b", 100, "estimated", 1),
    )


@pytest.fixture
def measured(tmp_path: Path) -> ProfileTable:
    return table(tmp_path / "m.csv", ("a", 100, "measured", 3), ("c", 100, "measured", 3))


def taken(frame: pd.DataFrame) -> dict[tuple[str, float], str]:
    return {(row.llm, row.mps_share_pct): row.provenance for row in frame.itertuples(index=False)}


@pytest.mark.parametrize("swapped", [False, True])
def test_a_measured_curve_takes_the_place_of_an_estimated_one(
    estimated: ProfileTable, measured: ProfileTable, swapped: bool
) -> None:
    tables = [measured, estimated] if swapped else [estimated, measured]
    merged = merge_profile_tables(tables, Preference.MEASURED)
    assert taken(merged.frame) == {
        ("a", 50): "estimated",
        ("a", 100): "measured",
        ("b", 100): "estimated",
        ("c", 100): "measured",
    }
    assert merged.contested == 1
    assert len(merged.frame) == 8
    assert sorted(merged.taken) == [2, 2]
    assert "a (100 to 300 in, 50 to 50 out)" in merged.notices[0]


def test_the_first_or_the_last_table_wins_where_that_is_wanted(
    estimated: ProfileTable, measured: ProfileTable
) -> None:
    first = merge_profile_tables([estimated, measured], Preference.FIRST)
    last = merge_profile_tables([measured, estimated], Preference.LAST)
    assert taken(first.frame) == taken(last.frame)
    assert taken(first.frame)["a", 100] == "estimated"


def test_two_measured_curves_that_differ_are_a_fault_and_equal_ones_none(
    measured: ProfileTable, tmp_path: Path
) -> None:
    other = table(tmp_path / "o.csv", ("a", 100, "measured", 4))
    with pytest.raises(ProfileError, match="have different measured curves"):
        merge_profile_tables([measured, other], Preference.MEASURED)
    same = table(tmp_path / "s.csv", ("a", 100, "measured", 3))
    assert merge_profile_tables([measured, same], Preference.MEASURED).taken == (2, 0)
    assert merge_profile_tables([measured, other], Preference.LAST).taken == (1, 1)
