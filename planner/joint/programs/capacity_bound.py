"""What capacity and the limits on replicas alone say, whatever the curves, the rate and the scores.

    shortage    weights y_r >= 0 of the capacity rows prove that the least replicas of all LLMs do
                not fit. A replica of LLM i weighs at least c_i, so that no setup exists where

                    sum_i least_i c_i > sum_r y_r room_r,   c_i = min_{o of i} sum_r y_r w_ro

                room_r: GPUs (or nodes) of the row's pool. By weak duality any y is a proof: the
                solver's tolerances do not matter, and the same y says for every other number at
                once that it cannot help
    bound       the least (largest) number of a knob, without integers
    count       the fewest nodes of a pool for whole replicas, and setups on them that are easy to
                pack: a joint program knows that a setup has room in sum, and takes any

Of 60 LLMs that must all run on 64 GPUs the joint program has 5,600 columns, and each of its setups
on the fewest nodes that it thinks possible fails to be packed; the program of the count has 400,
and the first setup with a spare GPU is packed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from models.formulation import Goal, GoalKind, Knob, KnobKind
from models.linear import LinearProgram
from planner.joint.setups.search_state import SearchState
from planner.joint.solver.highs import StopReason, solve_with_highs

LP_NODES = 2
"""Nodes that a linear program, with its pricing, counts as: 4 ms where a node takes 2.5."""

PROOF = 1e-6
"""By how much (of the room, and of a GPU) the least replicas must exceed it: rounding."""

SLACK = 1e-6
"""Counts this close to a whole number are it: the solver's tolerance."""

COUNT_NODES = 1_000
"""Nodes that a program of a count may visit."""

EASY_GAP, EASY_NODES = 0.1, 50
"""Relative gap and nodes of a program for setups that are easy to pack: any good one will do. With
the row of rates HiGHS 1.16 finds none in 2 s of branching, and one at once by shifting.
"""

SPARES = (0.25, 0.5, 0.75, 0.0)
"""Parts of the GPUs beyond the fewest that sums allow which a setup leaves free, one after the
other. First-fit needs one or two GPUs more than the sums say.
"""


@dataclass(frozen=True)
class CapacityShortage:
    """least: (M,) what the least replicas of each LLM weigh at least, by weights of the capacity
    rows; room: what the pools have.
    """

    least: np.ndarray
    room: float

    def holds_without(self, llm: int | None) -> bool:
        """Whether the least replicas do not fit, those of one LLM left out."""
        others = self.least if llm is None else np.delete(self.least, llm)
        return bool(others.sum() > self.room * (1 + PROOF) + PROOF)


def capacity_shortage(state: SearchState) -> CapacityShortage | None:
    """The proof that the least replicas of all LLMs do not fit; None where there is none.

    The weights are those of the dual, scaled to sum to at most one:

        max sum_i least_i z_i - sum_r room_r y_r    s.t.  z_i <= sum_r w_ro y_r for every o of i

    Every option counts, whether or not the SLOs leave it a rate: the proof holds at all of them.
    """
    instance, rows = state.instance, state.capacity
    least = np.array([float(llm.min_replicas) for llm in instance.llms])
    of_llm = np.array([o.llm for o in instance.options], dtype=int)
    asked = least[of_llm] > 0
    if not least.any() or state.clock.stopped():
        return None
    y = np.zeros(len(rows))
    weight = np.array([row.weight for row in rows]).reshape(len(rows), of_llm.size)
    room = _room_of_capacity_rows(state)
    if asked.any() and len(rows):
        answer = solve_with_highs(_shortage_program(state, least, asked, weight), state.settings())
        state.clock.spend_work(LP_NODES * (len(rows) + least.size))
        if answer.x is not None:
            y = np.maximum(answer.x[: len(rows)], 0.0)
    of_option = y @ weight
    weighs = np.array(
        [
            count * of_option[of_llm == i].min(initial=np.inf) if count else 0.0
            for i, count in enumerate(least)
        ]
    )
    shortage = CapacityShortage(weighs, float(y @ room))
    return shortage if shortage.holds_without(None) else None


def _room_of_capacity_rows(state: SearchState) -> np.ndarray:
    """(R,) GPUs, or nodes, of the pool of each capacity row."""
    pools = state.instance.pools
    return np.array(
        [pools[row.pool].nodes if row.per_node else pools[row.pool].gpus for row in state.capacity],
        dtype=float,
    )


def _shortage_program(
    state: SearchState, least: np.ndarray, asked: np.ndarray, weight: np.ndarray
) -> LinearProgram:
    """The dual of `capacity_shortage`, minimised: columns y (R,), then z (M,).

    least: (M,). asked: (O,) options of LLMs with a least number. weight: (R, O).
    """
    rows, llms = weight.shape[0], least.size
    of_llm = np.array([o.llm for o in state.instance.options], dtype=int)[asked]
    reach = np.hstack([-weight[:, asked].T, np.eye(llms)[of_llm]])
    scale = np.concatenate([np.ones(rows), np.zeros(llms)])
    present = np.isin(np.arange(llms), of_llm)
    return LinearProgram(
        cost=np.concatenate([_room_of_capacity_rows(state), -least]),
        matrix=csr_matrix(np.vstack([reach, scale])),
        row_lower=np.full(of_llm.size + 1, -np.inf),
        row_upper=np.append(np.zeros(of_llm.size), 1.0),
        low=np.zeros(rows + llms),
        high=np.concatenate([np.ones(rows), np.where(present, np.inf, 0.0)]),
        integer=np.zeros(rows + llms, dtype=bool),
    )


