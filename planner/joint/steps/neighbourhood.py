"""Local search between setups, from the best plan: a few LLMs at a time are decided anew, and what
a setup is worth is read off its own linear program.

    value     the relaxation with all replicas fixed, live, cut at its own fractions
              (tree.node_program): some milliseconds; its duals say what a replica more or less of
              every option would change, to first order
    anew      the replicas of a few random LLMs are free, all others fixed; of a few such draws the
              one whose linear program promises most is taken. Where it says that no better setup is
              near, that is all; else a dive fixes a part of the free ones at a time: large
              neighbourhood search (Shaw, CP 1998)
    descend   then the exchanges that promise most by the duals, first improvement: up to TAKEN
              replicas of one option make way for up to GIVEN of another
    take      a setup whose value would close the gap, and the best one at the end, is placed and
              routed; the cuts and curves that this refines make the next values right

Why. At light load integer programs over-rate every setup that they answer by 5e-4 to 2e-3, each in
one to eight seconds, and which of them they come across is luck; here one is judged in 10 ms to a
ten-thousandth. 12 LLMs on 256 GPUs at 1,000 and 2,000 req/s, gap 1e-3, three instances of each:
plunges and programs left four of six open after 20 s; from the plan after one program this closed
all six in 1 to 8 s. Random replicas away and what is left filled by worth, with noise, in place of
free LLMs: three of six open after 20 s.

Effort is counted in dives and linear programs; chance has the seed of the search.
"""

import time
from dataclasses import dataclass

import numpy as np

from planner.joint.programs.restricted_milp import RestrictedMilp
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.separation import all_packed, pack_for_separation, place_or_separate
from planner.joint.solver.highs import StopReason
from planner.joint.tree.node_program import NodePoint, NodeProgram

DIVES, IN_VAIN, MOST_LPS = 300, 100, 1_000
"""Dives in all, dives one after the other without a better setup, linear programs in all: 5 to 12 s
with 12 LLMs and 256 GPUs.
"""

MOST_OPTIONS = 120
"""Options of the setups, those of least loss in the relaxation, beside those of the best plan: with
all 228 of 12 LLMs two of six instances took twice as long.
"""

FEWEST_FREE, MOST_FREE = 3, 6
"""LLMs that are decided anew, as many as chance says: with always 4, 5 or 6 of them one or two of
six instances took twice as long, each time others.
"""

DRAWN = 3
"""Sets of LLMs that are drawn for one dive, from the one whose linear program promises most: 12
LLMs at 1,000 req/s, three instances: 70, 480 and 740 linear programs, with one set 620, 480 to 520
and more than 760.
"""

WORSE = 0.5
"""Gaps by which a dive may end worse than the best setup, for the exchanges to make good."""

DIVE_SHARE, DIVE_ROUNDS = 0.3, 2
"""Part of the numbers that are not whole which a step of a dive fixes, and its solves."""

FIRST_TRIALS, TRIALS = 25, 8
"""Exchanges of a setup that are tried before it counts as a local optimum: of the best plan, and
after a dive.
"""

TAKEN, GIVEN = 2, 4
"""Replicas of one option that make way at most, and of another that take their place."""

WHOLE = 1e-5
"""Distance from a whole number that is none."""

ROUNDS = 6
"""Solves of one setup's program at most."""

BETTER = 1e-6
"""Quality (0..1 scale) by which a value has to rise."""


@dataclass(frozen=True)
class NearbySetup:
    """A setup that was looked at.

    replicas: (K,) whole, of the options looked at. point: of its program; point.slope of these
    options.
    """

    replicas: np.ndarray
    point: NodePoint

    @property
    def loss(self) -> float:
        """Its value, as a loss: what no routing of it can beat."""
        return self.point.bound


def search_neighbourhood(state: GoalState, milp: RestrictedMilp) -> None:
    """Consider setups near the incumbent until the gap is closed or the effort is spent."""
    shared, began = state.shared, time.perf_counter()
    cuts = len(shared.quality.cuts)
    if state.incumbent is not None:
        Neighbourhood(state, milp).run()
    made = np.arange(cuts, len(shared.quality.cuts))
    state.plunge_cuts = np.concatenate([state.plunge_cuts, made])
    shared.clock.spend("neighbourhood", began)
    state.report("neighbourhood")


