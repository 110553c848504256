"""The search over cells: bound every setup by cuts of its cases, place the setups that the cuts let
through, and route them case by case.

1. relax   the relaxation of all cases at once; its setup, not whole, gives each case a first cut
2. decide  the master program: whole replicas, each case known by its cuts
3. place   pack the setup, or cut it off (planner.joint.separation)
4. price   every case on the setup, and midway to the relaxation: new cuts; a setup that a case
           cannot run on is cut off
5. route   case by case, where the relaxation on the setup beats the best plan so far

The master's optimum bounds every plan, since every cut holds for every setup. A setup that comes
back is one whose cuts are exact and whose routing is not as good: it is set aside with the value
of its relaxation, which then bounds it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.demand.case_cut import CaseCut, case_cut
from models.demand.demand_model import DemandModel, case_share
from models.demand.master_program import MasterProgram, build_master_program
from models.formulation import GoalKind, pool_prices
from models.instance import ObjectiveKind
from models.nogood import NoGood
from models.packing.first_fit import Packing
from models.packing.spread import spread_over_nodes
from planner.cell_solution import CellPlan, PlanLoss, RoutedCase
from planner.cells.cell_loop import CellLoop, CellPoint
from planner.cells.lane_routing import propose_lanes, route_lanes
from planner.cells.node_losses import TooManyLossesError, loss_kinds, uncovered_losses
from planner.joint.search_state import SearchClock
from planner.joint.separation import place_or_separate
from planner.joint.solver.highs import SolveSettings, StopReason, solve_with_highs
from planner.settings import CLOSE_ENOUGH, FLOOR_SLACK, Settings

__all__ = ["CellSearch", "counted_routings"]

WANTED_GAP = 0.97
"""Part of the gap at which a search ends: a gap that is just closed would hang on rounding."""

PART_OF_GAP = 0.1
"""Part of the gap that the estimates of quality in one program may leave."""

MASTER_GAP = 0.2
"""Part of the gap that a master program may leave."""

ROUNDINGS = 4
"""Times that the relaxation is rounded, each with the cuts that the last one made."""

HALVINGS, MORE_SPEND = 6, (1.1, 2.0, np.inf)
"""Halvings of what is spent outside, and how many times of what the relaxation spends."""

FIRST_RATES = 1e-9
"""Replicas of the first case's relaxation that count as in use."""


