"""From a search to its solution."""

import pytest

from planner.joint.search import Search
from planner.joint.setups.outcome import outcome_effort, outcome_solution
from planner.solution import Status, Termination
from tests.support.instances.search_states import QUALITY, feasible_instances, fresh_state


def test_status_follows_from_the_termination() -> None:
    instance = feasible_instances("convex", 1)[0]
    shared = fresh_state(instance)
    search = Search(shared, QUALITY, lambda _: 1e-6)
    search.run()
    assert search.incumbent is not None
    for termination, status in (
        (Termination.GAP, Status.OPTIMAL),
        (Termination.TIME, Status.FEASIBLE),
        (Termination.STALLED, Status.FEASIBLE),
    ):
        effort = outcome_effort(shared, termination, ["a note"])
        solution = outcome_solution(search.incumbent, 0.5, 0.6, effort, None)
        assert solution.status == status
        assert solution.has_plan
        assert (solution.value, solution.bound) == (0.5, 0.6)
        assert effort.notes == ("a note",)
        assert effort.quality_cuts == len(shared.quality.cuts)
        assert effort.milp_solves == shared.milp_solves
    replicas = [0] * len(instance.options)
    for shard in solution.placement:
        replicas[shard.option] += shard.shard == 0
    assert replicas == solution.replicas.tolist()
    assert solution.routed_rates.sum() == pytest.approx(instance.arrival_rate)
    assert solution.quality == search.incumbent.settled.value
