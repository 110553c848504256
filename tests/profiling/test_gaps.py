"""What to measure next: options that matter are found by bending their curves, those that cannot
matter are not.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance, Slo
from planner.joint import solve as joint
from planner.presentation.gaps import gaps_headline
from planner.profiling.gaps import ERRORS, find_gaps, gap_with_scaled_curve, weakest_provenance
from planner.settings import Settings
from tests.support.instances.tiny import random_instance
from tests.support.paths import HOME
from tests.support.walls import wall_size

TRIO = str(HOME / "examples" / "paper-trio" / "scenario.yaml")
FEW = ["--set", "setups.tp_degrees=[2]", "--set", "setups.mps_shares_pct=[30, 50, 70, 100]"]


def doubtful(seed: int, provenance: str = "estimated") -> Instance:
    instance = random_instance(seed, "convex")
    curves = [
        replace(o.curve, provenance=(provenance,) * o.curve.rates.size) for o in instance.options
    ]
    return replace(
        instance,
        options=tuple(
            replace(o, curve=curve) for o, curve in zip(instance.options, curves, strict=True)
        ),
    )


def test_a_bent_curve_is_faster_or_slower_everywhere() -> None:
    instance = doubtful(1)
    better = gap_with_scaled_curve(instance, 0, 1.25)
    before, after = instance.options[0].curve, better.options[0].curve
    assert np.allclose(after.rates, 1.25 * before.rates)
    assert np.allclose(after.latency["ttft", "mean"], before.latency["ttft", "mean"] / 1.25)
    assert all(
        one is other for one, other in zip(better.options[1:], instance.options[1:], strict=True)
    )


@pytest.mark.slow
def test_gains_are_those_of_solving_again() -> None:
    judged = 0
    for seed in range(wall_size(4, 12)):
        instance = doubtful(seed)
        settings = Settings(rel_gap=1e-6)
        found = find_gaps(instance, settings)
        if not found.plan.has_plan:
            continue
        assert found.left == 0
        assert {gap.option for gap in found.gaps} == set(range(len(instance.options)))
        values = [gap.value for gap in found.gaps]
        assert values == sorted(values, reverse=True)
        for gap in found.gaps:
            better = joint.solve_joint(
                gap_with_scaled_curve(instance, gap.option, 1 + ERRORS["estimated"]),
                settings,
                explain=False,
            )
            assert gap.gain == pytest.approx(max(better.value - found.plan.value, 0.0), abs=5e-5)  # type: ignore[operator]
            assert gap.in_plan == bool(found.plan.replicas[gap.option] > 0)
            assert gap.regret is None or gap.regret >= 0
            judged += 1
    assert judged >= wall_size(5, 15)


def test_measured_options_are_no_gaps() -> None:
    found = find_gaps(random_instance(2, "convex"), Settings())
    assert not found.gaps
    assert "nothing is left to measure" in gaps_headline(found)


def test_where_no_option_can_run_there_is_no_plan_and_nothing_to_judge() -> None:
    instance = doubtful(1)
    nowhere = replace(instance, slos=(Slo("ttft", "mean", 1e-9, "each_llm"),))
    found = find_gaps(nowhere, Settings())
    assert not found.plan.has_plan
    assert all(gap.regret is None for gap in found.gaps)


def test_the_weakest_point_decides_the_provenance() -> None:
    option = doubtful(1).options[0]
    mixed = replace(
        option,
        curve=replace(
            option.curve, provenance=("measured", *("calibrated",) * (option.curve.rates.size - 1))
        ),
    )
    assert weakest_provenance(mixed) == (
        "calibrated" if option.curve.rates.size > 1 else "measured"
    )
