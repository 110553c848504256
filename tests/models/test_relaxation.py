"""The bare arrays are Pyomo's program without integers."""

import numpy as np
import pytest

from models.relaxation import relax_program
from planner.joint.solver.highs import SolveSettings
from planner.joint.solver.live_lp import LiveLp
from tests.support.instances.programs import CASES, GOALS, compiled, formulation, minimum, state_of


@pytest.mark.parametrize(("kind", "seed"), CASES)
@pytest.mark.parametrize("of", GOALS)
def test_pyomo_without_integers_is_the_relaxation(of: str, kind: str, seed: int) -> None:
    state = state_of(kind, seed)
    form = formulation(state, of, roomy=True)
    points = {o: [arm.points() for arm in form.arms[o]] for o in form.options}
    arrays, _, _ = relax_program(form, points)
    whole = compiled(form).linear
    first, second = minimum(arrays), minimum(whole)
    assert first == pytest.approx(second, rel=1e-6, abs=1e-7)
    live = LiveLp(arrays, SolveSettings()).solve()
    assert (live.value if live.stop == "optimal" else np.inf) == pytest.approx(
        first, rel=1e-6, abs=1e-7
    )
