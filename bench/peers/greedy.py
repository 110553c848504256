"""Greedy: what people do without a tool, done with care.

1. Start with the cheapest setup that serves everybody: options by their price for each req/s that
   keeps the SLOs, as many as there is room for.
2. Again and again the best change: one more replica of an option, or (where `replace`) a replica
   replaced by one of another option, whichever adds most quality for each GPU (for each USD/h
   where cost is minimised) and can be placed by first fit; all prompts are routed anew for it. A
   change is made with as many replicas at once as take a twelfth of the free GPUs, at the end one
   by one.
3. The end: no change adds anything, or (cost) the floor is reached; then what is not needed for the
   floor is taken away, the dearest first.

Changes are ranked by their gain to first order, the duals of the routing, and of each kind the
first TRIED that can be placed and gain are compared. That is more than people do, and in the
peer's favour.
"""

import dataclasses
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from bench.peers.marginal_routing import MarginalRouting, RoutedMargin
from bench.peers.peer_case import PeerAnswer, PeerCase

TRIED = 6
"""Changes of each kind that add something and are compared in each step."""

LOOKED_AT = 16
"""Changes of each kind that are routed in each step at most."""

LEAST_GAIN = 1e-6
"""Quality (0..1 scale) below which a change adds nothing."""

LEAST_PRICE = 0.05
"""GPUs (or USD/h) that a change which takes none counts as."""

PART = 12
"""A step takes one of so many parts of the free GPUs."""

STALE = 4
"""Rounds without a change that gains, each with the cuts of the one before."""

FLOOR_TRIES = 6
"""Climbs towards a quality floor, each to a target raised by half as much again as the exact
routing of the last one missed the floor by.
"""


@dataclass(frozen=True)
class SetupChange:
    """times replicas more of option `to`, and as many fewer of option `out_of` (-1: of none)."""

    to: int
    out_of: int
    times: int

    def applied(self, replicas: np.ndarray) -> np.ndarray:
        """The setup (O,) after the change."""
        after = replicas.copy()
        after[self.to] += self.times
        if self.out_of >= 0:
            after[self.out_of] -= self.times
        return after


def greedy_plan(case: PeerCase, *, replace: bool) -> PeerAnswer:
    """The plan that greedy changes lead to. replace: whether replicas may be replaced."""
    start = cheapest_start(case)
    routing = MarginalRouting(case)
    routed = routing.tight(start)
    if routed is None:
        return PeerAnswer(None, "no setup to start with serves everybody within the SLOs")
    return _Greedy(case, routing, start, routed, replace=replace).run()


def cheapest_start(case: PeerCase) -> np.ndarray:
    """(O,) replicas that serve all requests, each within the SLOs by itself, cheapest req/s first;
    where there are not enough such replicas, as many as first fit places.
    """
    instance, replicas = case.instance, np.zeros(len(case.instance.options), dtype=int)
    for i, llm in enumerate(instance.llms):
        own = [o for o in case.options if instance.options[o].llm == i]
        for o in sorted(own, key=lambda o: (case.prices[o], o)):
            _take(case, replicas, o, llm.min_replicas - _of_llm(case, replicas, i))
    # What keeps no SLO by itself comes last: it may help where a limit is one over all requests.
    worth = {o: case.prices[o] / case.within[o] if case.within[o] else np.inf for o in case.options}
    for o in sorted(case.options, key=lambda o: (worth[o], case.size[o])):
        short = instance.arrival_rate - float(replicas @ case.within)
        if short > 0:
            most = float(case.state.upper[o])
            enough = np.ceil(short / case.within[o]) if case.within[o] else most
            _take(case, replicas, o, int(min(enough, most)))
    return replicas


def _take(case: PeerCase, replicas: np.ndarray, o: int, wanted: int) -> None:
    """Add replicas of an option, as many of those wanted as its LLM's limit and first fit allow, in
    halving steps: a fleet takes thousands.
    """
    step = wanted
    while step > 0:
        after = replicas.copy()
        after[o] += step
        if _can_have(case, after, o):
            replicas[o] += step
            wanted -= step
            step = min(step, wanted)
        else:
            step //= 2


