"""Branch and bound over numbers of nodes.

A box holds the numbers from low to high of every pool. Its bound comes from one relaxation, which
also says which numbers are likely; these are tried alone, with everything decided as for a pool of
given nodes, and the rest of the box is divided around them. Boxes of the best bound come first, and
a box whose bound does not beat the best plan by the gap is left: best-first branch and bound (Land
and Doig, Econometrica 28, 1960).

More nodes never make less possible, unless a floor of utilisation counts them: where they do not,
numbers that were proved too few rule out all below them.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from models.demand.node_numbers import Numbers

__all__ = ["NumberSearch", "Relaxed", "Tried"]


@dataclass(frozen=True)
class Relaxed:
    """Of a box. bound: no plan in it loses less. likely: numbers to try first."""

    bound: float
    likely: Numbers


@dataclass(frozen=True)
class Tried:
    """Of numbers that were tried alone. loss: of the plan found, inf without one; bound: no plan
    with them loses less, inf where there is none.
    """

    loss: float
    bound: float


Box = tuple[Numbers, Numbers]
"""Low and high numbers."""


@dataclass(kw_only=True)
class NumberSearch:
    """relax: a box -> its relaxation, None where nothing in it is feasible. solve: numbers -> what
    came of them. gap: loss -> gap at which a box is left. stopped: whether to end now. monotone:
    whether more nodes never make less possible.

    best: the best numbers, with their loss. bound: no plan loses less. tried: in their order.
    """

    relax: Callable[[Numbers, Numbers], Relaxed | None]
    solve: Callable[[Numbers], Tried]
    gap: Callable[[float], float]
    stopped: Callable[[], bool]
    monotone: bool = True
    best: Numbers | None = None
    loss: float = np.inf
    bound: float = -np.inf
    tried: list[Numbers] = field(default_factory=list)
    _left: list[float] = field(default_factory=list)
    _open: list[tuple[float, int, Box, Numbers]] = field(default_factory=list)
    _too_few: list[Numbers] = field(default_factory=list)
    _count: int = 0

    def run(self, low: Numbers, high: Numbers) -> None:
        """Search the box of all numbers."""
        self._push(low, high, -np.inf)
        while self._open and not self.stopped():
            bound, _, (least, most), likely = self._open[0]
            if not self._may_beat(bound):
                break
            heapq.heappop(self._open)
            numbers = {p: min(max(likely[p], least[p]), most[p]) for p in least}
            self._try(numbers, bound)
            for one in _boxes_around(numbers, least, most):
                self._push(*one, bound)
        self.bound = min([self.loss, *self._left, *(one[0] for one in self._open)])

    def _try(self, numbers: Numbers, least: float) -> None:
        """Solve numbers alone; least: the bound of their box."""
        found = self.solve(numbers)
        self.tried.append(numbers)
        self._left.append(max(found.bound, least))
        if found.loss < self.loss:
            self.best, self.loss = numbers, found.loss
        if self.monotone and found.bound == np.inf:
            self._too_few.append(numbers)

    def _may_beat(self, bound: float) -> bool:
        return self.best is None or bound < self.loss - self.gap(self.loss)

    def _push(self, low: Numbers, high: Numbers, bound: float) -> None:
        """Take a box in, unless nothing better is in it; bound: known of it before."""
        if any(all(high[p] <= few[p] for p in high) for few in self._too_few):
            return
        relaxed = self.relax(low, high)
        if relaxed is None:
            return
        bound = max(bound, relaxed.bound)
        if not self._may_beat(bound):
            self._left.append(bound)
            return
        self._count += 1
        heapq.heappush(self._open, (bound, self._count, (low, high), relaxed.likely))


def _boxes_around(numbers: Numbers, low: Numbers, high: Numbers) -> Iterator[Box]:
    """Boxes that hold everything from low to high but the numbers, each once: pool after pool fewer
    and more, those before it as they are.
    """
    least, most = dict(low), dict(high)
    for p, number in numbers.items():
        if low[p] < number:
            yield dict(least), {**most, p: number - 1}
        if number < high[p]:
            yield {**least, p: number + 1}, dict(most)
        least[p] = most[p] = number
