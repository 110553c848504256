"""The search over cells: bound every setup by cuts of its cases, place the setups that the cuts let
through, and route them case by case.

1. relax   the relaxation of all cases at once; its setups, not whole, give each case a first cut
2. decide  the master program: whole replicas, each case known by its cuts
3. place   pack every setup, or cut it off (planner.joint.setups.separation); near the one before it
4. price   every case on its setup: new cuts; setups that a case cannot run on are cut off
5. route   case by case, where the relaxation on the setups beats the best plan so far
6. arms    setups that come back are bounded once more, knowing that classes share loads

A fixed fleet has one setup, a scheduled one a cycle of them. The master's optimum bounds every
plan, since every cut holds for every setup. Setups that come back together are those whose cuts are
exact and whose routing is not as good: they are set aside with the value of their relaxation, or
of arms, which then bounds them.
"""

import time
from dataclasses import dataclass, field, replace

import numpy as np

from models.demand.case_cut import case_cut
from models.demand.master_program import MasterProgram, build_master_program
from models.formulation import GoalKind
from planner.cell_solution import CellPrices
from planner.cells.arm_bound import ArmBound
from planner.cells.case_pricing import CasePricing
from planner.cells.cell_goal import CellGoal
from planner.cells.cell_shadow_prices import cell_shadow_prices
from planner.cells.plan_routing import PlanRouting
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.cells.setup_placement import (
    Packings,
    arrange_setups,
    setup_keeps_limits,
    setups_cost,
)
from planner.joint.setups.separation import place_or_separate
from planner.joint.solver.highs import Answer, SolveSettings, StopReason, solve_with_highs

__all__ = ["CellSearch"]

MASTER_GAP = 0.2
"""Part of the gap that a master program may leave."""

ROUNDINGS = 4
"""Times that the relaxation is rounded, each with the cuts that the last one made."""

ENOUGH = 0.8
"""Part of the gap that the bound of a setup may leave."""

MOST_IN_VAIN = 3
"""Setups whose gap arms may leave open before they are given up: where many setups are as good, all
of them would have to be bounded so.
"""

FIRST_RATES = 1e-9
"""Replicas of the first case's relaxation that count as in use."""

ROUGH = 10.0
"""Times the tolerance of the first case's relaxation."""


