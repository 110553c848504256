"""The recomputed cost of pools that are rented, owned, reserved or bought."""

from dataclasses import replace

import pytest

from models.formulation import known_fleet_cost
from models.instance import Pool
from planner.verification.fleet_cost import recompute_fleet_cost
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import good_plan, tiny

POOL = Pool(name="a", gpu="A100", nodes=2, gpus_per_node=2, memory=80.0, price=2.0)
HELD = {"a": 3}


@pytest.mark.parametrize(
    ("pool", "cost"),
    [
        (POOL, 6.0),
        (replace(POOL, owned=True), 8.0),
        (replace(POOL, reserved=1, reserved_price=1.5), 3.0 + 2.0),
        (replace(POOL, reserved=2, reserved_price=1.5), 6.0),
        (replace(POOL, owned=True, reserved=2, reserved_price=1.5), 6.0),
        (replace(POOL, sized=(0, 4), owned=True, reserved=1, reserved_price=1.5), 3.0 + 4.0),
        (replace(POOL, price=None), None),
        (replace(POOL, price=None, owned=True), None),
        (replace(POOL, price=None, reserved=2, reserved_price=1.5), 6.0),
    ],
)
def test_cost_of_three_gpus(pool: Pool, cost: float | None) -> None:
    assert recompute_fleet_cost([pool], HELD) == cost
    assert known_fleet_cost(replace(tiny(), pools=(pool,)), [3]) == cost


def test_costs_of_pools_add_up() -> None:
    """3 and 2 USD/h of the first as above, 4 GPUs of the second, one of the third."""
    pools = [
        replace(POOL, reserved=1, reserved_price=1.5),
        replace(POOL, name="b", price=10.0, owned=True),
        replace(POOL, name="c", price=100.0),
        replace(POOL, name="idle", price=None),
    ]
    assert recompute_fleet_cost(pools, {**HELD, "c": 1}) == 5.0 + 40.0 + 100.0


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (replace(POOL, owned=True), "but the used GPUs cost 8"),
        (replace(POOL, reserved=1, reserved_price=1.5), "but the used GPUs cost 5"),
    ],
)
def test_a_plan_that_forgets_what_is_paid_for(pool: Pool, words: str) -> None:
    problems = run_verifier(good_plan(), replace(tiny(), pools=(pool,)))
    assert len(problems) == 1
    assert words in problems[0]