@dataclass(kw_only=True)
class CellSearch:
    """One search. best: the best plan; bound: of the objective; infeasible: proved that there is
    no plan.
    """

    model: DemandModel
    clock: SearchClock
    settings: Settings
    report: Callable[[str, float | None, float | None], None] | None = None
    best: CellPlan | None = None
    bound: float | None = None
    infeasible: bool = False
    cuts: list[CaseCut] = field(default_factory=list)
    loops: dict[int, CellLoop] = field(default_factory=dict)
    masters: int = 0
    nodes: int = 0
    notes: list[str] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)
    _joint: CellLoop | None = None
    _aside: list[float] = field(default_factory=list)
    _root: np.ndarray | None = None

    # -- goal --------------------------------------------------------------------------------------

    @property
    def by_cost(self) -> bool:
        """Whether cost is minimised."""
        return self.model.instance.objective == ObjectiveKind.COST

    @property
    def limits_spend(self) -> bool:
        """Whether what is spent outside counts in the search for a setup."""
        demand = self.model.demand
        return bool(demand.outside) and (self.by_cost or demand.cost_at_most is not None)

    def gap(self, part: float = WANTED_GAP) -> float:
        """The absolute gap at which the search is closed; part: of the gap that is set."""
        value = self.best.value if self.best is not None else (self.bound or 0.0)
        least = 0.0 if self.by_cost else CLOSE_ENOUGH * max(q.scale for q in self.model.qualities)
        return max(part * self.settings.rel_gap * abs(value), least)

    def quality_tolerance(self) -> float:
        """What the estimates of quality in a program may be off, score units."""
        if self.by_cost:
            return 0.3 * FLOOR_SLACK * max(q.scale for q in self.model.qualities) * 10
        return PART_OF_GAP * self.gap()

    def closed(self, part: float = WANTED_GAP) -> bool:
        """Whether plan and bound meet, with a part of the gap that is set."""
        if self.best is None or self.bound is None:
            return False
        return abs(self.best.value - self.bound) <= self.gap(part)

    def _better(self, value: float, than: float) -> bool:
        return value < than if self.by_cost else value > than

    # -- steps -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Search until the gap is closed, time is up, or nothing more is learnt."""
        began = time.perf_counter()
        root = self._relax()
        self.clock.spend("relax", began)
        if root is None:
            return
        roundings = 0
        while not self.clock.stopped() and not self.closed():
            setup = self._decide()
            if setup is None:
                break
            # Near the relaxation the first cuts are right, and a good plan then ends most of the
            # search (relaxation induced neighbourhoods, Danna, Rothberg and Le Pape, Math. Program.
            # 102, 2005): the first setups round it.
            rounded = self._solve_master(near=root.replicas) if roundings < ROUNDINGS else None
            roundings += 1
            if rounded is not None and rounded[0].tobytes() not in self._seen:
                setup = rounded
            replicas, spend = setup
            placed = place_or_separate(self.model, replicas, None)
            if not placed.placed and not placed.learnt:
                self._set_aside(replicas, self.bound)
                self.notes.append("a setup whose placement could not be decided was left out")
                continue
            if not placed.placed:
                self._price(replicas, spend)
                continue
            packings = self._spread(replicas, placed.packings)
            self._consider(replicas, spend, packings, midway_too=setup is not rounded)
            if self._loses_nodes and not self.closed():
                self._consider_spread()

    @property
    def _loses_nodes(self) -> bool:
        return any(case.loses_nodes for case in self.model.demand.cases)

    def _spread(self, replicas: np.ndarray, packings: tuple[Packing, ...]) -> tuple[Packing, ...]:
        """The packings, evenly over the nodes of pools that may lose some, where that works."""
        if not self._loses_nodes:
            return packings
        instance, cases = self.model.instance, self.model.demand.cases
        spread = list(packings)
        for p, pool in enumerate(instance.pools):
            if any(case.lost_nodes[p] for case in cases):
                items, room = self.model.items(p, replicas), instance.room(p)
                even = spread_over_nodes(items, pool.nodes, pool.gpus_per_node, room)
                spread[p] = even or spread[p]
        return tuple(spread)

    def _consider_spread(self) -> None:
        """A setup that keeps enough on every node left, by the same cuts."""
        setup = self._solve_master(spread=True)
        if setup is None:
            return
        replicas, spend = setup
        placed = place_or_separate(self.model, replicas, None)
        if placed.placed and replicas.tobytes() not in self._seen:
            self._consider(replicas, spend, self._spread(replicas, placed.packings))

    def _solve_settings(self) -> SolveSettings:
        return SolveSettings(
            threads=self.settings.threads,
            seed=self.settings.seed,
            time_limit=max(self.clock.left(), 0.05),
            cancel=self.clock.cancel,
        )

    def _relax(self) -> CellPoint | None:
        """The relaxation of all cases; None where it has no optimum."""
        model = self.model
        totals = model.demand.rates().sum(axis=0)
        busiest = int(np.argmax(totals))
        settings = self._solve_settings()
        first = CellLoop(
            model, [busiest], self.clock, settings, free_setup=True, options=model.options
        )
        # The busiest case alone says which options are worth a column to begin with.
        point = first.converge(ROUGH * self._first_gap(), rough=True)
        start = (
            model.options
            if isinstance(point, StopReason)
            else np.flatnonzero(point.replicas > FIRST_RATES).tolist()
        )
        joint = first
        if len(totals) > 1 or isinstance(point, StopReason):
            cases = range(totals.size)
            joint = CellLoop(model, cases, self.clock, settings, free_setup=True, options=start)
            point = self._converge_joint(joint)
        else:
            point = joint.converge(self._first_gap())
        if isinstance(point, StopReason):
            self.infeasible = point is StopReason.INFEASIBLE
            return None
        self._root, self._joint = point.replicas, joint
        self._cut_at_root(joint, point)
        self._tell("relax")
        return point

    def _cut_at_root(self, joint: CellLoop, point: CellPoint) -> None:
        """A cut of every case from the duals of the joint relaxation: together they give the
        master its bound, which a case's own duals at the same fractions of replicas need not.
        """
        scale = 1.0
        if self.by_cost:
            # The duals are of USD/h: per unit of quality they are those of the values.
            scale = joint.floor_dual(point)
        for t in range(len(self.model.demand.cases)):
            if not any(self.model.demand.cells(t)):
                continue
            must = not self.model.weights[:, t].sum() > 0
            if must or scale > 0:
                dual = point.row_dual.copy()
                row = joint.layout.cases[t].spend_row
                if row >= 0:
                    # Money has its price in the row of all cases: that of the budget, or of cost.
                    part = self.model.demand.cases[t].hours / self.model.demand.hours
                    dual[row] = -joint.money_dual(point) * part
                dual /= scale if scale > 0 else 1.0
                self.cuts.append(case_cut(self.model, joint.layout, t, dual, must=must))

    def _first_gap(self) -> float:
        """The gap before anything is known, score units."""
        scale = max(q.offset + q.scale for q in self.model.qualities)
        return PART_OF_GAP * self.settings.rel_gap * abs(scale)

    def _converge_joint(self, joint: CellLoop) -> CellPoint | StopReason:
        """The joint relaxation; options enter also where those to begin with serve nothing."""
        point = joint.converge(self._first_gap(), rough=True)
        if point is StopReason.INFEASIBLE and len(joint.options) < len(self.model.options):
            joint.add_options(self.model.options)
            point = joint.converge(self._first_gap(), rough=True)
        return point

    def _decide(self) -> tuple[np.ndarray, dict[int, float]] | None:
        """The best setup that the cuts allow, and what it spends outside; None where there is
        none, or none better than the best plan.
        """
        setup = self._solve_master()
        if setup is None or self.closed():
            return None
        self._tell("decide")
        return setup

    def _solve_master(
        self, *, spread: bool = False, near: np.ndarray | None = None
    ) -> tuple[np.ndarray, dict[int, float]] | None:
        """The master's setup; its bound is taken where it holds for every setup."""
        began = time.perf_counter()
        of = GoalKind.COST if self.by_cost else GoalKind.QUALITY
        program = build_master_program(self.model, self.cuts, of=of, spread=spread, near=near)
        answer = solve_with_highs(
            program.linear,
            SolveSettings(
                threads=self.settings.threads,
                seed=self.settings.seed,
                abs_gap=MASTER_GAP * self.gap(),
                time_limit=max(self.clock.left(), 0.05),
                cancel=self.clock.cancel,
            ),
        )
        self.masters += 1
        self.nodes += answer.nodes
        self.clock.spend("master", began)
        if spread or near is not None:
            return None if answer.x is None else self._read(program, answer.x)
        if answer.stop is StopReason.INFEASIBLE:
            if not self._aside and self.best is None:
                self.infeasible = True
            self._bound_by(None)
            return None
        if np.isfinite(answer.bound):
            self._bound_by(answer.bound)
        return None if answer.x is None else self._read(program, answer.x)

    def _read(self, program: MasterProgram, x: np.ndarray) -> tuple[np.ndarray, dict[int, float]]:
        replicas = np.where(program.replicas >= 0, x[program.replicas], 0.0)
        spend = {t: float(x[column]) for t, column in program.spends.items() if column >= 0}
        return np.rint(replicas).astype(int), spend

    def _bound_by(self, master: float | None) -> None:
        """Take the master's bound (loss; None where nothing else is left), with that of the setups
        set aside.
        """
        sign = 1.0 if self.by_cost else -1.0
        bounds = [sign * master] if master is not None else []
        bounds += self._aside
        if self.best is not None:
            bounds.append(self.best.value)
        if bounds:
            bound = min(bounds) if self.by_cost else max(bounds)
            if self.bound is None or self._better(self.bound, bound):
                self.bound = bound

    def _consider(
        self,
        replicas: np.ndarray,
        spend: dict[int, float],
        packings: tuple[Packing, ...],
        *,
        midway_too: bool = True,
    ) -> None:
        """Price a placed setup, and midway to the relaxation; route it where that may help; one
        that comes back is set aside.
        """
        key = replicas.tobytes()
        if key in self._seen:
            if self.limits_spend:
                self._consider_with_money(replicas, packings)
            else:
                self._set_aside(replicas, self._relaxed_value(replicas))
            return
        self._seen.add(key)
        points = self._price(replicas, spend)
        if self._root is not None and midway_too:
            midway = 0.5 * (replicas + self._root)
            for t in range(len(self.model.demand.cases)):
                if not self.clock.stopped():
                    self._price_case(t, midway, self._spend_limit(spend, t))
        if points is not None and self._may_beat_best(points):
            self._take(self._route(replicas, packings, points, spend))

    def _may_beat_best(self, points: dict[int, CellPoint]) -> bool:
        """Whether a setup with these relaxations of its cases may give a better plan."""
        if self.by_cost or self.best is None:
            return True
        value = sum(self._case_value(t, point) for t, point in points.items())
        return value > self.best.value

    def _take(self, plan: CellPlan | None) -> None:
        """Keep a plan where it is better than the best one."""
        if plan is not None and (self.best is None or self._better(plan.value, self.best.value)):
            self.best = plan
            self._tell("route")

    def _consider_with_money(self, replicas: np.ndarray, packings: tuple[Packing, ...]) -> None:
        """Where what is spent outside counts a setup may come back for want of money: one program
        of all cases on it says what each spends, and what no plan on it can beat; it is then set
        aside with that.
        """
        point = self._on_setup(replicas, None)
        if isinstance(point, StopReason):
            # Without a value where no routing exists: nothing on this setup bounds anything.
            decided = point is StopReason.INFEASIBLE
            self._price(replicas, {})
            self._set_aside(replicas, None if decided else self.bound)
            return
        offset = sum(
            float(w * q.offset)
            for w, q in zip(self.model.weights.sum(axis=1), self.model.qualities, strict=True)
        )
        value = point.loss if self.by_cost else offset - point.loss
        # GPUs of a packing may cost more than a program of fractions says.
        placed = self._on_setup(replicas, packings)
        spend = point.spend if isinstance(placed, StopReason) else placed.spend
        # The solver keeps rows to 1e-7: no budget may be exceeded by that, no case fail by it.
        noise = 1e-6 if self.model.demand.cost_at_most is None else -1e-7
        spend = {t: e * (1 + noise) for t, e in spend.items()}
        points = self._price(replicas, spend)
        if points is not None and not isinstance(placed, StopReason):
            self._take(self._route_with_money(replicas, packings, points, spend))
        self._set_aside(replicas, value)

    def _on_setup(
        self, replicas: np.ndarray, packings: tuple[Packing, ...] | None
    ) -> CellPoint | StopReason:
        """The relaxation of all cases together with the setup given; with the GPUs of its packings,
        or with as few as capacity says.
        """
        joint, instance = self._joint, self.model.instance
        assert joint is not None  # noqa: S101 - the search began with it
        has = joint.layout.replicas >= 0
        joint.add_options(np.flatnonzero(replicas > 0).tolist())
        fixed = replicas[has].astype(float)
        joint.live.set_bounds(joint.layout.replicas[has], fixed, fixed)
        least = np.array([0.0 if packings is None else p.gpus for p in packings or instance.pools])
        most = np.array([float(pool.gpus) for pool in instance.pools])
        joint.live.set_bounds(joint.layout.gpus_used, least, most)
        return joint.converge(self.quality_tolerance())

    def _relaxed_value(self, replicas: np.ndarray) -> float:
        """Value of a setup by the cuts at it, which are exact there."""
        if self.by_cost:
            return self.bound or 0.0
        total = 0.0
        for t in range(len(self.model.demand.cases)):
            own = [cut.at(replicas) for cut in self.cuts if cut.case == t and not cut.must]
            total += min(own) if own else 0.0
        return total

    def _set_aside(self, replicas: np.ndarray, value: float | None) -> None:
        """Bar exactly this setup; value: no plan on it is better."""
        held = np.flatnonzero(replicas > 0).tolist()
        if value is not None:
            self._aside.append(value)
        self.model.no_goods.append(
            NoGood(
                -1,
                tuple((o,) for o in held),
                tuple(int(replicas[o]) for o in held),
                replicas=int(replicas.sum()),
            )
        )

    def _spend_limit(self, spend: dict[int, float], case: int) -> float:
        # What is spent in a case of no hours counts in no budget.
        free = not self.limits_spend or self.model.demand.cases[case].hours == 0
        return np.inf if free else spend.get(case, np.inf)

    def _price(self, replicas: np.ndarray, spend: dict[int, float]) -> dict[int, CellPoint] | None:
        """The relaxation of every case on a setup, with its cut; None where a case fails on it."""
        began = time.perf_counter()
        points: dict[int, CellPoint] = {}
        failed = False
        for t in range(len(self.model.demand.cases)):
            if self.clock.stopped():
                failed = True
                break
            point = self._price_case(t, replicas.astype(float), self._spend_limit(spend, t))
            if point is None or point.missing:
                failed = True
            else:
                points[t] = point
        self.clock.spend("price", began)
        return None if failed else points

    def _price_case(
        self, case: int, replicas: np.ndarray, spend: float, *, cut: bool = True
    ) -> CellPoint | None:
        """One case on a setup (O,): the point, and a cut into the pool."""
        if not any(self.model.demand.cells(case)):
            return _nothing_to_serve(self.model)
        loop = self.loops.get(case)
        if loop is None:
            loop = CellLoop(
                self.model, [case], self.clock, self._solve_settings(), free_setup=False
            )
            self.loops[case] = loop
        loop.set_setup(replicas, {case: spend})
        tolerance = self._case_tolerance(case)
        point = loop.converge(tolerance)
        must = point is StopReason.INFEASIBLE
        if must:
            loop.measure_missing(on=True)
            point = loop.converge(tolerance)
        if cut and not isinstance(point, StopReason):
            self.cuts.append(case_cut(self.model, loop.layout, case, point.row_dual, must=must))
        loop.measure_missing(on=False)
        return None if isinstance(point, StopReason) or must else point

    def _case_tolerance(self, case: int) -> float:
        weight = float(self.model.weights[:, case].sum())
        whole = self.quality_tolerance() if self.bound is not None else self._first_gap()
        return max(whole * max(weight, 1.0 / len(self.model.demand.cases)), 1e-9)

    def _route(
        self,
        replicas: np.ndarray,
        packings: tuple[Packing, ...],
        points: dict[int, CellPoint],
        spend: dict[int, float],
    ) -> CellPlan | None:
        """A plan on a placed setup: every case routed; None where one cannot be, or where the best
        plan cannot be reached any more.
        """
        began = time.perf_counter()
        routed: list[RoutedCase] = []
        losses: list[PlanLoss] = []
        # Cases that count for nothing but must hold come first: most setups that fail, fail there.
        for t in np.argsort(self.model.weights.sum(axis=0), kind="stable").tolist():
            most = self._spend_limit(spend, t)
            if self.model.demand.cases[t].loses_nodes:
                held = self._route_losses(t, replicas, packings, most, losses)
            else:
                one = self._route_case(t, replicas, points[t], most)
                held = None if one is None else [one]
            if held is None:
                self.clock.spend("route", began)
                return None
            routed += held
        self.clock.spend("route", began)
        return self._plan(replicas, packings, tuple(routed), tuple(losses))

    def _route_losses(
        self,
        case: int,
        replicas: np.ndarray,
        packings: tuple[Packing, ...],
        most_spend: float,
        losses: list[PlanLoss],
    ) -> list[RoutedCase] | None:
        """A routing of every largest loss of a case, all its kinds appended to `losses`; None
        where one breaks it.
        """
        try:
            kinds = loss_kinds(self.model.demand, case, packings, replicas)
        except TooManyLossesError as error:
            self.notes.append(error.words(self.model.demand))
            return None
        kept, covering = uncovered_losses(kinds)
        first, routed = len(losses), []
        share = case_share(self.model.demand, case)
        for k in kept:
            survivors = kinds[k].survivors
            counted = np.divide(survivors, share, out=np.zeros(share.size), where=share > 0)
            # What survives, divided by K_o, is a setup like any other to the case's cuts: where a
            # loss breaks the case, the master learns why.
            point = self._price_case(case, counted, most_spend)
            one = None if point is None else self._route_case(case, survivors, point, most_spend)
            if one is None:
                return None
            routed.append(replace(one, loss=first + k))
        losses += [
            PlanLoss(case, kind, None if covering[k] == k else first + covering[k])
            for k, kind in enumerate(kinds)
        ]
        return routed

    def evaluate(
        self, replicas: np.ndarray, packings: tuple[Packing, ...]
    ) -> tuple[CellPlan | None, tuple[int, ...]]:
        """A placed setup, replicas (O,), with every case routed as well as can be; or None and the
        positions of the cases that it cannot serve within their limits.
        """
        demand = self.model.demand
        spend = self._divided_spend(replicas, packings) if self.limits_spend else {}
        broken: list[int] = []
        routed: list[RoutedCase] = []
        losses: list[PlanLoss] = []
        for t, case in enumerate(demand.cases):
            most = self._spend_limit(spend, t)
            held: list[RoutedCase] | None = None
            if case.loses_nodes:
                held = self._route_losses(t, replicas, packings, most, losses)
            else:
                point = self._price_case(t, replicas.astype(float), most, cut=False)
                one = None if point is None else self._route_case(t, replicas, point, most)
                held = None if one is None else [one]
            if held is None:
                broken.append(t)
            else:
                routed += held
        if broken:
            return None, tuple(broken)
        return self._plan(replicas, packings, tuple(routed), tuple(losses)), ()

    def _divided_spend(
        self, replicas: np.ndarray, packings: tuple[Packing, ...]
    ) -> dict[int, float]:
        """What every case had best spend outside on a placed setup (O,), USD/h, by the relaxation
        of all cases with the setup fixed.
        """
        cases = range(len(self.model.demand.cases))
        used = np.flatnonzero(replicas > 0).tolist()
        joint = CellLoop(
            self.model, cases, self.clock, self._solve_settings(), free_setup=True, options=used
        )
        joint.fix_setup(replicas, [packing.gpus for packing in packings])
        point = joint.converge(self._first_gap())
        return {} if isinstance(point, StopReason) else point.spend

    def route_survivors(
        self, case: int, survivors: np.ndarray, counted: np.ndarray
    ) -> tuple[float | None, float | None]:
        """Quality of a case (score units) on what is left of a setup, or, where that cannot serve
        it, the largest share of its requests that can be served; None and None where neither is
        known.

        survivors: (O,) replicas. counted: the same, divided by K_o.
        """
        point = self._price_case(case, counted, np.inf, cut=False)
        if point is not None:
            one = self._route_case(case, survivors, point, np.inf)
            return (None if one is None else one.quality), None
        if self.clock.stopped():
            return None, None
        loop = self.loops[case]
        loop.measure_missing(on=True)
        missing = loop.converge(self._case_tolerance(case))
        loop.measure_missing(on=False)
        if isinstance(missing, StopReason):
            return None, None
        rates = np.array([one.cell.rate for one in loop.layout.cells])
        left_out = float(rates @ np.array(missing.unserved)) / float(rates.sum())
        return None, 1.0 - left_out

    def _route_case(
        self, case: int, replicas: np.ndarray, point: CellPoint, most_spend: float
    ) -> RoutedCase | None:
        """The best routing of one case over the ways to divide a setup into lanes."""
        model, best = self.model, None
        enough = 2.0 * self._case_tolerance(case)
        cells = [cell.request_class for cell in model.demand.cells(case)]
        for shapes in propose_lanes(model, case, replicas, point, cells):
            if self.clock.stopped():
                return None
            one = route_lanes(
                model,
                case,
                shapes,
                most_spend,
                self.clock,
                self._solve_settings(),
                self._case_tolerance(case),
            )
            if one is not None and (best is None or one.quality > best.quality):
                best = one
            # No division into lanes is better than the relaxation of the case.
            if best is not None and best.value >= self._case_value(case, point) - enough:
                break
        return best

    def _case_value(self, case: int, point: CellPoint) -> float:
        """Weighted quality of a case's cells at an optimum of its relaxation, score units."""
        model = self.model
        offset = sum(
            float(model.weights[c, case]) * quality.offset
            for c, quality in enumerate(model.qualities)
        )
        return offset - point.loss

    def _route_with_money(
        self,
        replicas: np.ndarray,
        packings: tuple[Packing, ...],
        points: dict[int, CellPoint],
        spend: dict[int, float],
    ) -> CellPlan | None:
        """A plan that spends what the relaxation says outside; where no lanes serve every case, or
        reach the mean floor, with that, one that spends more.
        """
        # What cases of hours 0 spend counts for nothing.
        counted = {t: e for t, e in spend.items() if self.model.demand.cases[t].hours > 0}
        plan = self._route(replicas, packings, points, counted)
        if plan is not None:
            return plan
        if not self.by_cost:
            tries = ({t: e * more for t, e in counted.items()} for more in MORE_SPEND)
            plans = (self._route(replicas, packings, points, one) for one in tries)
            return next((one for one in plans if one is not None), None)
        # What is spent most counts: a plan of the highest quality, then halfway back.
        best = self._route(replicas, packings, points, {})
        if best is None:
            return None
        most = {one.case: one.spend for one in counted_routings(best.routed)}
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            part = 0.5 * (low + high)
            between = {t: e + part * (most.get(t, e) - e) for t, e in counted.items()}
            plan = self._route(replicas, packings, points, between)
            if plan is None:
                low = part
            else:
                high = part
                best = plan if self._better(plan.value, best.value) else best
        return best

    def _plan(
        self,
        replicas: np.ndarray,
        packings: tuple[Packing, ...],
        routed: tuple[RoutedCase, ...],
        losses: tuple[PlanLoss, ...],
    ) -> CellPlan | None:
        """The plan with its value; None where it misses the mean floor or the budget."""
        demand = self.model.demand
        counted = counted_routings(routed)
        quality = sum(one.value for one in counted)
        gpus = [packing.gpus for packing in packings]
        price = pool_prices(demand.instance)
        gpus_cost = float(sum(p * g for p, g in zip(price, gpus, strict=True)))
        outside = sum(demand.cases[one.case].hours / demand.hours * one.spend for one in counted)
        floor = demand.instance.quality_floor
        if floor is not None and quality < floor - FLOOR_SLACK:
            return None
        cost = gpus_cost + outside
        if demand.cost_at_most is not None and cost > demand.cost_at_most * (1 + 1e-9):
            return None
        return CellPlan(
            value=cost if self.by_cost else quality,
            quality=quality,
            replicas=replicas,
            packings=packings,
            routed=routed,
            losses=losses,
            gpus=sum(gpus),
            gpus_cost=gpus_cost,
            outside_cost=float(outside),
        )

    def _tell(self, phase: str) -> None:
        if self.report is not None:
            self.report(phase, None if self.best is None else self.best.value, self.bound)


ROUGH = 10.0
"""Times the tolerance of the first case's relaxation."""


def counted_routings(routed: Sequence[RoutedCase]) -> list[RoutedCase]:
    """Of every case the routing whose quality counts: of a loss the worst."""
    worst: dict[int, RoutedCase] = {}
    for one in routed:
        if one.case not in worst or one.quality < worst[one.case].quality:
            worst[one.case] = one
    return [worst[t] for t in sorted(worst)]


def _nothing_to_serve(model: DemandModel) -> CellPoint:
    """The point of a case without requests."""
    none = np.zeros((len(model.instance.options), 0))
    return CellPoint(
        loss=0.0,
        estimates=(),
        outside=(),
        fractions=(),
        replicas=np.zeros(len(model.instance.options)),
        spend={},
        time=none,
        loads=none,
        row_dual=np.zeros(0),
        column_dual=np.zeros(0),
        missing=False,
    )
