"""Options that are not the instance's, or not stated as it has them, are reported."""

from collections.abc import Callable

import pytest

from tests.support.instances.plan_by_hand import Plan, at, problems_with, twice

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "unknown status": (at("status", "fine"), "unknown word fine"),
    "unknown option": (at("options.0.mps_share_pct", 51), "no such option"),
    "option twice": (twice, "more than once"),
    "no replicas": (at("options.0.replicas", 0), "0 replicas"),
    "nothing deployed": (at("options", []), "not served"),
    "wrong GPU name": (at("options.0.gpu", "H100"), "gpu H100"),
    "wrong memory": (at("options.1.memory_gib_per_gpu", 50.0), "memory_gib_per_gpu"),
    "wrong end of the curve": (at("options.0.max_rate_per_replica_rps", 12.0), "curve ends at 10"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems
