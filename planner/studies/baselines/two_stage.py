"""The two-stage baseline: the best routing for fixed latencies, then the best setup for that
routing, then the best routing of the setup.

    1. routing      every LLM i has one latency l_i, independent of its load: max Q(f) s.t.
                    sum_i f_i l_i <= tau (other SLOs likewise)
    2. allocation   the setup that serves these f at the least latency; where none serves them
                    within the SLOs, as much of them as one can (under a cost objective: the
                    cheapest setup that serves them within the SLOs)
    3. routing      the best routing on that setup, whose replicas may stay idle

What l_i is assumed to be decides the outcome, and who decides in two stages has to guess it. Eight
assumptions are tried, always all of them: the latency of the LLM's fastest and of its median
option, at no load and at 50, 80 and 100 % of its highest rate. Two outcomes are shown,

    best      of the eight: what the luckiest guess gives, which takes eight plans to know
    median    the fourth best of the eight: half of the guesses do at least as well

The fourth rather than the fifth, so that the baseline is favoured.

All three are solved by the joint search on derived instances.
Stage 1: one option per LLM with a constant latency and unlimited capacity. Under a cost objective
its GPUs come in UNITS parts at the price of the LLM's cheapest req/s, so that the cheapest routing
that reaches the required quality is known. Stage 2: pseudo-prompts that measure what is left of
the latency budget (`planner.studies.baselines.stage_instances`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance, Llm, Option, Pool
from models.quality import Quality
from planner.solution import Solution
from planner.studies.baselines.solver import (
    BaselineResult,
    BaselineSolver,
    planned_baseline_result,
    with_quota,
)
from planner.studies.baselines.stage_instances import (
    stage_fractions_as_scores,
    stage_with_idle_prompt,
)
from profiles.records import Column, Curve

__all__ = ["BEST_GUESS", "MEDIAN_GUESS", "two_stage_baseline"]

BEST_GUESS, MEDIAN_GUESS = "two-stage, best", "two-stage, median"
LEVELS = ((0.8, "80 % load"), (1.0, "full load"), (0.5, "half load"), (0.0, "no load"))
REFERENCES = ("fastest", "median")
UNITS = 200
"""Parts of an LLM's GPUs in stage 1 under a cost objective: fractions to half a per cent."""
STAGE_GAP = 1e-4
"""Relative gap of stage 2: the least latency to 0.2 % of the limit."""
SAME = 1e-2
"""Fractions closer than this are one routing: stage 3 routes again."""
UNIT_GAP = 1e-3
"""Relative gap of stage 1 under a cost objective."""
STAGE_WORK = 200_000.0
"""Work of each solve (`planner.settings.Settings.work`), about 2 s of a core of 2024, whatever the
other assumptions took. Four times as much left the best outcome of the examples and of two
scenarios on graded scores as it was and took up to 1.6 times as long; half as much lowered the
median outcome.
"""
LEAK = 1e-6
"""Requests that the idle LLMs may take by rounding.

Where they take more, the load is at the edge of what the GPUs carry: stage 2 is then
solved again without them, for the most of f that can be served.
"""


@dataclass(frozen=True)
class LatencyAssumption:
    """What stage 1 takes for granted.

    option: (M,) position of every LLM's reference option (-1: none); level: part of its highest
    rate.
    """

    words: str
    option: tuple[int, ...]
    level: float


@dataclass(frozen=True)
class Setup:
    """The result of stage 2.

    within: the instance that allows no more; served: part of f; solution: stage 3.
    """

    within: Instance
    served: float
    solution: Solution


@dataclass(frozen=True)
class GuessOutcome:
    """What became of one assumption, in words.

    routed: whether stage 1 has a routing. setup: None where no setup serves it within the SLOs.
    """

    words: str
    routed: bool
    setup: Setup | None = None

    def loss(self, instance: Instance) -> float:
        """Smaller is better; inf without a plan."""
        if self.setup is None or self.setup.solution.value is None:
            return np.inf
        value = self.setup.solution.value
        return -value if instance.objective == "quality" else value


