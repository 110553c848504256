"""In the manner of Melange (Griggs et al., arXiv 2404.14527), for cost: first which LLM answers
what, then the cheapest GPUs for these loads.

1. Routing. An LLM's request costs what its cheapest option takes for it at the largest rate that
   keeps the SLOs: c_i = min_o price_o / r*_o. The cheapest routing that reaches the floor:
       minimise  sum_i c_i f_i    s.t.  Q(f) >= floor, sum_i f_i = 1
2. GPUs. Every replica counts for the requests that it answers within the SLOs by itself; the
   cheapest mix that carries the load of every LLM, one program for all, since they share pools:
       minimise  price of the GPUs    s.t.  sum_{o of i} r*_o n_o >= lambda f_i
3. The best routing of these GPUs, over all prompts, as for every peer.

Melange's buckets of request sizes and its slices have no counterpart in profiles of one workload;
its bin packing is the program of step 2, which counts share and memory by pool. Where a setup
cannot be placed, the pool counts less of each GPU, as in the textbook program.
"""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from bench.peers.peer_case import PeerAnswer, PeerCase
from bench.peers.peer_program import PeerProgram, add_setup_columns
from planner.joint.solver.highs import Answer, SolveSettings, StopReason
from planner.joint.solver.live_lp import LiveLp

CUT_ROUNDS = 200
"""Cuts of the routing at most."""

REACHED = 1e-6
"""Of the floor (0..1 scale) that the routing may miss while it is cut."""

LESS, TRIES = 0.97, 12
"""As in the textbook program."""


def melange_plan(case: PeerCase) -> PeerAnswer:
    """The plan of the two steps."""
    fractions = cheapest_routing(case)
    if fractions is None:
        return PeerAnswer(None, "no routing reaches the floor")
    part = [1.0] * len(case.instance.pools)
    answer = PeerAnswer(None, "no plan in time")
    for _ in range(TRIES):
        solved = _cheapest_gpus(case, fractions, part)
        if solved.x is None:
            infeasible = solved.stop is StopReason.INFEASIBLE
            words = "no GPUs carry the loads" if infeasible else "no plan in time"
            return PeerAnswer(None, words)
        replicas = np.zeros(len(case.instance.options), dtype=int)
        replicas[list(case.options)] = np.round(solved.x[: len(case.options)]).astype(int)
        answer = case.finish(replicas, _shared_rates(case, replicas, fractions))
        if not answer.unplaced:
            cut = solved.stop is not StopReason.OPTIMAL and not answer.words
            return replace(answer, words="cut short") if cut else answer
        for p in answer.unplaced:
            part[p] *= LESS
    return answer


def cheapest_routing(case: PeerCase) -> np.ndarray | None:
    """(M,) fractions of step 1; None where no LLM that can run reaches the floor."""
    price = request_prices(case)
    floor = case.quality.from_score(case.instance.quality_floor or 0.0)
    program = PeerProgram()
    fractions = program.columns(
        price.size,
        cost=np.where(np.isfinite(price), price, 0.0),
        high=np.where(np.isfinite(price), 1.0, 0.0),
    )
    program.row([fractions], [1.0], low=1.0, high=1.0)
    live = LiveLp(program.program(), SolveSettings(cancel=case.late))
    known = 0
    chosen: np.ndarray | None = None
    for _ in range(CUT_ROUNDS):
        cuts = case.quality.cuts
        fresh = cuts.prices[known:]
        low = floor - cuts.base[known:]
        live.add_rows(low, np.full(low.size, np.inf), csr_matrix(fresh))
        known = len(cuts)
        answer = live.solve()
        if answer.x is None:
            return None
        chosen = np.maximum(answer.x, 0.0)
        _, upper = case.quality.price(chosen)
        if upper >= floor - REACHED or len(cuts) == known:
            break
    return chosen


def request_prices(case: PeerCase) -> np.ndarray:
    """(M,) USD/h for each req/s of every LLM on its cheapest option; inf where none keeps the
    SLOs.
    """
    price = np.full(len(case.instance.llms), np.inf)
    for o in case.options:
        if case.within[o] > 0:
            i = case.instance.options[o].llm
            price[i] = min(price[i], case.prices[o] / case.within[o])
    return price


def _cheapest_gpus(case: PeerCase, fractions: np.ndarray, part: list[float]) -> Answer:
    """Step 2; the first columns of its program are replicas, by position in `case.options`."""
    program = PeerProgram()
    replicas, _ = add_setup_columns(program, case, part)
    llm, options = case.llm, np.array(case.options)
    for i in np.flatnonzero(fractions > REACHED).tolist():
        own = llm[options] == i
        load = case.instance.arrival_rate * fractions[i]
        program.row([replicas[own]], [case.within[options[own]] / load], low=1.0)
    return program.solve(case)


def _shared_rates(case: PeerCase, replicas: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """(O,) req/s: the load of every LLM, shared by what its replicas carry."""
    carried = replicas * case.within
    of_llm = np.bincount(case.llm, weights=carried, minlength=fractions.size)
    due = case.instance.arrival_rate * fractions
    part = np.divide(due, of_llm, out=np.zeros_like(due), where=of_llm > 0)
    return carried * np.minimum(part, 1.0)[case.llm]
