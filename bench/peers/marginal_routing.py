"""The best routing of a setup as a live linear program, and what one more replica of every option
would add to it: the step of the greedy peer.

    maximise    q                                          (0..1 scale)
    s.t.        q <= g(alpha_c) + alpha_c . f              for every quality cut c
                sum_i f_i = 1
                lambda f_i = sum_{o of i} sum_k r_ok w_ok  for every LLM i
                sum_o sum_k B_s(r_ok) w_ok <= lambda A_s   for every SLO s
                sum_k w_ok <= n_o                          for every option o

The dual of the last row is the gain of one more replica of o, to first order, also where o has
none yet.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from bench.peers.peer_case import PeerCase
from bench.peers.peer_program import PeerProgram
from models.formulation import allowance, shared_slos
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.joint.solver.live_lp import LiveLp

CUT_ROUNDS = 12
"""Most cuts at the routing of one setup."""

TIGHT = 1e-4
"""Of the quality (0..1 scale) that the cuts may over-rate a setup."""


@dataclass(frozen=True)
class RoutedMargin:
    """quality: 0..1 scale, not below the setup's. gains: (O,) of one more replica. rates: (O,)
    req/s. fractions: (M,).
    """

    quality: float
    gains: np.ndarray
    rates: np.ndarray
    fractions: np.ndarray


class MarginalRouting:
    """The live program of all options of a case; setups are the sides of its rows."""

    def __init__(self, case: PeerCase) -> None:
        self.case, instance = case, case.instance
        program = PeerProgram()
        self._quality = program.columns(1, cost=-1.0, high=1.0)
        self._fractions = program.columns(len(instance.llms), high=1.0)
        points = {o: case.points(o) for o in case.options}
        self._running = {o: program.columns(points[o][0].size) for o in case.options}
        self._rates = {o: points[o][0] for o in case.options}
        for o in case.options:
            program.row([self._running[o]], [1.0], high=0.0)
        program.row([self._fractions], [1.0], low=1.0, high=1.0)
        for i in range(len(instance.llms)):
            own = [o for o in case.options if instance.options[o].llm == i]
            program.row(
                [self._fractions[i], *(self._running[o] for o in own)],
                [
                    instance.arrival_rate / case.state.unit,
                    *(-self._rates[o] / case.state.unit for o in own),
                ],
                low=0.0,
                high=0.0,
            )
        for s, slo in enumerate(shared_slos(instance)):
            allowed = allowance(slo) * instance.arrival_rate
            columns = [self._running[o] for o in case.options]
            program.row(columns, [points[o][1][s] / allowed for o in case.options], high=1.0)
        self._width = program.width
        self._live = LiveLp(program.program(), SolveSettings(seed=case.settings.seed))
        self._cuts = 0
        self._take_cuts()

    def _take_cuts(self) -> None:
        """Hand the pool's new cuts to the program."""
        pool = self.case.quality.cuts
        prices, base = pool.prices[self._cuts :], pool.base[self._cuts :]
        if not base.size:
            return
        rows = np.zeros((base.size, self._width))
        rows[:, self._quality[0]] = 1.0
        rows[:, self._fractions] = -prices
        self._live.add_rows(np.full(base.size, -np.inf), base, csr_matrix(rows))
        self._cuts += base.size

    def rough(self, replicas: np.ndarray) -> RoutedMargin | None:
        """The routing of a setup (O,) by the cuts there are; None when it keeps no SLO."""
        options = list(self.case.options)
        at = np.arange(len(options))
        most = replicas[options].astype(float)
        self._live.set_row_sides(at, np.full(at.size, -np.inf), most)
        answer = self._live.solve()
        if answer.stop is not StopReason.OPTIMAL or answer.x is None or answer.row_dual is None:
            return None
        gains, rates = np.zeros(replicas.size), np.zeros(replicas.size)
        gains[options] = np.maximum(-answer.row_dual[at], 0.0)
        for o in options:
            rates[o] = self._rates[o] @ answer.x[self._running[o]]
        return RoutedMargin(-answer.value, gains, rates, answer.x[self._fractions])

    def tight(self, replicas: np.ndarray) -> RoutedMargin | None:
        """The same with cuts at its fractions until they over-rate it by no more than TIGHT."""
        routed = self.rough(replicas)
        for _ in range(CUT_ROUNDS):
            if routed is None:
                return None
            _, upper = self.case.quality.price(np.maximum(routed.fractions, 0.0))
            self._take_cuts()
            if routed.quality - upper <= TIGHT:
                return routed
            routed = self.rough(replicas)
        return routed