def bound_by_capacity(state: SearchState, knob: Knob) -> float:
    """A bound on the minimised knob (its negative where it is maximised) by capacity and the limits
    on replicas alone; inf where these leave no setup, whatever the knob.

        min or max knob     fit_pool, fit_nodes, keep_min_replicas, keep_max_replicas,
                            reach_least_replicas, without integers
    """
    linear, _ = _capacity_program(state, knob)
    if not linear.row_upper.size:
        return -np.inf
    answer = solve_with_highs(linear, state.settings(time_limit=max(state.clock.left(), 0.05)))
    state.clock.spend_work(LP_NODES * linear.cost.size)
    if answer.stop is StopReason.INFEASIBLE:
        return float(np.inf)
    return answer.bound if answer.stop is StopReason.OPTIMAL else -np.inf


def count_nodes_by_capacity(state: SearchState, knob: Knob) -> float:
    """The fewest nodes (of a knob of nodes) for whole replicas, or a bound on them; inf where no
    number is enough.
    """
    linear, _ = _capacity_program(state, knob, whole=True)
    settings = state.settings(nodes=COUNT_NODES, time_limit=max(state.clock.left(), 0.05))
    answer = solve_with_highs(linear, settings)
    state.clock.book_work(answer.nodes, linear.cost.size)
    if answer.stop is StopReason.INFEASIBLE:
        return float(np.inf)
    return float(max(np.ceil(answer.bound - SLACK), knob.low))


def easy_setups_by_capacity(
    state: SearchState, knob: Knob, nodes: float, fewest: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Setups (replicas, rates: (O,)) on some nodes of a pool that leave GPUs free and serve the
    arrival rate with every replica within the limits.

    fewest: nodes by `bound_by_capacity`. Replicas of few GPUs are the easy ones: the shards of one
    replica lie on one node.
    """
    pool = state.instance.pools[knob.of or 0]
    shards = np.array([option.tp_degree for option in state.instance.options], dtype=float)
    rate = _rates_within_limits(state)
    tried: set[int] = set()
    for part in SPARES:
        spare = int(np.ceil(part * pool.gpus_per_node * (nodes - fewest)))
        if spare in tried or state.clock.stopped():
            continue
        tried.add(spare)
        linear, per_gpu = _capacity_program(state, knob, whole=True)
        matrix = np.vstack([linear.matrix.toarray(), np.append(-rate, 0.0)])
        linear = LinearProgram(
            cost=np.append(shards**2, 0.0),
            matrix=csr_matrix(matrix),
            row_lower=np.append(linear.row_lower, -np.inf),
            row_upper=np.append(linear.row_upper - spare * per_gpu, -state.instance.arrival_rate),
            low=np.append(linear.low[:-1], nodes),
            high=np.append(linear.high[:-1], nodes),
            integer=linear.integer,
        )
        settings = state.settings(rel_gap=EASY_GAP, nodes=EASY_NODES, shifting=True)
        answer = solve_with_highs(linear, settings)
        state.clock.book_work(answer.nodes, linear.cost.size)
        if answer.x is not None:
            replicas = np.rint(answer.x[:-1]).astype(int)
            yield replicas, rate * replicas


def _rates_within_limits(state: SearchState) -> np.ndarray:
    """(O,) the highest rate among an option's points at which it spends no more than its own share
    of any budget.
    """
    rates = np.zeros(len(state.instance.options))
    for o in state.usable():
        for at, spent in state.points(o):
            within = np.all(spent <= state.allowances[:, None] * at * (1 + SLACK), axis=0)
            rates[o] = max(rates[o], float(at[within].max(initial=0.0)))
    return rates


def _capacity_program(
    state: SearchState, knob: Knob, *, whole: bool = False
) -> tuple[LinearProgram, np.ndarray]:
    """The program of `bound_by_capacity` over replicas (O,) and the knob, in its last column; and
    (R,) 1 for rows of GPUs of the pool whose nodes are the knob.
    """
    instance = state.instance
    options = len(instance.options)
    of_llm = np.array([o.llm for o in instance.options], dtype=int)
    moves = Goal(of=GoalKind.KNOB, knob=knob).moves
    rows: list[tuple[np.ndarray, float, float, float]] = []
    for row in state.capacity:
        pool = instance.pools[row.pool]
        each = 1.0 if row.per_node else float(pool.gpus_per_node)
        moved = moves(KnobKind.NODES, row.pool)
        most = 0.0 if moved else each * pool.nodes
        rows.append((row.weight, -each if moved else 0.0, most, moved and not row.per_node))
    for i, llm in enumerate(instance.llms):
        own = (of_llm == i).astype(float)
        if moves(KnobKind.LEAST, i):
            rows.append((-own, 1.0, 0.0, 0.0))
        elif llm.min_replicas > 0:
            rows.append((-own, 0.0, -float(llm.min_replicas), 0.0))
        if moves(KnobKind.MOST, i):
            rows.append((own, -1.0, 0.0, 0.0))
        elif llm.max_replicas is not None:
            rows.append((own, 0.0, float(llm.max_replicas), 0.0))
    matrix = np.array([np.append(weight, of_knob) for weight, of_knob, *_ in rows])
    usable = np.isin(np.arange(options), state.usable())
    linear = LinearProgram(
        cost=np.append(np.zeros(options), -1.0 if knob.maximised else 1.0),
        matrix=csr_matrix(matrix.reshape(len(rows), options + 1)),
        row_lower=np.full(len(rows), -np.inf),
        row_upper=np.array([most for _, _, most, _ in rows]),
        low=np.append(np.zeros(options), knob.low),
        high=np.append(np.where(usable, np.inf, 0.0), knob.high),
        integer=np.full(options + 1, whole),
    )
    return linear, np.array([float(own) for *_, own in rows])
