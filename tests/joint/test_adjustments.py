"""The numbers that may be moved: each changes its own number, the most helpful value last."""

from dataclasses import replace

import pytest

from models.instance import Instance, Llm
from planner.joint.adjustments import MORE_REPLICAS, adjustments_of
from tests.support.tiny import random_instance


def limited() -> Instance:
    """Every kind of number that may be moved."""
    instance = random_instance(4, "cost")
    first, *rest = instance.llms
    return replace(
        instance,
        llms=(Llm(first.name, 1, 2), *(Llm(llm.name) for llm in rest)),
        min_utilization=0.4,
        quality_floor=float(instance.scores.values.max()),
        slos=tuple(replace(slo, limit=1e-3) for slo in instance.slos),
    )


def test_every_number_is_there_once() -> None:
    changes = [one.change for one in adjustments_of(limited())]
    assert len(changes) == len(set(changes))
    assert {change.rsplit(".", 1)[-1] for change in changes} == {
        *("limit_ms", "arrival_rate_rps", "nodes", "max_replicas", "min_replicas"),
        *("quality_at_least", "min_gpu_utilization_pct"),
    }
    free = replace(
        limited(),
        llms=tuple(Llm(llm.name) for llm in limited().llms),
        slos=(),
        min_utilization=0.0,
        objective="quality",
    )
    paths = {one.change.split(".")[0] for one in adjustments_of(free)}
    assert paths == {"arrival_rate_rps", "pools"}


def test_each_changes_its_own_number_alone() -> None:
    instance = limited()
    for one in adjustments_of(instance):
        value = one.tries[-1]
        changed = one.apply(value)
        fields = [
            name
            for name in instance.__dataclass_fields__
            if getattr(changed, name) is not getattr(instance, name)
            and getattr(changed, name) != getattr(instance, name)
        ]
        assert len(fields) == 1, one.change
        again = adjustments_of(changed)
        now = next((other.before for other in again if other.change == one.change), None)
        assert now is None or now == pytest.approx(value), one.change


def test_tries_go_away_from_the_present_value() -> None:
    for one in adjustments_of(limited()):
        distances = [abs(value - one.before) for value in one.tries]
        assert distances == sorted(distances)
        assert distances[0] > 0
        assert one.precision > 0
    by_name = {one.change: one for one in adjustments_of(limited())}
    assert by_name["llms.0.max_replicas"].tries[-1] == 2 + MORE_REPLICAS
    assert by_name["llms.0.min_replicas"].tries == (0.0,)
    assert by_name["pools.0.nodes"].whole
    assert not by_name["arrival_rate_rps"].monotone
