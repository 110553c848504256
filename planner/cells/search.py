"""The search over cells: bound every setup by cuts of its cases, place the setups that the cuts let
through, and route them case by case.

1. relax   the relaxation of all cases at once; its setup, not whole, gives each case a first cut
2. decide  the master program: whole replicas, each case known by its cuts
3. place   pack the setup, or cut it off (planner.joint.separation)
4. price   every case on the setup: new cuts; a setup that a case cannot run on is cut off
5. route   case by case, where the relaxation on the setup beats the best plan so far

The master's optimum bounds every plan, since every cut holds for every setup. A setup that comes
back is one whose cuts are exact and whose routing is not as good: it is set aside with the value
of its relaxation, which then bounds it.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from models.demand.case_cut import case_cut
from models.demand.master_program import MasterProgram, build_master_program
from models.formulation import GoalKind
from models.nogood import NoGood
from models.packing.first_fit import Packing
from models.packing.spread import spread_over_nodes
from planner.cells.case_pricing import CasePricing
from planner.cells.cell_goal import CellGoal
from planner.cells.cell_loop import CellLoop, CellPoint
from planner.cells.plan_routing import PlanRouting
from planner.joint.separation import place_or_separate
from planner.joint.solver.highs import SolveSettings, StopReason, solve_with_highs

__all__ = ["CellSearch"]

MASTER_GAP = 0.2
"""Part of the gap that a master program may leave."""

ROUNDINGS = 4
"""Times that the relaxation is rounded, each with the cuts that the last one made."""

FIRST_RATES = 1e-9
"""Replicas of the first case's relaxation that count as in use."""

ROUGH = 10.0
"""Times the tolerance of the first case's relaxation."""


@dataclass(kw_only=True)
class CellSearch(CellGoal):
    """One search. masters, nodes: programs solved, and their nodes."""

    masters: int = 0
    nodes: int = 0
    pricing: CasePricing = field(init=False)
    routing: PlanRouting = field(init=False)
    _seen: set[bytes] = field(default_factory=set)
    _joint: CellLoop | None = None
    _aside: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pricing = CasePricing(self)
        self.routing = PlanRouting(self, self.pricing)

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
                self.pricing.price(replicas, spend)
                continue
            packings = self._spread(replicas, placed.packings)
            self._consider(replicas, spend, packings)
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

    def _relax(self) -> CellPoint | None:
        """The relaxation of all cases; None where it has no optimum."""
        model = self.model
        totals = model.demand.rates().sum(axis=0)
        busiest = int(np.argmax(totals))
        settings = self.solve_settings()
        first = CellLoop(
            model, [busiest], self.clock, settings, free_setup=True, options=model.options
        )
        # The busiest case alone says which options are worth a column to begin with.
        point = first.converge(ROUGH * self.first_gap(), rough=True)
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
            point = joint.converge(self.first_gap())
        if isinstance(point, StopReason):
            self.infeasible = point is StopReason.INFEASIBLE
            return None
        self._joint = joint
        self._cut_at_root(joint, point)
        self.tell("relax")
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

    def _converge_joint(self, joint: CellLoop) -> CellPoint | StopReason:
        """The joint relaxation; options enter also where those to begin with serve nothing."""
        point = joint.converge(self.first_gap(), rough=True)
        if point is StopReason.INFEASIBLE and len(joint.options) < len(self.model.options):
            joint.add_options(self.model.options)
            point = joint.converge(self.first_gap(), rough=True)
        return point

    def _decide(self) -> tuple[np.ndarray, dict[int, float]] | None:
        """The best setup that the cuts allow, and what it spends outside; None where there is
        none, or none better than the best plan.
        """
        setup = self._solve_master()
        if setup is None or self.closed():
            return None
        self.tell("decide")
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
            if self.bound is None or self.better(self.bound, bound):
                self.bound = bound

    def _consider(
        self,
        replicas: np.ndarray,
        spend: dict[int, float],
        packings: tuple[Packing, ...],
    ) -> None:
        """Price a placed setup, and route it where that may help; one that comes back is set
        aside.
        """
        key = replicas.tobytes()
        if key in self._seen:
            if self.limits_spend:
                self._consider_with_money(replicas, packings)
            else:
                self._set_aside(replicas, self.pricing.relaxed_value(replicas))
            return
        self._seen.add(key)
        points = self.pricing.price(replicas, spend)
        if points is not None and self._may_beat_best(points):
            self.take(self.routing.route(replicas, packings, points, spend))

    def _may_beat_best(self, points: dict[int, CellPoint]) -> bool:
        """Whether a setup with these relaxations of its cases may give a better plan."""
        if self.by_cost or self.best is None:
            return True
        value = sum(self.pricing.case_value(t, point) for t, point in points.items())
        return value > self.best.value

    def _consider_with_money(self, replicas: np.ndarray, packings: tuple[Packing, ...]) -> None:
        """Where what is spent outside counts a setup may come back for want of money: one program
        of all cases on it says what each spends, and what no plan on it can beat; it is then set
        aside with that.
        """
        point = self._on_setup(replicas, None)
        if isinstance(point, StopReason):
            # Without a value where no routing exists: nothing on this setup bounds anything.
            decided = point is StopReason.INFEASIBLE
            self.pricing.price(replicas, {})
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
        points = self.pricing.price(replicas, spend)
        if points is not None and not isinstance(placed, StopReason):
            self.take(self.routing.route_with_money(replicas, packings, points, spend))
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
