"""Mixed-integer programs of peers: columns and rows in the order in which they are added, and the
rows that every setup keeps.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from bench.peers.peer_case import PeerCase
from models.linear import LinearProgram
from planner.joint.solver.highs import Answer, SolveSettings, solve_with_highs


class PeerProgram:
    """minimise cost . x; rows between a low and a high side."""

    def __init__(self) -> None:
        self._cost: list[np.ndarray] = []
        self._low: list[np.ndarray] = []
        self._high: list[np.ndarray] = []
        self._whole: list[np.ndarray] = []
        self._row: list[tuple[np.ndarray, np.ndarray, float, float]] = []
        self.width = 0

    def columns(
        self,
        count: int,
        *,
        cost: np.ndarray | float = 0.0,
        high: np.ndarray | float = np.inf,
        whole: bool = False,
    ) -> np.ndarray:
        """Positions of new columns, at least 0."""
        self._cost.append(np.broadcast_to(np.asarray(cost, dtype=float), count))
        self._low.append(np.zeros(count))
        self._high.append(np.broadcast_to(np.asarray(high, dtype=float), count))
        self._whole.append(np.full(count, whole))
        self.width += count
        return np.arange(self.width - count, self.width)

    def row(
        self,
        columns: Sequence[np.ndarray | int],
        values: Sequence[np.ndarray | float],
        low: float = -np.inf,
        high: float = np.inf,
    ) -> None:
        """One row over parts: columns and their coefficients, part by part."""
        parts = [np.atleast_1d(part) for part in columns]
        spread = [
            np.broadcast_to(np.asarray(value, dtype=float), part.size)
            for part, value in zip(parts, values, strict=True)
        ]
        self._row.append((np.concatenate(parts), np.concatenate(spread), low, high))

    def program(self) -> LinearProgram:
        """The program as arrays."""
        starts = np.concatenate([[0], np.cumsum([at.size for at, *_ in self._row])])
        at = np.concatenate([part for part, *_ in self._row])
        values = np.concatenate([part for _, part, *_ in self._row])
        return LinearProgram(
            cost=np.concatenate(self._cost),
            matrix=csr_matrix((values, at, starts), shape=(len(self._row), self.width)),
            row_lower=np.array([low for *_, low, _ in self._row]),
            row_upper=np.array([high for *_, high in self._row]),
            low=np.concatenate(self._low),
            high=np.concatenate(self._high),
            integer=np.concatenate(self._whole),
        )

    def solve(self, case: PeerCase) -> Answer:
        """HiGHS as it comes, with the gap and limit of the case."""
        settings = SolveSettings(
            threads=case.settings.threads,
            seed=case.settings.seed,
            rel_gap=case.settings.rel_gap,
            cancel=case.late,
            quick=False,
        )
        return solve_with_highs(self.program(), settings)


def add_setup_columns(
    program: PeerProgram, case: PeerCase, part: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Columns of replicas (by position in `case.options`) and of GPUs in use (by pool), with what a
    setup has to keep: share and memory of the pool, replicas of each LLM, the utilisation floor.

    part: of a GPU, by pool, that share and memory may fill on average. GPUs cost their price where
    cost is minimised.
    """
    instance, options = case.instance, case.options
    replicas = program.columns(len(options), high=case.state.upper[list(options)], whole=True)
    price = [(pool.price or 0.0) if case.of_cost else 0.0 for pool in instance.pools]
    most = [float(pool.gpus) for pool in instance.pools]
    used = program.columns(
        len(instance.pools), cost=np.array(price), high=np.array(most), whole=True
    )
    for p in range(len(instance.pools)):
        inside = [k for k, o in enumerate(options) if instance.options[o].pool == p]
        own = [instance.options[options[k]] for k in inside]
        for each in ([o.mps_share for o in own], [o.memory / instance.room(p) for o in own]):
            taken = np.array([o.tp_degree for o in own]) * np.array(each)
            program.row([replicas[inside], used[p]], [taken, -part[p]], high=0.0)
    for i, llm in enumerate(instance.llms):
        own_columns = replicas[[k for k, o in enumerate(options) if instance.options[o].llm == i]]
        most_replicas = np.inf if llm.max_replicas is None else float(llm.max_replicas)
        program.row([own_columns], [1.0], low=float(llm.min_replicas), high=most_replicas)
    if instance.min_utilization > 0:
        least = instance.min_utilization * instance.gpus
        program.row([replicas], [case.size[list(options)]], low=least)
    return replicas, used
