"""Banks of policies and prices."""

import pytest

from planner.decomposition import price_bank
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route_setup_by_policies
from tests.support.instances.oracle import feasible_setups
from tests.support.instances.tiny import random_instance


def test_a_full_bank_forgets_what_was_used_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_bank, "MOST_POLICIES", 6)
    instance = random_instance(1, "convex")
    free = DecompositionState(instance)
    setup = tuple((o, n) for o, n in enumerate(feasible_setups(instance)[0].replicas) if n)
    first = route_setup_by_policies(free, setup, 1e-7)
    assert route_setup_by_policies(free, setup, 1e-7).bound == pytest.approx(first.bound, abs=1e-6)
    assert all(bank.quality.size <= 6 + 1 for bank in free.banks.values())
