"""A plan that was found on representatives of a score table, held against all prompts of it.

A second pass over the file (models.scores.all_prompts): the quality that the plan has on all
prompts, by how much its bound rises, how far the router's fractions are from the planned ones.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from models.scores.all_prompts import WholeTableTotals, even_tie_weights, planned_router
from planner.errors import DataError
from planner.plans.record import Plan
from planner.plans.schema import CheckedPromptsContent
from planner.settings import Progress
from planner.solution import Solution
from profiles.io.faults import Fault, ScoresError
from profiles.records import WholeTable
from profiles.score_tables.score_batches import open_score_batches, read_score_batches

__all__ = ["AllPrompts", "check_on_all_prompts", "with_all_prompts"]

SAME_MEAN = 1e-9
"""What means of one table by two programs differ by, of their scale."""


@dataclass(frozen=True, kw_only=True)
class AllPrompts:
    """What holds on all prompts of a table.

    quality: mean score that the plan's fractions reach at least. shift: mean score by which every
    bound on quality rises. bound: no plan has a larger mean score; None where cost is minimised:
    its bound is that of a floor higher by the shift. off: largest difference between a fraction and
    the part of all prompts that the router sends there, 0..1.
    """

    quality: float
    shift: float
    bound: float | None
    off: float


def check_on_all_prompts(
    instance: Instance,
    solution: Solution,
    quality: Quality,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> AllPrompts | None:
    """Hold a solution with a plan against all prompts for which the instance's scores stand.

    quality: that the search was made with, with all its cuts. None where it was cancelled.
    ScoresError where the file is no longer the one that was planned with.
    """
    whole = instance.scores.whole
    if whole is None or solution.quality is None:
        raise ValueError("there is nothing to check")
    ties = [(group.llms, group.split) for group in solution.ties]
    prices, fractions = solution.dual_prices, solution.fractions
    router = planned_router(prices, solution.tie_eps, ties, fractions, quality.scale)
    even = even_tie_weights(quality.weighted_blocks(), router)
    router = replace(router, even=even)
    totals = WholeTableTotals(quality.cuts.prices, quality.openings, router)
    began = time.perf_counter()
    if not _add_all_prompts(whole, instance.scores.llms, quality, totals, cancel, progress, began):
        return None
    means = totals.sums / totals.weight
    known = (whole.means - quality.offset) / quality.scale
    if totals.prompts != whole.prompts or np.abs(means - known).max() > SAME_MEAN:
        problem = "the table changed while it was planned with"
        raise ScoresError([Fault(str(whole.path), "", "", problem, "plan again")])
    shift = quality.scale * totals.shift(quality.cuts.base)
    bound = None
    if instance.objective == ObjectiveKind.QUALITY and solution.bound is not None:
        bound = min(solution.bound + shift, quality.to_score(totals.ceiling()))
    return AllPrompts(
        quality=quality.to_score(totals.value(solution.fractions)),
        shift=shift,
        bound=bound,
        off=float(np.abs(totals.sent - solution.fractions).max()),
    )


def with_all_prompts(plan: Plan, instance: Instance, found: AllPrompts | None) -> Plan:
    """The plan with what of it holds on all prompts; found: None where the check was stopped."""
    scores = instance.scores
    if scores.whole is None:
        raise ValueError("the plan was made with all prompts")
    checked: CheckedPromptsContent | None = None
    if found is not None:
        checked = {
            "quality": found.quality,
            "bound": found.bound,
            "bound_shift": found.shift,
            "fraction_off_pct": 100.0 * found.off,
        }
    return plan.with_all_prompts(
        {
            "prompts": scores.whole.prompts,
            "standing": int((scores.weights > 0).sum()),
            "exact": scores.whole.exact,
            "checked": checked,
        }
    )


def _add_all_prompts(
    whole: WholeTable,
    llms: tuple[str, ...],
    quality: Quality,
    totals: WholeTableTotals,
    cancel: threading.Event | None,
    progress: Callable[[Progress], None] | None,
    began: float,
) -> bool:
    """Add every prompt of the file; False where that was cancelled."""
    file, faults = open_score_batches(whole.path), list[Fault]()
    if file is None:
        problem = "the table that was planned with cannot be opened any more"
        raise ScoresError([Fault(str(whole.path), "", "", problem, "put it back, and plan again")])
    for batch in read_score_batches(file, str(whole.path), llms, whole.missing, faults, []):
        if cancel is not None and cancel.is_set():
            return False
        totals.add((batch.values - quality.offset) / quality.scale, batch.weights)
        if progress is not None:
            phase = f"all prompts, {totals.prompts / whole.prompts:.0%}"
            progress(Progress(time.perf_counter() - began, phase))
    if faults:
        raise DataError(faults)
    return True
