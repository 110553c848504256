"""Replayed requests: fractions, rates, seeds, bursts, verdicts, traces, and the command."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.errors import InfeasibleError
from planner.operation.simulation import RUNS, run_simulation, seconds_of_short_run
from planner.operation.simulation_outcomes import Demand
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan_and_scenario
from profiles.trace import load_trace
from tests.support.plans.built_plans import write_trio_plan


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plan.json of the first example with few shares."""
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_trio_plan(path)
    return path


def test_realised_fractions_and_rates_are_the_planned_ones(planned: Path) -> None:
    found = run_simulation(load_plan_and_scenario(planned), Demand(seconds=300))
    assert found.requests > 0.8 * RUNS * 60 * 270
    for planned_part, part in zip(found.planned, found.fractions, strict=True):
        assert part.mean == pytest.approx(planned_part, abs=0.01)
    for option in found.options:
        assert option.rate.mean == pytest.approx(option.planned_rate, rel=0.05)
        assert option.engine == "fitted queue"


def test_the_same_seed_gives_the_same_figures(planned: Path) -> None:
    source = load_plan_and_scenario(planned)
    one, two, other = (run_simulation(source, Demand(seconds=60, seed=seed)) for seed in (4, 4, 5))
    assert one.slos == two.slos
    assert one.slos != other.slos


def test_bursts_make_it_worse_and_turn_the_verdict(planned: Path) -> None:
    source = load_plan_and_scenario(planned)
    calm, burst = run_simulation(source, Demand()), run_simulation(source, Demand(cv=4.0))
    assert calm.slos[0].simulated is not None
    assert burst.slos[0].simulated is not None
    assert burst.slos[0].simulated.mean > 1.2 * calm.slos[0].simulated.mean
    assert burst.verdict == "misses"


def test_a_limit_with_room_holds_and_one_without_misses(planned: Path) -> None:
    source = load_plan_and_scenario(planned)
    slo = source.loaded.instance.slos[0]
    for factor, verdict in ((3.0, "holds"), (0.3, "misses")):
        slos = (replace(slo, limit=factor * slo.limit),)
        other = replace(source.loaded, instance=replace(source.loaded.instance, slos=slos))
        assert run_simulation(PlanAndScenario(source.plan, other), Demand()).verdict == verdict


def test_a_metric_without_a_mean_is_not_simulated(planned: Path) -> None:
    source = load_plan_and_scenario(planned)
    instance = source.loaded.instance
    options = tuple(
        replace(
            o, curve=replace(o.curve, latency={("tpot", "mean"): o.curve.latency["tpot", "mean"]})
        )
        for o in instance.options
    )
    other = replace(source.loaded, instance=replace(instance, options=options))
    found = run_simulation(PlanAndScenario(source.plan, other), Demand(seconds=30))
    assert found.verdict == "not simulated"
    assert "no mean TTFT" in found.slos[0].note


def test_a_step_level_engine_is_used_where_it_is_given(planned: Path) -> None:
    source = load_plan_and_scenario(planned)

    def engine(instance, option, rate):  # type: ignore[no-untyped-def]
        return (lambda arrivals, rng: {"ttft": np.full(arrivals.size, 0.2)}), "a constant"

    found = run_simulation(source, Demand(seconds=30), engine=engine)
    assert {option.engine for option in found.options} == {"step-level"}
    assert found.slos[0].simulated is not None
    assert found.slos[0].simulated.mean == pytest.approx(0.2)
    refused = run_simulation(source, Demand(seconds=30), engine=lambda *_: "not in the catalogue")
    assert all("not in the catalogue" in option.note for option in refused.options)


def test_an_infeasible_plan_cannot_be_simulated(planned: Path) -> None:
    source = load_plan_and_scenario(planned)
    content = {**source.plan.content, "status": "infeasible", "conflict": {"limits": ["too much"]}}
    with pytest.raises(InfeasibleError):
        run_simulation(
            PlanAndScenario(replace(source.plan, content=content), source.loaded), Demand()
        )


def test_a_trace_lends_its_gaps(planned: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    times = np.sort(np.random.default_rng(0).choice(np.arange(200.0), 400))
    path.write_text(
        "arrival_s,input_tokens\n" + "".join(f"{t},10\n" for t in times), encoding="utf-8"
    )
    trace = load_trace(path)
    assert trace.arrivals[0] == 0.0
    assert set(trace.tokens) == {"input_tokens"}
    found = run_simulation(load_plan_and_scenario(planned), Demand(seconds=60, gaps=trace.gaps))
    assert found.requests == pytest.approx(RUNS * 60 * 63, rel=0.1)


def test_short_runs_are_as_long_as_their_requests_need() -> None:
    assert [seconds_of_short_run(rate) for rate in (1, 70, 420, 1e6)] == [600, 600, 100, 60]
