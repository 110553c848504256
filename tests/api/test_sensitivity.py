"""`planner.tornado` and `planner.thresholds`."""

import pytest

import planner
from tests.support.scenarios.small_scenario import small_content


def test_a_tornado_starts_from_the_overrides_and_ranks() -> None:
    scenario = planner.load(small_content(), {"arrival_rate_rps": 50})
    frame = planner.tornado(scenario, percent=20)
    assert frame["Rank"].is_monotonic_increasing
    rates = frame[frame["Input"] == "arrival rate"]
    assert rates["Moved to"].tolist() == pytest.approx([40, 60])
    assert frame["Status"].tolist().count("optimal") == len(frame)


def test_thresholds_have_a_row_per_input() -> None:
    frame = planner.thresholds(small_content(arrival_rate_rps=70), precision=10)
    (row,) = frame.to_dict("records")
    assert row["Best up to"] <= 80 < row["Not at (above)"]
    assert row["Setup above"] == "no plan"


@pytest.mark.parametrize("study", [planner.tornado, planner.thresholds])
def test_without_a_plan_there_is_nothing_to_move(study) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(planner.InfeasibleError, match="do not carry"):
        study(small_content(arrival_rate_rps=900))
