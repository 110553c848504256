"""Options that are not the instance's, or not stated as it has them, are reported."""

from collections.abc import Callable

import pytest

from tests.support.instances.plan_by_hand import (
    Plan,
    at,
    both,
    problems_with,
    reported,
    twice,
)

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


@pytest.mark.parametrize(
    ("path", "exact"),
    [("options.1.memory_gib_per_gpu", 60.0), ("options.1.max_rate_per_replica_rps", 10.0)],
)
def test_what_is_restated_has_its_tolerance_and_no_more(path: str, exact: float) -> None:
    words = path.split(".")[-1]
    for sign in (-1, 1):
        assert not reported(at(path, exact * (1 + sign * 0.9e-6)), words)
        assert reported(at(path, exact * (1 + sign * 1.1e-6)), words)


def test_an_unknown_option_does_not_hide_the_next_fault() -> None:
    problems = problems_with(both(at("options.0.tp_degree", 7), at("options.1.replicas", 0)))
    assert problems == (
        "option small on a, tp 7, share 50 %: no such option in the instance",
        "option big on a, tp 2, share 60 %: 0 replicas, fewer than 1",
    )


def test_problems_name_their_option() -> None:
    assert problems_with(at("options.0.gpu", "H100")) == (
        "option small on a, tp 1, share 50 %: gpu H100 but the pool has A100",
    )
