"""What the prices of one class in one case (or in one loss of its nodes) do on prompts that they
were not computed on: fractions, quality, latency, and what is gained or lost by it.

As `planner.operation.out_of_sample`, with these differences. Limits are those of the whole case,
other classes as planned (`cell_loads`). Prices that are computed anew, for a split of the prompts,
for these very prompts or for true grades, keep the planned fractions, and with them every limit; a
new routing of the case could gain more. There is no best single LLM that can be served: it would
take GPUs of other classes.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.quality import Quality
from models.router import Router
from planner.errors import NoPlanInTimeError
from planner.operation.cells.cell_loads import CellLoads
from planner.operation.cells.cell_policy import build_cell_policy
from planner.operation.out_of_sample import (
    Evaluation,
    compare_out_of_sample,
    routed_by_id_out_of_sample,
)
from planner.operation.prompt_routing import (
    KEPT,
    REFITTED,
    ROUTER,
    TRUE,
    PromptRouting,
    best_alone,
    best_answers,
    corrected_prompt_routing,
    prompt_routing_of,
    prompt_shares_routed,
    random_routing,
    worst_verdict,
)
from planner.operation.replica_loads import judge_limits_at_loads
from planner.operation.samples import Sample, split_sample
from planner.operation.verdicts import SloVerdict
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import StateCell
from planner.settings import Progress
from profiles.records import Scores

__all__ = ["SAME_FRACTIONS", "class_scores", "evaluate_cell"]

SAME_FRACTIONS = (
    "Prices computed anew keep the planned fractions of the cell; a new routing of the whole case"
    " could gain more."
)


def class_scores(source: CellsPlanAndScenario, request_class: int) -> Scores:
    """The plan's scores of a class: rows of the LLMs that it may use."""
    entry = source.demand.classes[request_class]
    own = np.flatnonzero(entry.permitted)
    return Scores(
        entry.scores.prompt_ids,
        tuple(source.demand.served[i] for i in own),
        np.ascontiguousarray(entry.scores.values[own]),
        entry.scores.weights,
        entry.scores.dropped,
        entry.scores.provenance,
    )


def evaluate_cell(
    source: CellsPlanAndScenario,
    cell: StateCell,
    sample: Sample,
    *,
    split: float | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Evaluation:
    """Put the prices of a cell to the test on a sample of prompts of its class.

    split, seed, errors: as `planner.operation.out_of_sample.evaluate_out_of_sample`.
    """
    began, demand = time.perf_counter(), source.demand

    def report_cell(phase: str) -> None:
        if cancel is not None and cancel.is_set():
            raise NoPlanInTimeError("stopped before the prompts were routed")
        if progress is not None:
            progress(Progress(time.perf_counter() - began, phase))

    report_cell("prices")
    fitted, tested = (sample, sample) if split is None else split_sample(sample, split, seed)
    llms = [demand.served.index(name) for name in tested.scores.llms]
    loads = CellLoads(demand, cell.state, cell.request_class, llms)
    policy: Mapping[str, Any] = build_cell_policy(demand, cell.state, cell.request_class)
    if split is not None:
        policy = _policy_at_planned_fractions(policy, fitted.scores, loads.planned)
    router = Router(policy)
    shares = prompt_shares_routed(router, tested.scores)
    limits, interval = judge_limits_at_loads(
        loads, loads.planned, shares, tested.scores.weights, np.random.default_rng([seed, 1])
    )
    first = prompt_routing_of(ROUTER, "", shares, tested, KEPT[worst_verdict(limits)])
    report_cell("prices corrected by load")
    corrected, notes = corrected_prompt_routing(policy, loads, loads.planned, tested, seed)
    report_cell("prices refitted")
    routings = [
        first,
        corrected,
        *_refitted_at_planned_fractions(policy, loads.planned, tested),
        random_routing(first, tested),
        best_alone(fitted, tested),
        best_answers(tested),
    ]
    rate = float(demand.cases[cell.state.case].rates[cell.request_class])
    return Evaluation(
        sample=tested,
        fitted=None if split is None else fitted.prompts,
        arrival_rate=rate,
        planned=loads.planned,
        by_id=routed_by_id_out_of_sample(router, tested.scores),
        interval=interval,
        routings=tuple(routings),
        limits=limits,
        comparisons=tuple(
            compare_out_of_sample(first, other, tested, shares) for other in routings[1:]
        ),
        notes=(*notes, SAME_FRACTIONS),
        seconds=time.perf_counter() - began,
        rate_headroom=demand.instance.headroom.rate,
    )


def _policy_at_planned_fractions(
    policy: Mapping[str, Any], scores: Scores, planned: np.ndarray
) -> dict[str, Any]:
    """The policy with prices and ties that realise the planned fractions on these scores."""
    settled = Quality(scores).settle(planned)
    alpha = {
        name: float(price) if np.isfinite(price) else None
        for name, price in zip(scores.llms, settled.prices, strict=True)
    }
    ties = [
        {"llms": [scores.llms[i] for i in tie.llms], "split": [float(part) for part in tie.split]}
        for tie in settled.ties
    ]
    weights = {
        name: part if alpha[name] is not None else 0.0
        for name, part in policy["fallback_weights"].items()
    }
    prices = {"alpha": alpha, "tie_eps": float(settled.tie_eps), "ties": ties}
    return {**policy, **prices, "fallback_weights": weights}


def _refitted_at_planned_fractions(
    policy: Mapping[str, Any], planned: np.ndarray, tested: Sample
) -> list[PromptRouting]:
    """The best routing of these very prompts at the planned fractions: by scores, and by grades
    where there are.
    """
    routings = []
    for name, by in ((REFITTED, tested.scores), (TRUE, tested.truth)):
        if name == REFITTED or tested.graded:
            router = Router(_policy_at_planned_fractions(policy, by, planned))
            shares = prompt_shares_routed(router, by)
            routings.append(prompt_routing_of(name, "", shares, tested, KEPT[SloVerdict.HOLDS]))
    return routings