@dataclass(kw_only=True)
class CellSearch(CellGoal):
    """One search. masters, nodes: programs solved, and their nodes. most_masters: after these it
    ends, so that its effort hangs on no clock; None: no limit. prices: of the relaxation.
    """

    most_masters: int | None = None
    masters: int = 0
    nodes: int = 0
    prices: CellPrices | None = None
    over_budget: float = 0.0
    pricing: CasePricing = field(init=False)
    routing: PlanRouting = field(init=False)
    arms: ArmBound = field(init=False)
    seen: set[bytes] = field(default_factory=set)
    _joint: CellLoop | None = None
    _root: CellPoint | None = None
    _roundings: int = 0
    _aside: list[float] = field(default_factory=list)
    _arms_in_vain: int = 0

    def __post_init__(self) -> None:
        self.pricing = CasePricing(self)
        self.routing = PlanRouting(self, self.pricing)
        self.arms = ArmBound(self, self.pricing)

    def run(self) -> None:
        """Search until the gap is closed, time is up, or nothing more is learnt; a search that time
        has ended goes on where it was.
        """
        began = time.perf_counter()
        if not any(self.model.demand.cells()):
            self._serve_nothing()
            return
        if self._root is None:
            self._root = self._relax()
            self.clock.spend("relax", began)
            self._try_running()
        while self._root is not None and not self.clock.stopped() and not self.closed():
            if self.most_masters is not None and self.masters >= self.most_masters:
                break
            if not self.decide_and_try():
                break

    def _try_running(self) -> None:
        """What runs as the first plan, where it is one within all limits on setups."""
        model = self.model
        running = [model.running_setup(s) for s in range(len(model.demand.setups))]
        known = [np.array(one.replicas, dtype=int) for one in running if one is not None]
        if self._root is None or len(known) < len(running):
            return
        usable = np.isin(np.arange(model.upper.size), model.options)
        replicas = np.where(usable, np.array(known), 0)
        if all(
            setup_keeps_limits(model.instance, own, model.limit_of_setup(s))
            for s, own in enumerate(replicas)
        ):
            self.try_setups(replicas, {})

    def decide_and_try(self) -> bool:
        """One step; whether there may be another."""
        setups = self._decide()
        if setups is None or self._root is None:
            return False
        self.try_setups(*self._rounded(self._root) or setups)
        return True

    def _rounded(self, root: CellPoint) -> tuple[np.ndarray, dict[int, float]] | None:
        """Setups that round the relaxation, as often as that is done; None where they are known."""
        self._roundings += 1
        if self._roundings > ROUNDINGS:
            return None
        # Near the relaxation the first cuts are right, and a good plan then ends most of the
        # search (relaxation induced neighbourhoods, Danna, Rothberg and Le Pape, Math. Program.
        # 102, 2005): the first setups round it.
        rounded = self._solve_master(near=root.replicas)
        return None if rounded is None or rounded[0].tobytes() in self.seen else rounded

    def try_setups(self, replicas: np.ndarray, spend: dict[int, float]) -> None:
        """Place setups (S, O), price and route them, and those that they lead to."""
        packings = self._place(replicas)
        if packings is None:
            self.pricing.price(replicas, spend)
        elif packings:
            self._consider(replicas, spend, packings)
            if self._loses_nodes and not self.closed():
                self.consider_spread()
            if self.over_budget > 0 and not self.closed():
                self.consider_cheaper()

    def consider_spread(self) -> None:
        """Setups that keep enough on every node left."""
        self._consider_other(self._solve_master(spread=True))

    def consider_cheaper(self) -> None:
        """Setups that leave in the budget what the last ones were above it: packed, they need more
        GPUs, or start more shards, than the master knows.
        """
        most = self.model.demand.cost_at_most
        if most is not None:
            self._consider_other(self._solve_master(most_cost=most - self.over_budget))

    def _serve_nothing(self) -> None:
        """Cases without requests: the fewest GPUs that the limits on setups allow."""
        while not self.clock.stopped() and not self.infeasible and self.best is None:
            setups = self._solve_master(of=GoalKind.GPUS)
            packings = None if setups is None else self._place(setups[0])
            if setups is not None and packings:
                points = self.pricing.price(setups[0], {})
                self.take(self.routing.route(setups[0], packings, points or {}, {}))

    def _place(self, replicas: np.ndarray) -> Packings | None:
        """Setups (S, O) on their GPUs; None where they were cut off; empty, and set aside, where it
        stays open whether they can be placed.
        """
        placed = [place_or_separate(self.model, own, None) for own in replicas]
        if all(one.placed for one in placed):
            return arrange_setups(self.model.demand, replicas, [one.packings for one in placed])
        if any(one.learnt for one in placed):
            return None
        self._set_aside(replicas, self.bound)
        self.notes.append("a setup whose placement could not be decided was left out")
        return ()

    def bound_setups(self) -> np.ndarray | None:
        """Bound all setups without routing one: the relaxation and one master. The master's setups
        (S, O), or the relaxation's, not whole; None where there are none.
        """
        root = self._relax()
        if root is None:
            return None
        setup = self._solve_master()
        return root.replicas if setup is None else setup[0]

    @property
    def _loses_nodes(self) -> bool:
        return any(case.loses_nodes for case in self.model.demand.cases)

    def _consider_other(self, setups: tuple[np.ndarray, dict[int, float]] | None) -> None:
        """Setups of a second master, by the same cuts: those that keep enough on every node left,
        or that cost less.
        """
        if setups is None or setups[0].tobytes() in self.seen:
            return
        packings = self._place(setups[0])
        if packings:
            self._consider(*setups, packings)

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
            else np.flatnonzero((point.replicas > FIRST_RATES).any(axis=0)).tolist()
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
        self.prices = cell_shadow_prices(model, joint, point)
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
        self,
        *,
        of: GoalKind | None = None,
        most_cost: float | None = None,
        spread: bool = False,
        near: np.ndarray | None = None,
    ) -> tuple[np.ndarray, dict[int, float]] | None:
        """The master's setups (S, O); its bound is taken where it holds for all setups."""
        began = time.perf_counter()
        goal = of or (GoalKind.COST if self.by_cost else GoalKind.QUALITY)
        program = build_master_program(
            self.model, self.cuts, of=goal, most_cost=most_cost, spread=spread, near=near
        )
        answer = solve_with_highs(program.linear, self.master_settings())
        self.masters += 1
        self.nodes += answer.nodes
        self.clock.spend("master", began)
        if spread or near is not None or most_cost is not None:
            return None if answer.x is None else self.read_master(program, answer.x)
        if goal is GoalKind.GPUS:
            answer = replace(answer, bound=min(answer.bound, 0.0))
        self.take_bound(answer)
        return None if answer.x is None else self.read_master(program, answer.x)

    def master_settings(self) -> SolveSettings:
        """Of a master program."""
        return replace(self.solve_settings(), abs_gap=MASTER_GAP * self.gap())

    def take_bound(self, answer: Answer) -> None:
        """The bound of a master that holds all setups, but those that are set aside or worse than
        the best plan.
        """
        if answer.stop is StopReason.INFEASIBLE:
            if not self._aside and self.best is None:
                self.infeasible = True
            self._bound_by(None)
        elif np.isfinite(answer.bound):
            self._bound_by(answer.bound)

    def read_master(
        self, program: MasterProgram, x: np.ndarray
    ) -> tuple[np.ndarray, dict[int, float]]:
        """Setups (S, O) of a point, and what each case spends outside."""
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
        packings: Packings,
    ) -> None:
        """Price placed setups, and route them where that may help; what comes back is set aside."""
        key, most = replicas.tobytes(), self.model.demand.cost_at_most
        if most is not None:
            self.over_budget = setups_cost(self.model.demand, packings) - most
        if key in self.seen:
            if self.limits_spend:
                self._consider_with_money(replicas, packings)
            else:
                self._set_aside(replicas, self._value_at_most(replicas))
            return
        self.seen.add(key)
        points = self.pricing.price(replicas, spend)
        if points is None:
            return
        most = sum(self.pricing.case_value(t, point) for t, point in points.items())
        if self.may_beat_best(most):
            self.take(self.routing.route(replicas, packings, points, spend))

    def _value_at_most(self, replicas: np.ndarray) -> float | None:
        """What no plan on setups passes that came back: by the cuts at them, and by arms where
        those help; None where there is no plan on them.
        """
        relaxed = self.pricing.relaxed_value(replicas)
        if self.best is None or self._arms_in_vain >= MOST_IN_VAIN or not self.arms.applies():
            return relaxed
        began = time.perf_counter()
        enough = self.best.value + ENOUGH * self.gap()
        value = self.arms.bound_setup(replicas, enough)
        self.clock.spend("arms", began)
        if value is None:
            return None
        self._arms_in_vain += value > self.best.value + self.gap()
        return min(relaxed, value)

    def _consider_with_money(self, replicas: np.ndarray, packings: Packings) -> None:
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

    def _on_setup(self, replicas: np.ndarray, packings: Packings | None) -> CellPoint | StopReason:
        """The relaxation of all cases together with the setups given; with the GPUs of their
        packings, or with as few as capacity says.
        """
        joint, demand = self._joint, self.model.demand
        assert joint is not None  # noqa: S101 - the search began with it
        if packings is not None:
            self.routing.fix_placed(joint, replicas, packings)
        else:
            joint.fix_setups(replicas, None)
            if demand.cost_at_most is not None:
                joint.set_budget(demand.cost_at_most)
        return joint.converge(self.quality_tolerance())

    def _set_aside(self, replicas: np.ndarray, value: float | None) -> None:
        """Bar exactly these setups; value: no plan on them is better."""
        if value is not None:
            self._aside.append(value)
        self.model.barred.append(replicas)
