"""The textbook program: replicas, rates and the routing of a sample of prompts in one mixed-integer
program, solved by HiGHS as it comes.

    maximise    sum_x weight_x sum_i s_i(x) y_ix               (or minimise the price of the GPUs,
                                                                the sum being at least the floor)
    s.t.        sum_i y_ix = 1                                                  for every prompt x
                lambda sum_x weight_x y_ix = sum_{o of i} sum_k r_ok w_ok       for every LLM i
                sum_k w_ok = n_o                                                for every option o
                sum_o sum_k B_s(r_ok) w_ok <= lambda A_s                        for every SLO s
                share and memory of every pool, replicas of every LLM           add_setup_columns
                n_o whole, w, y >= 0

r_ok are the load points of the option's curve, at least POINTS of them: budgets are linear between
two of them. Where that polyline is not convex the program may mix points that are not neighbours,
which promises too little latency; with `adjacent` binaries allow one piece of it at a time (SOS2).

Share and memory are counted by pool, so a setup may be impossible to place. Then the pool counts
less of each GPU, TRIES times, as people do who see a placement fail. Where the floor holds on the
sample and not on all prompts, it is raised by what is missing.
"""

import time
from dataclasses import replace

import numpy as np

from bench.peers.peer_case import PeerAnswer, PeerCase
from bench.peers.peer_program import PeerProgram, add_setup_columns
from models.formulation import allowance, shared_slos
from planner.joint.solver.highs import Answer, StopReason

SAMPLE = 200
"""Prompts in the program."""

POINTS = 20
"""Load points of an option at least."""

LESS = 0.97
"""Of a GPU of a pool whose part could not be placed, so much is counted in the next try."""

TRIES = 12


def textbook_plan(case: PeerCase, *, adjacent: bool = False, sample: int = SAMPLE) -> PeerAnswer:
    """The plan of the textbook program. adjacent: binaries where a polyline is not convex."""
    part, raised, words = [1.0] * len(case.instance.pools), 0.0, ""
    notes: tuple[str, ...] = ()
    for attempt in range(1, TRIES + 1):
        began = time.process_time()
        replicas, rates, ended = _solved_textbook(case, part, raised, sample, adjacent=adjacent)
        if replicas is None or rates is None:
            return PeerAnswer(None, f"{words}, then {ended}" if words else ended, notes)
        answer = case.finish(replicas, rates)
        words = answer.words or f"try {attempt}, {ended}"
        seconds = time.process_time() - began
        notes = (*notes, f"try {attempt}: {ended}, {answer.words or 'placed'}, {seconds:.1f} s")
        answer = replace(answer, words=words, notes=notes)
        if answer.solution is not None or not (answer.unplaced or answer.missing):
            return answer
        for p in answer.unplaced:
            part[p] *= LESS
        raised += 1.5 * answer.missing
    return PeerAnswer(None, f"{words} in {TRIES} tries", notes)


def has_bent_curves(case: PeerCase) -> bool:
    """Whether some option's polyline is not convex, so that binaries make another program."""
    return any(_bent(*_fine_points(case, o)) for o in case.options)


def _solved_textbook(
    case: PeerCase, part: list[float], raised: float, sample: int, *, adjacent: bool
) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Replicas (O,) and rates (O,), None without a plan, and how the solve ended in words."""
    program = PeerProgram()
    scores, weights = _sampled_scores(case, sample)
    scale = 0.0 if case.of_cost else 1.0
    routed = program.columns(scores.size, cost=-scale * (scores * weights).ravel(), high=1.0)
    routed = routed.reshape(scores.shape)
    for x in range(weights.size):
        program.row([routed[:, x]], [1.0], low=1.0, high=1.0)
    if case.of_cost:
        floor = (case.instance.quality_floor or 0.0) + raised
        program.row([routed.ravel()], [(scores * weights).ravel()], low=floor)
    replicas, _ = add_setup_columns(program, case, part)
    rates, running = _add_textbook_rates(program, case, replicas, adjacent=adjacent)
    unit = case.state.unit
    for i in range(len(case.instance.llms)):
        own = [k for k, o in enumerate(case.options) if case.llm[o] == i]
        program.row(
            [routed[i], *(running[k] for k in own)],
            [
                case.instance.arrival_rate / unit * weights,
                *(-rates[k] / unit for k in own),
            ],
            low=0.0,
            high=0.0,
        )
    answer = program.solve(case)
    if answer.x is None:
        ended = "infeasible" if answer.stop is StopReason.INFEASIBLE else "no plan in time"
        return None, None, ended
    count = np.zeros(len(case.instance.options), dtype=int)
    carried = np.zeros(count.size)
    for k, o in enumerate(case.options):
        count[o] = round(float(answer.x[replicas[k]]))
        carried[o] = max(float(rates[k] @ answer.x[running[k]]), 0.0)
    return count, np.where(count > 0, carried, 0.0), _ending_in_words(answer)


def _sampled_scores(case: PeerCase, sample: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores (M, N) and weights (N,) of prompts drawn by their weights; all where they are few."""
    scores = case.instance.scores
    if scores.weights.size <= sample:
        return np.asarray(scores.values, dtype=float), scores.weights
    rng = np.random.default_rng(case.settings.seed)
    chosen = rng.choice(scores.weights.size, sample, replace=False, p=scores.weights)
    return np.asarray(scores.values[:, chosen], dtype=float), np.full(sample, 1 / sample)


