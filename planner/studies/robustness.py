"""The smallest headroom with which a plan keeps its SLOs when requests arrive in bursts.

A replay is one run of `planner.operation.simulation` at the stated rate, against the stated limits.
A plan is robust when at least KEPT of the REPLAYS replays keep every SLO. Of two headrooms,

    headroom.rate_pct   plan for more requests than are stated
    headroom.slo_pct    plan with tighter limits

each is raised alone from what the scenario states, in whole per cent: in steps that double until
the plan is robust or there is none, then halved. More headroom is taken to be more robust; that is
how it is as a rule, and the plan that is returned was itself replayed. The better plan of the two
is the result; what it costs is the difference to the plan without the raise.

All replays of all plans use the same numbers of runs and so, as far as routing is alike, the same
arrivals: two plans differ by what differs.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from models.instance import ObjectiveKind
from models.quality import Quality
from planner.errors import DataError
from planner.joint import solve as joint
from planner.operation.simulation import Engine, ReplayablePlan
from planner.operation.simulation_outcomes import Demand, slo_in_one_run
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import LoadResult
from planner.settings import Progress, Settings
from planner.solution import Solution
from planner.studies.study_processes import run_study_processes
from profiles.io.faults import Fault

__all__ = ["KEPT", "REPLAYS", "RobustPlan", "Robustness", "plan_robustly", "replay_in_part"]

REPLAYS = 40
KEPT = 0.95
MOST = {"rate_pct": 400, "slo_pct": 95}
"""Headroom that is tried at most, per cent."""
FIRST_STEP = 4
TOGETHER = 4
"""Replays of a part, whose router and replicas are made once. One in ten of all: of a plan that is
not robust that many are enough, or three more than needed.
"""


@dataclass(frozen=True, kw_only=True)
class RobustPlan:
    """A plan with a headroom. key: of `headroom`; percent: its value; kept: share of the replays
    that keep every SLO, 0..1. solution: of the scenario with that headroom.
    """

    key: str
    percent: float
    kept: float
    solution: Solution


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """without: the plan with the headroom that the scenario states (None: it has none); robust: the
    plan with the smallest headroom, None where no headroom was enough; tried: plans made.
    """

    without: RobustPlan | None
    robust: RobustPlan | None
    tried: int
    seconds: float
    interrupted: bool = False


def plan_robustly(
    loaded: LoadResult,
    settings: Settings,
    demand: Demand,
    *,
    engine: Engine | None = None,
    jobs: int = 1,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Robustness:
    """Search for the smallest headroom.

    demand: how requests arrive; its seconds are those of one replay. jobs: processes that replay, 0
    = one per core, 1 = this one; on a cluster as it has workers. Cancelled, the best so far.
    DataError where the scenario has no SLO, or one that cannot be simulated.
    """
    if not loaded.instance.slos:
        fix = "state an SLO, or leave --robust-to away"
        raise DataError([Fault(loaded.scenario.spec.name, "slo", "", "there is none to keep", fix)])
    return _RobustSearch(loaded, settings, (demand, engine, jobs), progress, cancel).run()


def replay_in_part(
    source: PlanAndScenario,
    engine: Engine | None,
    demand: Demand,
    numbers: Sequence[int],
    cancel: threading.Event | None = None,
) -> list[list[float | None]]:
    """Figures of every SLO in some replays of a plan, by their numbers."""
    replayable, slos = ReplayablePlan(source, engine), source.loaded.instance.slos
    figures = []
    for number in numbers:
        if cancel is not None and cancel.is_set():
            break
        run = replayable.run(demand, number)
        figures.append([slo_in_one_run(slo, run) for slo in slos])
    return figures


class _RobustSearch:
    """Plans with more and more headroom, each replayed."""

    def __init__(
        self,
        loaded: LoadResult,
        settings: Settings,
        replays: tuple[Demand, Engine | None, int],
        progress: Callable[[Progress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self.loaded, self.settings = loaded, settings
        self.demand, self.engine, self.jobs = replays
        self.progress, self.cancel = progress, cancel
        self.quality = Quality(loaded.instance.scores)
        self.began, self.tried = time.perf_counter(), 0

    def run(self) -> Robustness:
        """Both headrooms, the better plan."""
        without = self._plan("rate_pct", self._stated("rate_pct"))
        robust = None
        if without is not None and not self._robust(without):
            found = [self._smallest(key, without) for key in MOST]
            robust = max((one for one in found if one), key=self._worth, default=None)
        elif without is not None:
            robust = without
        return Robustness(
            without=without,
            robust=robust,
            tried=self.tried,
            seconds=time.perf_counter() - self.began,
            interrupted=self._stopped(),
        )

    def _smallest(self, key: str, without: RobustPlan) -> RobustPlan | None:
        """The plan with the smallest headroom of one kind that is robust; None where none is."""
        low, high, best = self._stated(key), None, None
        for percent in self._doubling(key, low):
            plan = self._plan(key, percent)
            if plan is None or self._robust(plan):
                high, best = percent, plan
                break
            low = percent
        while high is not None and high - low > 1 and not self._stopped():
            middle = float(round((low + high) / 2))
            plan = self._plan(key, middle)
            if plan is not None and self._robust(plan):
                high, best = middle, plan
            elif plan is None and best is None:
                # Too much headroom: a robust plan, if any, has less.
                high = middle
            else:
                low = middle
        return best

    def _doubling(self, key: str, stated: float) -> Iterator[float]:
        """Headrooms to try, per cent, up to the most."""
        step = float(FIRST_STEP)
        while not self._stopped():
            percent = min(float(round(stated)) + step, float(MOST[key]))
            yield percent
            if percent >= MOST[key]:
                return
            step *= 2

    def _plan(self, key: str, percent: float) -> RobustPlan | None:
        """Plan with one headroom and replay; None where there is no plan."""
        loaded = self.loaded
        if percent != self._stated(key):
            part = {key.removesuffix("_pct"): percent / 100}
            headroom = replace(loaded.instance.headroom, **part)
            loaded = replace(loaded, instance=replace(loaded.instance, headroom=headroom))
        self.tried += 1
        self._report(f"planning with {percent:g} % for {key}")
        solution = joint.solve_joint(
            loaded.instance, self.settings, cancel=self.cancel, quality=self.quality, explain=False
        )
        if not solution.has_plan:
            return None
        source = PlanAndScenario(build_plan_content(loaded, solution, self.settings, {}), loaded)
        kept = self._kept(source, full=self.tried == 1)
        return RobustPlan(key=key, percent=percent, kept=kept, solution=solution)

    def _kept(self, source: PlanAndScenario, *, full: bool) -> float:
        """Share of the replays that keep every SLO. full: also of a plan that is not robust, of
        which else the replays end with the first that is one too many.
        """
        slos, missed, kept = source.loaded.instance.slos, 0, 0
        parts = [
            (source, self.engine, self.demand, tuple(range(first, min(first + TOGETHER, REPLAYS))))
            for first in range(0, REPLAYS, TOGETHER)
        ]
        # What is not replayed does not count as kept.
        for replays in run_study_processes(
            replay_in_part, parts, jobs=self.jobs, cancel=self.cancel
        ):
            for figures in replays:
                self._refuse_unknown(figures)
                late = any(
                    figure > slo.limit
                    for figure, slo in zip(figures, slos, strict=True)
                    if figure is not None
                )
                missed, kept = missed + late, kept + (not late)
            if missed > (1 - KEPT) * REPLAYS and not full:
                break
        return kept / REPLAYS

    def _refuse_unknown(self, figures: list[float | None]) -> None:
        """DataError where an SLO cannot be simulated."""
        faults = [
            Fault(
                self.loaded.scenario.spec.name,
                f"slo.{k}",
                "",
                f"it cannot be simulated: no mean {slo.metric.upper()} is profiled",
                f"profile {slo.metric}_mean_ms, or leave --robust-to away",
            )
            for k, (slo, figure) in enumerate(zip(self.loaded.instance.slos, figures, strict=True))
            if figure is None
        ]
        if faults:
            raise DataError(faults)

    def _robust(self, plan: RobustPlan) -> bool:
        return plan.kept >= KEPT

    def _worth(self, plan: RobustPlan) -> float:
        """What is larger for the better plan."""
        value = float(plan.solution.value or 0.0)
        return value if self.loaded.instance.objective == ObjectiveKind.QUALITY else -value

    def _stated(self, key: str) -> float:
        return float(getattr(self.loaded.scenario.spec.headroom, key))

    def _stopped(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def _report(self, phase: str) -> None:
        if self.progress is not None:
            self.progress(Progress(time.perf_counter() - self.began, phase))
