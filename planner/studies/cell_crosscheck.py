"""The cross-check of a plan over classes and cases: what the joint search claims against what the
decomposition claims.

With the plan's setups each case is routed by the decomposition alone. A case of one class is an
instance of one rate: v_t of the plan, v'_t and the bound b'_t of the decomposition; of a case with
lost nodes those of its worst loss. Of several classes in a case each is bounded as if the others
left it what it needs, and there is no v'_t.

Over all setups, V' is the value of the best common setup (of every own setup of a scheduled fleet)
and B' a bound on all of them; V' where every case has one class and loses no node, and money does
not count. With the plan's value v and bound b

    disagree   v_t > b'_t of any class or case; the plan with the better v'_t in the place of v_t
               exceeds b; v > B' or V' > b; one has a plan where the other proves that there is
               none; v is not the weighted mean of its cases; the plan fails the verifier
    agree      not so; every case has v'_t, b'_t is close to it, and B' to V'; or both prove that
               there is no plan
    brackets   not so: b'_t and B' are bounds alone, or wider than the tolerance
    open       the search was stopped before it had a plan

Nothing but the demand is common to both, and the decomposition's weights of cells are its own.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.demand.headroom import demand_with_headroom
from models.demand.requests import Cell, DemandInstance
from models.instance import ObjectiveKind
from planner.cell_solution import CellSolution, RoutedCase
from planner.cells.solve import solve_cells
from planner.decomposition.cell_state import CellState, cell_prompts
from planner.decomposition.common_setup import (
    CommonCell,
    CommonSetup,
    best_common_setup,
    cell_bound_by_relaxation,
    route_cell,
)
from planner.decomposition.enumeration import Setups, TooManySetupsError, enumerate_setups
from planner.decomposition.lagrangian import POINTS, RelaxationTooLargeError
from planner.decomposition.policies import Prompts
from planner.decomposition.routing import MOST_NODES, RoutingResult
from planner.errors import VerificationError
from planner.plans.cells.cells_content import build_cells_plan
from planner.scenario.assemble import LoadResult
from planner.solution import Status
from planner.studies.crosscheck import ROUNDING, CheckVerdict
from planner.studies.decomposition_run import TOLERANCE, DecompositionProgress
from planner.studies.setup_study import setup_study_progress

__all__ = [
    "CaseCheck",
    "CaseCoverage",
    "CellCrossCheck",
    "crosscheck_cell_plans",
    "crosscheck_cells",
]

MOST_BOUNDS = 30_000_000
"""Setups times cells whose bounds are held at once."""


class CaseCoverage(StrEnum):
    """How far the decomposition knows a case on the plan's setup."""

    ROUTED = "routed"
    BOUNDED = "bounded"
    MONEY = "bounded, since money counts"
    EMPTY = "no requests"


@dataclass(frozen=True, kw_only=True)
class CaseCheck:
    """One case on the plan's setup. quality: of the plan; found: of the decomposition; bound: no
    routing is better, -inf: there is none. classes: in the case. All in score units, None where
    there is none.
    """

    case: int
    classes: int
    coverage: CaseCoverage
    verdict: CheckVerdict
    quality: float | None = None
    found: float | None = None
    bound: float | None = None


@dataclass(frozen=True, kw_only=True)
class CellCrossCheck:
    """reasons: sentences, what contradicts what; cases: those of a plan, all of the demand.

    value, bound: weighted quality of the decomposition's best setups (None: see the module), and no
    setups are better (-inf: there is none). setups: what was searched, by setup of the cycle; None
    where there were too many to list. seconds: wall time of the decomposition.
    """

    verdict: CheckVerdict
    reasons: tuple[str, ...]
    cases: tuple[CaseCheck, ...]
    value: float | None
    bound: float
    tolerance: float
    setups: tuple[CommonSetup, ...] | None
    seconds: float

    @property
    def negative(self) -> bool:
        """Whether the two contradict each other."""
        return self.verdict == CheckVerdict.DISAGREE


def crosscheck_cell_plans(
    loaded: LoadResult,
    demand: DemandInstance,
    *,
    progress: Callable[..., None] | None = None,
    cancel: threading.Event | None = None,
) -> tuple[CellSolution, CellCrossCheck]:
    """Plan a demand (that of `loaded`) by joint search, verify the plan, and compare it with the
    decomposition.
    """
    settings = loaded.settings
    solution = solve_cells(demand, settings, progress=progress, cancel=cancel, explain=False)
    check = crosscheck_cells(
        demand, solution, progress=setup_study_progress(progress), cancel=cancel
    )
    try:
        build_cells_plan(loaded, demand, solution, settings, {})
    except VerificationError as error:
        reasons = tuple(f"the joint plan fails the verifier: {one}" for one in error.problems)
        check = replace(check, verdict=CheckVerdict.DISAGREE, reasons=(*check.reasons, *reasons))
    return solution, check


