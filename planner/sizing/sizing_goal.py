"""What both kinds of sizing share: losses and gaps of an objective, time, effort."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from models.demand.node_numbers import Numbers
from models.instance import Instance, ObjectiveKind
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver import highs
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.solution import Effort, Termination

__all__ = ["SizingGoal"]

SHARE, LEAST_SECONDS = 0.5, 1.0
"""Part of the time left that one number of nodes may take, so that an open one does not take all;
and seconds that it may take at least.
"""


@dataclass(kw_only=True)
class SizingGoal:
    """instance: as stated. scale: range of the scores. efforts: of every solve."""

    instance: Instance
    settings: Settings
    clock: SearchClock
    scale: float
    progress: Callable[[Progress], None] | None = None
    efforts: list[Effort] = field(default_factory=list)

    @property
    def sign(self) -> float:
        """Losses are minimised: 1 where cost is, -1 where quality is maximised."""
        return 1.0 if self.instance.objective == ObjectiveKind.COST else -1.0

    def gap(self, loss: float) -> float:
        """The gap that counts as closed at a loss."""
        least = CLOSE_ENOUGH * self.scale if self.sign < 0 else 0.0
        return max(self.settings.rel_gap * max(abs(loss), 1e-9), least)

    def limited(self) -> Settings:
        """Settings of one solve."""
        seconds = max(SHARE * self.clock.left(), LEAST_SECONDS)
        return replace(self.settings, time_limit=min(seconds, max(self.clock.left(), 0.05)))

    def progress_of(self, numbers: Numbers) -> Callable[[Progress], None] | None:
        """Progress of one solve, with the numbers that it is about."""
        report, began = self.progress, self.clock.began
        if report is None:
            return None
        words = self.words(numbers)

        def told(one: Progress) -> None:
            elapsed = time.perf_counter() - began
            report(replace(one, elapsed=elapsed, phase=f"{words}: {one.phase}"))

        return told

    def words(self, numbers: Numbers) -> str:
        """`3 nodes of a100, 1 node of h100`."""
        return ", ".join(
            f"{count} node{'' if count == 1 else 's'} of {self.instance.pools[p].name}"
            for p, count in numbers.items()
        )

    def effort(self, tried: Sequence[Numbers], notes: Sequence[str], *, closed: bool) -> Effort:
        """What all solves have done; notes: of the one that gave the plan."""
        seconds: dict[str, float] = {}
        for one in self.efforts:
            for phase, value in one.seconds.items():
                seconds[phase] = seconds.get(phase, 0.0) + value
        count = len(tried)
        plural = "" if count == 1 else "s"
        return Effort(
            wall=time.perf_counter() - self.clock.began,
            seconds=seconds,
            milp_solves=sum(one.milp_solves for one in self.efforts),
            quality_cuts=max((one.quality_cuts for one in self.efforts), default=0),
            nodes=sum(one.nodes for one in self.efforts),
            work=sum(one.work for one in self.efforts),
            termination=self.clock.termination(closed=closed),
            solver_version=highs.VERSION,
            notes=(*notes, f"{count} number{plural} of nodes tried, all others bounded"),
        )

    def termination_without_plan(self, *, infeasible: bool) -> Termination:
        """Why a search without a plan has ended."""
        return Termination.INFEASIBLE if infeasible else self.clock.termination(closed=False)