def _add_textbook_rates(
    program: PeerProgram, case: PeerCase, replicas: np.ndarray, *, adjacent: bool
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """By option its load points (K,) and the columns of replicas that run there, with the rows of
    replicas, budgets and (adjacent) pieces.
    """
    rates, running, spent = [], [], []
    for k, o in enumerate(case.options):
        points, budgets = _fine_points(case, o)
        columns = program.columns(points.size)
        program.row([columns, replicas[k]], [1.0, -1.0], low=0.0, high=0.0)
        if adjacent and _bent(points, budgets):
            _add_pieces(program, case, o, points, columns)
        rates.append(points)
        running.append(columns)
        spent.append(budgets)
    for s, slo in enumerate(shared_slos(case.instance)):
        allowed = allowance(slo) * case.instance.arrival_rate
        program.row(running, [budgets[s] / allowed for budgets in spent], high=1.0)
    return rates, running


def _fine_points(case: PeerCase, o: int) -> tuple[np.ndarray, np.ndarray]:
    """Load points (K,) and budgets (S, K) of an option, with points between them where the profile
    has few.
    """
    pieces = case.state.pieces[o]
    ends = np.unique(np.concatenate([pieces.low, pieces.high]))
    more = int(np.ceil(POINTS / max(pieces.low.size, 1)))
    inner = np.linspace(pieces.low, pieces.high, more + 1).ravel() if more > 1 else ends
    rates = np.unique(np.concatenate([ends, inner]))
    rates = rates[np.concatenate([[True], np.diff(rates) > 1e-9 * max(float(rates[-1]), 1e-300)])]
    return rates, np.stack([pieces.spend(rate) for rate in rates.tolist()], axis=1)


def _bent(rates: np.ndarray, budgets: np.ndarray) -> bool:
    """Whether a budget's polyline is not convex beyond the rounding of the profile."""
    if rates.size < 3:
        return False
    slopes = np.diff(budgets, axis=1) / np.diff(rates)
    return bool(np.any(np.diff(slopes, axis=1) < -1e-3 * np.abs(slopes[:, 1:])))


def _add_pieces(
    program: PeerProgram, case: PeerCase, o: int, points: np.ndarray, columns: np.ndarray
) -> None:
    """Replicas of an option run at two neighbouring points only: one binary a piece."""
    pieces, most = case.state.pieces[o], float(case.state.upper[o])
    near = 1e-9 * max(float(points[-1]), 1e-300)
    middle = (points[:-1] + points[1:]) / 2
    within = [np.any((pieces.low <= m + near) & (m - near <= pieces.high)) for m in middle]
    spans = [(k, k + 1) for k in np.flatnonzero(within).tolist()]
    spans += [
        (k, k) for k in range(points.size) if not any(k in span for span in spans)
    ]  # a rate that may be run alone
    chosen = program.columns(len(spans), high=1.0, whole=True)
    program.row([chosen], [1.0], high=1.0)
    for k in range(points.size):
        beside = chosen[[j for j, span in enumerate(spans) if k in span]]
        program.row([columns[k], beside], [1.0, -most], high=0.0)


def _ending_in_words(answer: Answer) -> str:
    if answer.stop is StopReason.OPTIMAL:
        return "solved"
    gap = abs(answer.bound - answer.value) / max(abs(answer.value), 1e-9)
    return f"stopped at a gap of {100 * gap:.2g} %"