class Neighbourhood:
    """The search from one incumbent.

    options: (K,) positions of those that may help. better: by how much a value has to fall. drawn:
    sets of LLMs that are drawn for one dive.
    """

    better, drawn = BETTER, DRAWN

    def __init__(self, state: GoalState, milp: RestrictedMilp) -> None:
        self.state, self.shared = state, state.shared
        instance = self.shared.instance
        options = milp.promising(MOST_OPTIONS)
        self.options, self._upper = np.array(options), milp.reduced_upper(options)[list(options)]
        self._llm = np.array([instance.options[o].llm for o in options])
        self._groups = np.eye(len(instance.options))[self.options]
        rows = self.shared.capacity
        pools = [instance.pools[row.pool] for row in rows]
        self._weight = np.array([row.weight for row in rows])[:, self.options]
        self._most = np.array(
            [p.nodes if r.per_node else p.gpus for r, p in zip(rows, pools, strict=True)]
        )
        self._rng = np.random.default_rng(self.shared.seed)
        self._near = milp.relaxation.point.fractions
        self._tried: set[bytes] = set()
        self._lps = 0
        self._program = self._build()

    # -- the loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Descend from the incumbent, then dive and descend."""
        start = self._solve(self._incumbent(), np.inf)
        if start is None:
            return
        best, vain = self._try_to_close(self._descend(start, FIRST_TRIALS)), 0
        for _ in range(DIVES):
            if self._halted() or vain == IN_VAIN:
                break
            vain += 1
            anew = self._decide_anew(best)
            if anew is None:
                continue
            found = self._descend(anew, TRIALS)
            if found.loss < best.loss - self.better and self._can_be_placed(found):
                best, vain = self._try_to_close(found), 0
        self._take(best)

    def _try_to_close(self, best: NearbySetup) -> NearbySetup:
        """Make a setup a plan if its value would close the gap; where to go on from."""
        if best.loss - self.state.bound > self.state.tolerance() or not self._take(best):
            return best
        # Routing has refined curves and cuts: what setups are worth there is exact now.
        self._program = self._build()
        again = self._solve(best.replicas, np.inf)
        return best if again is None else again

    def _take(self, setup: NearbySetup) -> bool:
        """Place and route a setup if its value beats the best plan; whether it was."""
        if setup.loss >= self.state.loss - BETTER or self.shared.clock.stopped():
            return False
        replicas = self._in_full(setup)
        placement = place_or_separate(self.shared, replicas, None)
        if placement.placed:
            consider_primal(self.state, replicas, setup.point.rates, placement.packings)
        return True

    def _can_be_placed(self, setup: NearbySetup) -> bool:
        return all_packed(pack_for_separation(self.shared, self._in_full(setup)))

    def _in_full(self, setup: NearbySetup) -> np.ndarray:
        """Replicas (O,)."""
        replicas = np.zeros(len(self.shared.instance.options), dtype=int)
        replicas[self.options] = setup.replicas
        return replicas

    def _incumbent(self) -> np.ndarray:
        assert self.state.incumbent is not None  # noqa: S101 - the caller has looked
        return self.state.incumbent.routed.replicas[self.options].astype(int)

    def _halted(self) -> bool:
        clock = self.shared.clock
        return self._lps >= MOST_LPS or self.state.closed() or clock.stopped()

    # -- moves -------------------------------------------------------------------------------------

    def _descend(self, setup: NearbySetup, trials: int) -> NearbySetup:
        """Exchange replicas while one of the most promising exchanges is better."""
        better: NearbySetup | None = setup
        while better is not None and not self._halted():
            setup, better = better, None
            for replicas in self._exchanges(setup, trials):
                self._tried.add(replicas.tobytes())
                better = self._solve(replicas, setup.loss - self.better)
                if better is not None or self._halted():
                    break
        return setup

    def _exchanges(self, setup: NearbySetup, most: int) -> list[np.ndarray]:
        """The setups (K,) not tried yet that promise most by the worth of replicas, best first."""
        replicas, slope = setup.replicas, setup.point.slope
        gains, moves = [], []
        nothing: list[tuple[int, int]] = [(-1, 0)]
        used = [(a, m) for a in np.flatnonzero(replicas).tolist() for m in range(1, TAKEN + 1)]
        for a, taken in nothing + [(a, m) for a, m in used if replicas[a] >= m]:
            base = replicas.copy()
            base[a] -= taken
            fits = self._fits(base)
            lost = taken * slope[a]
            for given in range(1, GIVEN + 1):
                gain = np.where(fits >= given, given * slope - lost, np.inf)
                if a >= 0:
                    gain[a] = np.inf
                for b in np.flatnonzero(gain < -self.better).tolist():
                    gains.append(gain[b])
                    moves.append((a, taken, b, given))
        found: list[np.ndarray] = []
        for k in np.argsort(gains, kind="stable").tolist():
            a, taken, b, given = moves[k]
            moved = replicas.copy()
            moved[a] -= taken
            moved[b] += given
            if moved.tobytes() not in self._tried:
                found.append(moved)
            if len(found) == most:
                break
        return found

    def _fits(self, replicas: np.ndarray) -> np.ndarray:
        """(K,) how many more replicas of every option the capacity rows allow."""
        room = self._most - self._weight @ replicas + 1e-6
        each = np.where(
            self._weight > 0, room[:, None] / np.maximum(self._weight, 1e-12), np.inf
        ).min(axis=0)
        return np.asarray(np.minimum(np.floor(each), self._upper - replicas))

    def _decide_anew(self, best: NearbySetup) -> NearbySetup | None:
        """The setup that a dive ends in where a few LLMs are decided anew."""
        low, high, point = self._free_some_llms(best)
        return self._dive(point, low, high, best.loss + WORSE * self.state.tolerance())

    def _free_some_llms(self, best: NearbySetup) -> tuple[np.ndarray, np.ndarray, NodePoint | None]:
        """low, high: (K,) box in which a few LLMs are free, and its point: of the boxes drawn the
        one of least loss; no point where none can hold a better setup.
        """
        every = self._llm.max() + 1
        count = min(int(self._rng.integers(FEWEST_FREE, MOST_FREE + 1)), every)
        low = high = best.replicas.astype(float)
        least: NodePoint | None = None
        for _ in range(self.drawn):
            free = np.isin(self._llm, self._rng.choice(every, count, replace=False))
            box = np.where(free, 0.0, best.replicas), np.where(free, self._upper, best.replicas)
            point = self._solve_box(*box, best.loss - self.better, DIVE_ROUNDS)
            if point is not None and (least is None or point.bound < least.bound):
                (low, high), least = box, point
        return low, high.astype(float), least

    def _dive(
        self, point: NodePoint | None, low: np.ndarray, high: np.ndarray, cutoff: float
    ) -> NearbySetup | None:
        """The setup that fixing a part of the numbers at a time ends in, from a point of a box
        (low, high: (K,), changed on the way); None where it loses as much as the cutoff or more.
        """
        while point is not None:
            chosen = dive_numbers(point.counts, low < high)
            if not chosen.size:
                return self._solve(np.rint(point.counts).astype(int), cutoff)
            point = self._fix_in_dive(point, chosen, low, high, cutoff)
        return None

    def _fix_in_dive(
        self,
        point: NodePoint,
        chosen: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        cutoff: float,
    ) -> NodePoint | None:
        """The point after some numbers were fixed at the nearest whole ones."""
        low[chosen] = high[chosen] = np.rint(point.counts[chosen])
        return self._solve_box(low, high, cutoff, DIVE_ROUNDS)

    # -- the live program --------------------------------------------------------------------------

    def _quality_gap(self) -> float:
        """The gap of quality (0..1 scale) that programs are cut to a share of."""
        return self.state.tolerance()

    def _solve(
        self, replicas: np.ndarray, cutoff: float, rounds: int = ROUNDS
    ) -> NearbySetup | None:
        """A setup (K,) with its value, None where it loses as much as the cutoff or more. rounds:
        solves at most.
        """
        counts = replicas.astype(float)
        point = self._solve_box(counts, counts, cutoff, rounds)
        return None if point is None else NearbySetup(replicas, point)

    def _solve_box(
        self, low: np.ndarray, high: np.ndarray, cutoff: float, rounds: int
    ) -> NodePoint | None:
        if self._program.full:
            self._program = self._build()
        before = self._program.lps
        point = self._program.solve_box(low, high, cutoff, self._quality_gap(), rounds)
        solved = self._program.lps - before
        self._lps += solved
        self.shared.clock.book_solves(solved, self._program.live.columns)
        if point.stop is not StopReason.OPTIMAL:
            return None
        self._near = point.fractions
        return point if point.bound < cutoff else None

    def _build(self) -> NodeProgram:
        state, shared = self.state, self.shared
        options = tuple(self.options.tolist())
        form = shared.formulation(state.goal, options)
        points = {o: shared.points(o) for o in options}
        return NodeProgram(
            form, shared.quality, points, shared.settings(), self._groups, self._near
        )


def dive_numbers(counts: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Numbers (K,) that the next step of a dive fixes: whole ones in use, and a share of the
    others, those nearest to whole; none where all in use are whole.
    """
    used = (counts > WHOLE) & free
    apart = np.abs(counts - np.rint(counts))
    broken = np.flatnonzero(used & (apart > WHOLE))
    if not broken.size:
        return broken
    nearest = broken[np.argsort(apart[broken], kind="stable")]
    first = nearest[: max(int(np.ceil(DIVE_SHARE * broken.size)), 1)]
    return np.concatenate([np.flatnonzero(used & (apart <= WHOLE)), first])