def latency_assumptions(instance: Instance) -> Iterator[LatencyAssumption]:
    """Every reference option at every level."""
    column = _two_stage_column(instance)
    for level, words in LEVELS:
        for reference in REFERENCES:
            chosen = []
            for i in range(len(instance.llms)):
                own = [o for o, option in enumerate(instance.options) if option.llm == i]
                own.sort(key=lambda o: _at(instance.options[o], column, level) if column else 0.0)
                chosen.append(
                    -1 if not own else own[0 if reference == "fastest" else len(own) // 2]
                )
            yield LatencyAssumption(
                f"every LLM at the latency of its {reference} option at {words}",
                tuple(chosen),
                level,
            )


def _two_stage_column(instance: Instance) -> Column | None:
    """The column by which options are ranked: that of the first SLO, or any percentile of its
    metric.
    """
    for slo in instance.slos:
        for option in instance.options:
            columns = [
                (slo.metric, slo.statistic),
                *(c for c in option.curve.latency if c[0] == slo.metric),
            ]
            common = [
                c for c in columns if all(c in other.curve.latency for other in instance.options)
            ]
            if common:
                return common[0]
    return None


def _at(option: Option, column: Column, level: float) -> float:
    return float(
        np.interp(level * option.curve.max_rate, option.curve.rates, option.curve.latency[column])
    )


def two_stage_baseline(
    solver: BaselineSolver, instance: Instance
) -> tuple[BaselineResult, BaselineResult]:
    """The best outcome over all assumptions, and the median one."""
    outcomes = _guess_outcomes(solver, instance)
    ranked = sorted(outcomes, key=lambda outcome: outcome.loss(instance))
    setups = {id(one.setup) for one in outcomes if one.loss(instance) < np.inf}
    made = "one setup" if len(setups) == 1 else f"{len(setups)} setups"
    effort = [f"{made} from {len(outcomes)} assumptions"]
    best = _two_stage_result(solver, ranked[0], BEST_GUESS, effort)
    return best, _two_stage_result(solver, ranked[(len(ranked) - 1) // 2], MEDIAN_GUESS, effort)


def _guess_outcomes(solver: BaselineSolver, instance: Instance) -> list[GuessOutcome]:
    """The outcome of every assumption, in their order; after Ctrl-C of those until then."""
    outcomes: list[GuessOutcome] = []
    routings: list[tuple[np.ndarray, Setup | None]] = []
    setups: dict[tuple[int, ...], Setup] = {}
    for assumed in latency_assumptions(instance):
        if outcomes and solver.unfinished():
            break
        fractions = _first_stage_routing(solver, instance, assumed)
        if fractions is None:
            outcomes.append(GuessOutcome(assumed.words, routed=False))
            continue
        # Many assumptions lead to one routing: stage 2, the slow one, runs once for each.
        known = [one for other, one in routings if np.abs(fractions - other).max() < SAME]
        if not known:
            allocated = _second_stage_allocation(solver, instance, fractions)
            if allocated is not None and allocated[0] not in setups:
                replicas, served = allocated
                within = _within_first_stage(instance, np.array(replicas))
                setups[replicas] = Setup(within, served, solver.solve(within, work=STAGE_WORK))
            known = [None if allocated is None else setups[allocated[0]]]
            routings.append((fractions, known[0]))
        outcomes.append(GuessOutcome(assumed.words, routed=True, setup=known[0]))
    return outcomes


def _two_stage_result(
    solver: BaselineSolver, outcome: GuessOutcome, name: str, effort: Sequence[str]
) -> BaselineResult:
    """The result of one assumption, verified."""
    setup = outcome.setup
    if setup is None or not setup.solution.has_plan:
        reason = (
            "no setup found serves a routing of stage 1 within the SLOs"
            if outcome.routed
            else "no routing keeps the SLOs at the latencies that are assumed"
        )
        return BaselineResult(name=name, variant=outcome.words, reason=reason, notes=effort)
    part = (
        []
        if setup.served > 1 - SAME
        else [
            f"no setup serves its first routing within the SLOs: {100 * setup.served:.0f} % of it"
            " is served"
        ]
    )
    return planned_baseline_result(
        solver,
        setup.within,
        setup.solution,
        name=name,
        variant=outcome.words,
        notes=[*effort, *part],
    )


def _within_first_stage(instance: Instance, replicas: np.ndarray) -> Instance:
    """The instance with no more replicas of any option than the setup has."""
    for o in np.flatnonzero(replicas):
        instance = with_quota(
            instance,
            f"replicas of option {o}",
            np.eye(1, replicas.size, int(o)).ravel(),
            float(replicas[o]),
        )
    return with_quota(instance, "options outside the setup", (replicas == 0).astype(float), 0.0)


def _first_stage_routing(
    solver: BaselineSolver, instance: Instance, assumed: LatencyAssumption
) -> np.ndarray | None:
    """Stage 1: (M,) fractions, or None when none keeps the SLOs."""
    cost = instance.objective == "cost"
    units = UNITS if cost else 1
    options: list[Option] = []
    pools: list[Pool] = []
    for i, o in enumerate(assumed.option):
        if o >= 0:
            reference = instance.options[o]
            rate = assumed.level * reference.curve.max_rate
            latency = {
                c: np.array([np.interp(rate, reference.curve.rates, v)])
                for c, v in reference.curve.latency.items()
            }
            curve = Curve(
                np.array([instance.arrival_rate / units]), latency, reference.curve.provenance[:1]
            )
            price = _stage_price_of_rate(instance, i) * instance.arrival_rate / units
            options.append(
                Option(llm=i, pool=len(pools), tp_degree=1, mps_share=1.0, memory=0.5, curve=curve)
            )
            pools.append(
                Pool(
                    name=f"stage 1, {i}",
                    gpu="",
                    nodes=units,
                    gpus_per_node=1,
                    memory=1.0,
                    price=price,
                )
            )
    llms = tuple(Llm(llm.name) for llm in instance.llms)
    fixed = replace(
        instance,
        llms=llms,
        pools=tuple(pools),
        options=tuple(options),
        memory_headroom=0.0,
        min_utilization=0.0,
        quotas=(),
    )
    solution = solver.solve(
        fixed, gap=UNIT_GAP if cost else solver.settings.rel_gap, work=STAGE_WORK
    )
    return solution.fractions if solution.has_plan else None


def _stage_price_of_rate(instance: Instance, i: int) -> float:
    """USD/h for each req/s of LLM i on its cheapest option."""
    prices = [
        (instance.pools[o.pool].price or 0.0) * o.tp_degree * o.mps_share / o.curve.max_rate
        for o in instance.options
        if o.llm == i and o.curve.max_rate > 0
    ]
    return round(min(prices, default=0.0), 6)


def _second_stage_allocation(
    solver: BaselineSolver, instance: Instance, fractions: np.ndarray
) -> tuple[tuple[int, ...], float] | None:
    """Stage 2: (O,) replicas of the setup for the fractions and the part of these that it serves,
    or None.
    """
    count, llms = len(instance.options), len(instance.llms)
    if instance.objective == "quality":
        pseudo = stage_with_idle_prompt(instance, fractions)
        solution = solver.solve(pseudo, Quality(pseudo.scores), gap=STAGE_GAP, work=STAGE_WORK)
        part = 2 * solution.fractions[:llms]
        # Twice, as the arrival rate was doubled: the shares of the real LLMs sum to one half.
        if solution.has_plan and part.sum() >= 1 - LEAK:
            return tuple(int(n) for n in solution.replicas[:count]), float(
                np.minimum(part, fractions).sum()
            )
    floor = None if instance.objective == "quality" else 1.0
    pseudo = replace(
        instance, scores=stage_fractions_as_scores(instance, fractions), quality_floor=floor
    )
    solution = solver.solve(
        pseudo, Quality(pseudo.scores), gap=solver.settings.rel_gap, work=STAGE_WORK
    )
    if not solution.has_plan:
        return None
    return tuple(int(n) for n in solution.replicas), float(
        np.minimum(solution.fractions, fractions).sum()
    )