def _of_llm(case: PeerCase, replicas: np.ndarray, llm: int) -> int:
    return int(replicas[case.llm == llm].sum())


def _keeps_llm_limits(case: PeerCase, replicas: np.ndarray) -> bool:
    count = np.bincount(case.llm, weights=replicas, minlength=len(case.instance.llms))
    return all(
        llm.min_replicas <= n <= (np.inf if llm.max_replicas is None else llm.max_replicas)
        for n, llm in zip(count.tolist(), case.instance.llms, strict=True)
    )


def _can_have(case: PeerCase, replicas: np.ndarray, o: int) -> bool:
    """Whether replicas of an option keep its LLM's limit and are placed by first fit."""
    i, pool = int(case.llm[o]), int(case.pool[o])
    most = case.instance.llms[i].max_replicas
    within = most is None or _of_llm(case, replicas, i) <= most
    return within and _shares_fit(case, replicas, pool) and case.first_fits(replicas, pool)


def _shares_fit(case: PeerCase, replicas: np.ndarray, pool: int) -> bool:
    """Whether the sums of share and memory leave a pool's setup possible."""
    taken = replicas @ np.where((case.pool == pool)[:, None], case.demand, 0.0)
    return bool(np.all(taken <= case.instance.pools[pool].gpus + 1e-9))