def crosscheck_cells(
    demand: DemandInstance,
    solution: CellSolution,
    *,
    progress: DecompositionProgress | None = None,
    cancel: threading.Event | None = None,
) -> CellCrossCheck:
    """Give the verdict on a solution of the demand, its headroom kept by both."""
    began = time.perf_counter()
    known = _CellDecomposition(demand_with_headroom(demand))
    cases, reasons = known.check_cases(solution)
    value, bound, setups = known.search_setups(solution, progress, cancel)
    reasons += _crosscheck_cell_claims(known, solution, value, bound)
    return CellCrossCheck(
        verdict=_crosscheck_cells_verdict(known, solution, cases, (value, bound), reasons),
        reasons=tuple(reasons),
        cases=tuple(cases),
        value=value,
        bound=bound,
        tolerance=known.tolerance,
        setups=setups,
        seconds=time.perf_counter() - began,
    )


class _CellDecomposition:
    """The decomposition of one demand: weights, prompts and spend tables of every cell."""

    def __init__(self, demand: DemandInstance) -> None:
        self.demand = demand
        self.prompts: list[Prompts] = cell_prompts(demand)
        self.span = max(one.span for one in self.prompts)
        self.tolerance, self.noise = TOLERANCE * self.span, ROUNDING * self.span
        self.quality = demand.instance.objective == ObjectiveKind.QUALITY
        self.money = not self.quality or demand.cost_at_most is not None
        self.states = {(cell.request_class, cell.case): self.state(cell) for cell in demand.cells()}
        parts = {
            (c, t): demand.cases[t].hours * demand.classes[c].weight * state.cell.rate
            for (c, t), state in self.states.items()
        }
        whole = sum(parts.values())
        self.weights = {at: part / whole if whole > 0 else 0.0 for at, part in parts.items()}

    def state(self, cell: Cell, points: int | None = None) -> CellState:
        """Prompts and spend tables of a cell."""
        prompts = self.prompts[cell.request_class]
        if points is None:
            return CellState(self.demand, cell, prompts)
        return CellState(self.demand, cell, prompts, points)

    def classes(self, case: int) -> list[int]:
        """Classes that send requests in a case."""
        return [c for c, t in self.states if t == case]

    def case_weight(self, case: int) -> float:
        """Weight of a case in the objective."""
        return sum(self.weights[c, case] for c in self.classes(case))

    def coverage(self, case: int) -> CaseCoverage:
        """How far a case is known on the plan's setup: another routing of it is a plan of the same
        cost, unless money is minimised or the class may spend it outside in an hour that counts.
        """
        classes = self.classes(case)
        if not classes:
            return CaseCoverage.EMPTY
        if len(classes) > 1:
            return CaseCoverage.BOUNDED
        spends = self.demand.cases[case].hours > 0 and self.states[classes[0], case].outside
        if self.money and (spends or not self.quality):
            return CaseCoverage.MONEY
        return CaseCoverage.ROUTED

    def case_part(self, request_class: int, case: int) -> float:
        """Weight of a class in the quality of a case."""
        parts = {
            c: self.demand.classes[c].weight * self.states[c, case].cell.rate
            for c in self.classes(case)
        }
        return parts[request_class] / sum(parts.values())

    def floor(self, request_class: int, case: int) -> float:
        """Least mean score of a cell: its class's, and its case's where it has no other class."""
        floors = [self.demand.classes[request_class].quality_floor]
        if self.states[request_class, case].exact:
            floors.append(self.demand.cases[case].quality_floor)
        return max((floor for floor in floors if floor is not None), default=-np.inf)

    def check_cases(self, solution: CellSolution) -> tuple[list[CaseCheck], list[str]]:
        """Every case on the plan's setup, and what contradicts the plan."""
        plan = solution.plan
        if plan is None:
            return [], []
        cases, reasons = [], []
        for t in range(len(self.demand.cases)):
            routed = []
            for one in plan.routed:
                if one.case == t and self.classes(t):
                    replicas = (
                        plan.setup_of(t).replicas
                        if one.loss is None
                        else plan.losses[one.loss].kind.survivors
                    )
                    row, problems = self.check_routing(one, replicas)
                    routed.append(row)
                    reasons += problems
            cases.append(_worst_case_check(routed) if routed else self.empty_case(t))
        return self.improved_cases(solution, cases, reasons)

    def empty_case(self, case: int) -> CaseCheck:
        """A case to which nothing is sent."""
        return CaseCheck(
            case=case, classes=0, coverage=CaseCoverage.EMPTY, verdict=CheckVerdict.AGREE
        )

    def check_routing(self, one: RoutedCase, replicas: np.ndarray) -> tuple[CaseCheck, list[str]]:
        """One case, or one loss of its nodes, on the replicas that are left to it."""
        t, reasons, bound = one.case, [], 0.0
        deployed = tuple((int(o), int(replicas[o])) for o in np.flatnonzero(replicas))
        coverage, found = self.coverage(t), None
        for c in self.classes(t):
            state, quality = self.states[c, t], one.settled[c].value
            routed = route_cell(state, deployed, self.tolerance)
            bound += self.case_part(c, t) * routed.bound
            if quality > routed.bound + self.noise:
                reasons.append(self.beyond_bound(c, t, quality, routed))
            if coverage is CaseCoverage.ROUTED:
                found = routed.value
                if found is None or routed.bound - found > 2 * self.tolerance:
                    # One rate for all replicas of an option may need a split of its range.
                    found = route_cell(state, deployed, self.tolerance, MOST_NODES).value
        closed = found is not None and bound - found <= 2 * self.tolerance
        verdict = CheckVerdict.AGREE if closed else CheckVerdict.BRACKETS
        if reasons:
            verdict = CheckVerdict.DISAGREE
        row = CaseCheck(
            case=t,
            classes=len(self.classes(t)),
            coverage=coverage,
            verdict=verdict,
            quality=sum(self.case_part(c, t) * one.settled[c].value for c in self.classes(t)),
            found=found,
            bound=bound,
        )
        return row, reasons

    def beyond_bound(self, c: int, t: int, quality: float, routed: RoutingResult) -> str:
        """A class of the plan above the decomposition's bound on the same replicas."""
        what = f"class {self.demand.classes[c].name} in case {self.demand.cases[t].name}"
        if routed.bound == -np.inf:
            return (
                f"the joint plan serves {what}, and the decomposition proves that its replicas"
                " cannot"
            )
        return (
            f"the joint plan gives {what} quality {quality:.9g}, and the decomposition's bound with"
            f" the same replicas is {routed.bound:.9g}"
        )

    def improved_cases(
        self, solution: CellSolution, cases: list[CaseCheck], reasons: list[str]
    ) -> tuple[list[CaseCheck], list[str]]:
        """What the plan would gain with the decomposition's routings, against its own bound."""
        value, bound = solution.value, solution.bound
        if value is None or bound is None or not self.quality:
            return cases, reasons
        gains = [
            self.case_weight(row.case) * max(row.found - row.quality, 0.0)
            if row.found is not None and row.quality is not None
            else 0.0
            for row in cases
        ]
        if value + sum(gains) <= bound + self.noise:
            return cases, reasons
        worst = int(np.argmax(gains))
        row = cases[worst]
        reasons.append(
            f"the decomposition routes case {self.demand.cases[row.case].name} on the plan's setup"
            f" at {row.found:.9g} instead of {row.quality:.9g}, and the joint search's bound"
            f" {bound:.9g} does not allow it"
        )
        cases[worst] = replace(row, verdict=CheckVerdict.DISAGREE)
        return cases, reasons

    def search_setups(
        self,
        solution: CellSolution,
        progress: DecompositionProgress | None,
        cancel: threading.Event | None,
    ) -> tuple[float | None, float, tuple[CommonSetup, ...] | None]:
        """Value and bound of all setups, and how they were searched."""
        try:
            setups = enumerate_setups(self.demand.instance)
        except TooManySetupsError:
            return None, self.relaxed_bound(progress, cancel), None
        if len(setups) * len(self.states) > MOST_BOUNDS:
            return None, self.relaxed_bound(progress, cancel), None
        found = [
            self.search_common(cases, setups, solution, progress, cancel)
            for cases in self.demand.setups
        ]
        values = [one.value for one in found if one.value is not None]
        value = sum(values) if len(values) == len(found) else None
        return value, sum(one.bound for one in found), tuple(found)

    def search_common(
        self,
        cases: Sequence[int],
        setups: Setups,
        solution: CellSolution,
        progress: DecompositionProgress | None,
        cancel: threading.Event | None,
    ) -> CommonSetup:
        """The best setup of the cases that share one."""
        at = [key for key in self.states if key[1] in cases]
        if not at:
            return CommonSetup(
                value=0.0,
                bound=0.0,
                deployed=(),
                enumerated=len(setups),
                routed_setups=0,
                refused=0,
                complete=True,
            )
        exact = not self.money and all(
            self.states[key].exact and not self.demand.cases[key[1]].loses_nodes for key in at
        )
        target = None if exact else -np.inf
        if not exact and solution.plan is not None:
            target = sum(self.weights[key] * _planned_cell_quality(solution, key) for key in at)
        return best_common_setup(
            self.demand.instance,
            [CommonCell(self.states[key], self.weights[key], self.floor(*key)) for key in at],
            setups,
            tolerance=self.tolerance,
            target=target,
            progress=progress,
            cancel=cancel,
        )

    def relaxed_bound(
        self, progress: DecompositionProgress | None, cancel: threading.Event | None
    ) -> float:
        """A bound on all setups that are too many to list: every cell alone."""
        whole = 0.0
        for k, (key, state) in enumerate(self.states.items()):
            if progress is not None:
                progress("relaxing cases", None, None, k / len(self.states))
            try:
                coarse = self.state(state.cell, POINTS)
                bound = cell_bound_by_relaxation(coarse, self.tolerance, cancel)
            except RelaxationTooLargeError:
                bound = state.prompts.most
            if bound == -np.inf:
                return bound
            whole += self.weights[key] * bound
        return whole


