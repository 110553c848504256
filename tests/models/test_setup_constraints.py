"""No-goods and limits in the program forbid what they name, and only that."""

import pytest

from models.nogood import NoGood
from planner.joint.highs import SolveSettings, solve
from tests.support.programs import compiled, formulation, state_of


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("seed", [1, 7, 8, 17])
def test_a_no_good_forbids_what_it_names_and_only_that(seed: int, limited: bool) -> None:
    """Forbid the best setup as it stands (all counts reached at once): the next best is a setup
    that misses one of them.
    """
    state = state_of("convex", seed)
    form = formulation(state, "quality")
    program = compiled(form)
    best = solve(program.linear, SolveSettings())
    replicas = {
        o: round(float(best.x[c]))
        for o, c in program.replicas.items()
        if c >= 0 and best.x[c] > 0.5
    }  # type: ignore[index]
    state.no_goods.append(
        NoGood(
            0, tuple((o,) for o in replicas), tuple(replicas.values()), 10**3 if limited else None
        )
    )
    barred = compiled(formulation(state, "quality"))
    second = solve(barred.linear, SolveSettings())
    assert second.stop == "optimal"
    assert second.value >= best.value - 1e-9
    assert any(round(float(second.x[barred.replicas[o]])) < n for o, n in replicas.items())  # type: ignore[index]
    other = [o for o in form.options if o not in replicas]
    if other:
        state.no_goods[-1] = NoGood(
            0, (*((o,) for o in replicas), (other[0],)), (*replicas.values(), 1)
        )
        same = solve(compiled(formulation(state, "quality")).linear, SolveSettings())
        assert same.value == pytest.approx(best.value, abs=1e-6), (
            "one replica more is barred, the setup itself is not"
        )


def test_a_no_good_with_a_gpu_limit_lapses_on_more_gpus() -> None:
    """'Not on one GPU' lets the same replicas run on two."""
    state = state_of("convex", 3)
    form = formulation(state, "quality")
    program = compiled(form)
    best = solve(program.linear, SolveSettings())
    replicas = {
        o: round(float(best.x[c]))
        for o, c in program.replicas.items()
        if c >= 0 and best.x[c] > 0.5
    }  # type: ignore[index]
    state.no_goods.append(NoGood(0, tuple((o,) for o in replicas), tuple(replicas.values()), 0))
    lapsed = solve(compiled(formulation(state, "quality")).linear, SolveSettings())
    assert lapsed.value == pytest.approx(best.value, abs=1e-6)