class _Greedy:
    """A setup on its way."""

    def __init__(
        self,
        case: PeerCase,
        routing: MarginalRouting,
        replicas: np.ndarray,
        routed: RoutedMargin,
        *,
        replace: bool,
    ) -> None:
        self.case, self.routing, self.replace = case, routing, replace
        self.replicas, self.routed = replicas, routed
        self.steps = 0
        floor = case.instance.quality_floor
        self.target = case.quality.from_score(floor) if case.of_cost and floor else np.inf

    def run(self) -> PeerAnswer:
        """Climb, trim (cost), finish; where the exact floor is missed by a trace, go on."""
        answer = PeerAnswer(None, "no plan in time")
        for _ in range(FLOOR_TRIES):
            self._climb()
            if self.case.of_cost and self.routed.quality < self.target:
                ended = "in time" if self.case.late.is_set() else "by any change"
                return PeerAnswer(None, f"the quality floor is not reached {ended}")
            if self.case.of_cost:
                self._trim()
            answer = self.case.finish(self.replicas, self.routed.rates)
            if not answer.missing or self.case.late.is_set():
                break
            self.target += 1.5 * answer.missing / self.case.quality.scale
        ended = ", cut short" if self.case.late.is_set() else ""
        words = answer.words or f"steps: {self.steps}"
        return dataclasses.replace(answer, words=f"{words}{ended}")

    def _climb(self) -> None:
        """Make the best change until none is left, or the floor is reached."""
        stale = 0
        while stale < STALE and not self.case.late.is_set() and self.routed.quality < self.target:
            best = self._best_change(thorough=stale > 0)
            if best is None:
                # The cuts made meanwhile change what gains to first order: others may come first.
                stale += 1
                routed = self.routing.rough(self.replicas)
                self.routed = self.routed if routed is None else routed
            else:
                self.replicas, self.routed, stale = *best, 0
                self.steps += 1

    def _best_change(self, *, thorough: bool) -> tuple[np.ndarray, RoutedMargin] | None:
        """The setup after the change that adds most for its price, of those tried; lazily, as in
        Minoux' accelerated greedy (1978): the cuts there are over-rate a change, so one whose close
        value is above what the others promise is the best.

        thorough: what cannot be placed does not count as tried (slower, for the last steps).
        """
        waiting: list[tuple[float, int, np.ndarray, RoutedMargin | None]] = []
        for ranked in (self._more(), self._upgrades() if self.replace else []):
            for worth, after in self._promising(ranked, thorough=thorough):
                heappush(waiting, (-worth, len(waiting), after, None))
        while waiting and not self.case.late.is_set():
            _, rank, after, close = heappop(waiting)
            if close is not None:
                return after, close
            if not thorough and not self._placed(after):
                continue
            routed = self.routing.tight(after)
            worth = self._worth(after, routed)
            if worth > 0:
                heappush(waiting, (-worth, rank, after, routed))
        return None

    def _worth(self, after: np.ndarray, routed: RoutedMargin | None) -> float:
        """Quality that a change to a setup adds for its price; 0 where it adds none."""
        gain = 0.0 if routed is None else routed.quality - self.routed.quality
        if gain <= LEAST_GAIN:
            return 0.0
        return gain / max(float((after - self.replicas) @ self.case.prices), LEAST_PRICE)

    def _promising(
        self, ranked: list[SetupChange], *, thorough: bool
    ) -> list[tuple[float, np.ndarray]]:
        """What changes add for their price by the cuts there are, and the setups (O,) after them:
        the first TRIED of a list that add something, among those that may be made.
        """
        found: list[tuple[float, np.ndarray]] = []
        looked = 0
        for change in ranked:
            after = change.applied(self.replicas)
            if not self._allowed(change, after) or (thorough and not self._placed(after)):
                continue
            looked += 1
            worth = self._worth(after, self.routing.rough(after))
            if worth > 0:
                found.append((worth, after))
            if len(found) == TRIED or looked == LOOKED_AT:
                break
        return found

    def _allowed(self, change: SetupChange, after: np.ndarray) -> bool:
        """Whether the limits of the LLMs and the sums of a pool allow a setup (O,)."""
        pool = self.case.instance.options[change.to].pool
        return _shares_fit(self.case, after, pool) and _keeps_llm_limits(self.case, after)

    def _placed(self, after: np.ndarray) -> bool:
        """Whether first fit places a setup (O,), in the pools that a change touches."""
        touched = set(self.case.pool[after > self.replicas].tolist())
        return all(self.case.first_fits(after, pool) for pool in touched)

    def _more(self) -> list[SetupChange]:
        """More replicas of an option that gain to first order, the best for their price first."""
        gains, prices, free = self.routed.gains, self.case.prices, self._free()
        useful = [o for o in self.case.options if gains[o] > LEAST_GAIN]
        useful.sort(key=lambda o: -gains[o] / max(prices[o], LEAST_PRICE))
        return [SetupChange(o, -1, self._times(o, -1, free)) for o in useful]

    def _upgrades(self) -> list[SetupChange]:
        """Replicas replaced by those of another option, ranked in the same way."""
        gains, prices, free = self.routed.gains, self.case.prices, self._free()
        out = np.flatnonzero(self.replicas > 0)
        to = np.array(self.case.options)
        gain = gains[to][:, None] - gains[out]
        worth = gain / np.maximum(prices[to][:, None] - prices[out], LEAST_PRICE)
        worth[(gain <= LEAST_GAIN) | (to[:, None] == out)] = 0.0
        order = np.argsort(-worth, axis=None, kind="stable")[: np.count_nonzero(worth)]
        pairs = [(int(to[k // out.size]), int(out[k % out.size])) for k in order.tolist()]
        return [SetupChange(a, b, self._times(a, b, free)) for a, b in pairs]

    def _free(self) -> np.ndarray:
        """(P,) GPUs that are free by share."""
        pools, weights = self.case.instance.pools, self.replicas * self.case.size
        used = np.bincount(self.case.pool, weights=weights, minlength=len(pools))
        return np.array([pool.gpus for pool in pools]) - used

    def _times(self, to: int, out_of: int, free: np.ndarray) -> int:
        """Replicas of one change."""
        room = float(free[self.case.instance.options[to].pool])
        times = max(int(room / (PART * self.case.size[to])), 1)
        return times if out_of < 0 else min(times, int(self.replicas[out_of]))

    def _trim(self) -> None:
        """Take away what the floor does not need, the dearest replica first."""
        for o in sorted(np.flatnonzero(self.replicas).tolist(), key=lambda o: -self.case.prices[o]):
            times = int(self.replicas[o])
            while times and not self.case.late.is_set():
                fewer = self.replicas.copy()
                fewer[o] -= min(times, int(fewer[o]))
                routed = self.routing.tight(fewer) if _keeps_llm_limits(self.case, fewer) else None
                if (
                    routed is not None
                    and routed.quality >= self.target
                    and fewer[o] < self.replicas[o]
                ):
                    self.replicas, self.routed = fewer, routed
                else:
                    times //= 2
