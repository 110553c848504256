"""TODO: planner.joint.outcome."""

import time

from models.quality import TIE_EPS, Quality
from planner.joint import highs
from planner.joint.search_state import Ground, Incumbent
from planner.solution import Effort, ShadowPrices, Solution, TieGroup, shards_of


def solution_of(
    quality: Quality,
    best: Incumbent,
    value: float,
    bound: float,
    effort: Effort,
    prices: ShadowPrices | None,
) -> Solution:
    """A placed and routed plan as a solution; optimal when the effort ended with the gap closed."""
    return Solution(
        "optimal" if effort.termination == "gap" else "feasible",
        value,
        bound,
        effort,
        best.routed.replicas,
        best.routed.rates,
        best.routed.fractions,
        best.settled.value,
        best.settled.prices,
        tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in best.settled.ties),
        TIE_EPS * quality.scale,
        tuple(shard for packing in best.packing for shard in shards_of(packing)),
        prices,
    )


def effort_of(ground: Ground, termination: str, notes: list[str]) -> Effort:
    """What a search did until now."""
    clock = ground.clock
    return Effort(
        time.perf_counter() - clock.began,
        dict(clock.seconds),
        ground.milp_solves,
        len(ground.quality.cuts),
        ground.nodes,
        termination,
        highs.VERSION,
        tuple(notes),
    )