def _worst_case_check(routed: Sequence[CaseCheck]) -> CaseCheck:
    """A case, or the worst of its losses: no plan of the case is better than in any of them."""
    found = [row.found for row in routed if row.found is not None]
    verdicts = {row.verdict for row in routed}
    order = (CheckVerdict.DISAGREE, CheckVerdict.BRACKETS, CheckVerdict.AGREE)
    return replace(
        routed[0],
        verdict=next(verdict for verdict in order if verdict in verdicts),
        quality=min(row.quality for row in routed if row.quality is not None),
        found=min(found) if len(found) == len(routed) else None,
        bound=min(row.bound for row in routed if row.bound is not None),
    )


def _planned_cell_quality(solution: CellSolution, key: tuple[int, int]) -> float:
    """Quality of a cell in the plan; of a case with lost nodes in the loss that counts."""
    plan = solution.plan
    assert plan is not None  # noqa: S101 - asked for where there is one
    routed = [one for one in plan.routed if one.case == key[1]]
    return min(routed, key=lambda one: one.quality).settled[key[0]].value


def _crosscheck_cell_claims(
    known: _CellDecomposition, solution: CellSolution, value: float | None, bound: float
) -> list[str]:
    """Claims on all setups, and of the plan as a whole, that cannot both be true."""
    reasons, plan = [], solution.plan
    if solution.status == Status.INFEASIBLE and value is not None:
        reasons.append(
            "the joint search says that nothing is feasible, and the decomposition has a plan"
        )
    if plan is not None:
        quality = sum(w * _planned_cell_quality(solution, at) for at, w in known.weights.items())
        if abs(quality - plan.quality) > known.noise:
            reasons.append(
                f"the joint plan's quality is {plan.quality:.9g}, and that of its cells, weighted"
                f" by hours, weights and rates, {quality:.9g}"
            )
        if bound == -np.inf:
            reasons.append(
                "the joint search has a plan, and the decomposition proves that there is none"
            )
        elif plan.quality > bound + known.noise:
            reasons.append(
                f"the joint search has a plan of quality {plan.quality:.9g}, and the"
                f" decomposition's bound on all setups is {bound:.9g}"
            )
    claimed = solution.bound if known.quality else None
    if value is not None and claimed is not None and value > claimed + known.noise:
        reasons.append(
            f"the decomposition has a plan of {value:.9g}, and the joint search's bound is"
            f" {claimed:.9g}"
        )
    return reasons


def _crosscheck_cells_verdict(
    known: _CellDecomposition,
    solution: CellSolution,
    cases: Sequence[CaseCheck],
    claims: tuple[float | None, float],
    reasons: Sequence[str],
) -> CheckVerdict:
    """See the module."""
    value, bound = claims
    if reasons:
        return CheckVerdict.DISAGREE
    if solution.status == Status.INFEASIBLE:
        return CheckVerdict.AGREE if bound == -np.inf else CheckVerdict.BRACKETS
    if solution.plan is None:
        return CheckVerdict.OPEN
    closed = value is not None and bound - value <= 2 * known.tolerance
    agreed = all(row.verdict == CheckVerdict.AGREE for row in cases)
    if closed and agreed and solution.status == Status.OPTIMAL:
        return CheckVerdict.AGREE
    return CheckVerdict.BRACKETS
