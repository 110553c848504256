"""A schedule follows KEDA's CRD and has every period's replicas when it begins."""

from typing import Any

import pytest

from reports.deploy.cluster.keda import LEAD, keda_files, keda_refusals
from tests.support.plans.bundle_cases import deployment, with_replicas
from tests.support.plans.cluster_schemas import crd_problems

DAY = 24 * 60


def minute(cron: str) -> int:
    """The minute of the day of an expression that names one."""
    rest, hour, *days = cron.split(" ")
    assert days == ["*", "*", "*"]
    return 60 * int(hour) + int(rest)


def replicas_at(scaled: dict[str, Any], now: int) -> int:
    """As KEDA: of the windows that are open and the minimum the largest."""
    spec = scaled["spec"]
    counts = [spec["minReplicaCount"]]
    for trigger in spec["triggers"]:
        window = trigger["metadata"]
        start, end = minute(window["start"]), minute(window["end"])
        assert start != end
        if (now - start) % DAY < (end - start) % DAY:
            counts.append(int(window["desiredReplicas"]))
    return min(max(counts), spec["maxReplicaCount"])


@pytest.mark.parametrize(
    "setups",
    [
        {(420, 960): 3, (960, 1320): 1, (1320, 420): 0},
        {(420, 960): 1, (960, 420): 4},
        {(10, 1440 - 10): 2, (1440 - 10, 10): 1},
    ],
)
def test_every_period_has_its_replicas_from_its_first_minute_on(
    setups: dict[tuple[int, int], int],
) -> None:
    files = keda_files([with_replicas(count, [period]) for period, count in setups.items()])
    (scaled,) = files["schedule.yaml"]
    assert crd_problems(scaled) == []
    (target,) = (
        one
        for one in files["servers.yaml"]
        if one["kind"] == "Deployment"
        and one["metadata"]["name"] == scaled["spec"]["scaleTargetRef"]["name"]
    )
    assert "replicas" not in target["spec"]
    assert scaled["spec"]["minReplicaCount"] == min(setups.values())
    assert scaled["spec"]["maxReplicaCount"] == max(setups.values())
    for (start, end), count in setups.items():
        for now in (start, (start + 5) % DAY, (end - 1) % DAY):
            assert replicas_at(scaled, now) >= count
        # Between the lead of others it has no more than its own.
        middle = (start + ((end - start) % DAY) // 2) % DAY
        leads = [(first - middle) % DAY for (first, _) in setups if first != start]
        if min(leads) > LEAD:
            assert replicas_at(scaled, middle) == count


def test_what_never_changes_is_not_scaled() -> None:
    files = keda_files([with_replicas(1, [(0, 720)]), with_replicas(2, [(720, 0)])])
    fixed = [
        one
        for one in files["servers.yaml"]
        if one["kind"] == "Deployment" and "replicas" in one["spec"]
    ]
    assert {one["metadata"]["annotations"]["plan-llm"] for one in fixed} == {"large"}
    assert all(one["spec"]["replicas"] > 0 for one in fixed)


@pytest.mark.parametrize(
    ("periods", "filled"),
    [
        ([(420, 960), (960, 420)], True),
        ([(0, 720), (720, 0)], True),
        ([(420, 960), (960, 400)], False),
        ([(420, 960), (900, 420)], False),
        ([(420, 960)], False),
        ([], False),
    ],
)
def test_periods_have_to_fill_the_day(periods: list[tuple[int, int]], filled: bool) -> None:
    setups = [with_replicas(1, periods[:1]), with_replicas(2, periods[1:])]
    reasons = keda_refusals(setups)
    assert (reasons == []) == filled
    assert all("do not say when" in reason for reason in reasons)


def test_every_setup_needs_a_time() -> None:
    setups = [with_replicas(1, [(0, 720)]), with_replicas(2, [(720, 0)]), with_replicas(3)]
    (reason,) = keda_refusals(setups)
    assert "do not say when each setup serves" in reason


def test_one_setup_or_equal_ones_need_no_schedule() -> None:
    assert "nothing to schedule" in keda_refusals([deployment("whole")])[0]
    same = [with_replicas(2, [(0, 720)]), with_replicas(2, [(720, 0)])]
    assert keda_refusals(same) == ["every node has the same replicas in every setup"]


def test_shares_that_kubernetes_cannot_hold_are_refused() -> None:
    setups = [{**deployment("shared"), "periods": [period]} for period in ((0, 720), (720, 0))]
    assert "unequal shares" in " ".join(keda_refusals(setups))
