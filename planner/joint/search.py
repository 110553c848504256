"""The search for one goal: bound from one side by relaxation and mixed-integer programs, plans from
the other by packing and exact routing.

    relax       linear relaxation with quality cuts and refined curves: a bound, and what one
                replica of each option would lose; rounded to a first plan, and where that leaves a
                gap and LLMs run parts of replicas, cut again over open LLMs (root_relaxation)
    decide      the mixed-integer program over the promising options; its dual bound, joined with
                the loss of the options left out, bounds the true problem, because cuts and curves
                in it never under-rate a plan                              (restricted_milp)
    branch      with few LLMs, where a program leaves a gap: a tree over the live relaxation, cut at
                every node                                                 (tree.branch_and_cut)
    place       exact packing of the replicas; a setup that cannot be placed becomes a row or a
                no-good                                                    (separation)
    route       exact routing of the setup on the raw curves: a plan       (setup_routing)
    refine      where the program was too hopeful at its own answer it gets a cut, a supporting
                line, or a split arm                                       (curve_refinement)

A search for the least cost seeks cheap setups and rules costs out first (costs.cost_steps).

until bound and plan meet: logic-based Benders decomposition (Hooker and Ottosson, Math. Program.
96, 2003), with quality, placement and exact curves as subproblems.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.compiled_program import compile_program
from models.formulation import Goal, GoalKind, fleet_cost
from models.linear import LinearProgram
from models.nogood import NoGood
from models.program import build_program
from planner.joint.costs.cost_floor import reach_cost_floor, skip_impossible_costs
from planner.joint.costs.cost_steps import CostSteps
from planner.joint.programs.capacity_bound import capacity_shortage
from planner.joint.programs.restricted_milp import MilpSolution, RestrictedMilp
from planner.joint.programs.root_relaxation import RootRelaxation, relax_root, tighten_root
from planner.joint.setups.curve_refinement import refine_curve_lines, split_curve_arms
from planner.joint.setups.cut_loop import MANY_LLMS, RelaxationPoint
from planner.joint.setups.goal_state import GoalState, Incumbent
from planner.joint.setups.primal_heuristics import (
    consider_primal,
    consider_thinned_heuristic,
    try_rounding_heuristic,
    try_running_heuristic,
)
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.separation import SetupPlacement, place_or_separate
from planner.joint.solver.highs import StopReason, solve_with_highs
from planner.joint.steps.branching import FLAT_LPS, branch_from_relaxation, programs_before_tree
from planner.joint.steps.neighbourhood import search_neighbourhood
from planner.joint.steps.plunging import plunge_from_relaxation
from planner.joint.steps.smaller_setup import try_smaller_setup
from planner.running_seats import place_near_running_seats, running_seats_cost

FIRST_OPTIONS = 12
"""The first program holds this times (LLMs + 2 pools + 1) options."""

NEIGHBOURS_FIRST = 1
"""Programs that are tried before the neighbourhood of the best plan is searched."""

PROGRAMS_FIRST = 3
"""Programs that are tried before a plunge: easy instances need no more (all four sizes of the
benchmark), and on those a plunge costs more than it finds.
"""

EARLY_CELLS, EARLY_GAP = 1_000_000, 0.1
"""Prompts times LLMs from which on the relaxation of many LLMs takes more than a few seconds; gap
(loss) of the plan made of its first point.
"""

RELAX_SHARE = 0.7
"""Part of the time limit that the relaxation may take before there is a plan."""

TIGHTEN_SHARE = 0.6
"""Part of the time left that opening cuts may take where there is one."""

FIRST_SHARE, LATER_SHARE, LEAST_SHARE = 0.75, 0.3, 1e-4
"""Share of the gap to which programs are solved: at first; times this whenever one brings nothing
new; below the last the search ends.
"""


class Search:
    """One goal on one instance. `run` finds the incumbent and the bound, both as losses.

    Losses are minimised: -quality on the 0..1 scale, USD/h, or lean weight (GPUs, then cost).
    """

    def __init__(
        self,
        shared: SearchState,
        goal: Goal,
        abs_gap: Callable[[float], float],
        incumbent: Incumbent | None = None,
        *,
        enough: float = -np.inf,
        nodes: int | None = None,
    ) -> None:
        """abs_gap: loss -> gap at which the search is closed. incumbent: a plan to begin with.

        enough: a loss that ends the search at once. nodes: a limit of the nodes of each program,
        to be divided by its columns.

        near: fractions (M,) of points that earlier searches know, at which programs hold cuts.
        """
        self.shared, self.nodes = shared, nodes
        self.state = GoalState(
            shared=shared, goal=goal, abs_gap=abs_gap, enough=enough, incumbent=incumbent
        )
        self.relaxation: RootRelaxation | None = None
        self.near: tuple[np.ndarray, ...] = ()
        self._milp: RestrictedMilp | None = None
        self._tried_smaller = self._planned_early = False

    # -- outcome -----------------------------------------------------------------------------------

    @property
    def incumbent(self) -> Incumbent | None:
        """The best plan."""
        return self.state.incumbent

    @property
    def loss(self) -> float:
        """Loss of the best plan, inf without one."""
        return self.state.loss

    @property
    def bound(self) -> float:
        """No plan loses less."""
        return self.state.bound

    @property
    def infeasible(self) -> bool:
        """Whether the programs say that there is no plan; see `confirm_infeasible`."""
        return self.state.infeasible

    def closed(self) -> bool:
        """Whether bound and plan meet, or the plan is good enough."""
        return self.state.closed()

    def confirm_infeasible(self) -> bool:
        """Whether the program over all options is infeasible without presolve and with another
        seed, too.

        One floating-point answer is weak evidence, since rows are kept to 1e-7 only; solves without
        presolve and in another order of branching lean on other rows. Where capacity alone is too
        short, its weights are a proof by themselves.
        """
        shared = self.shared
        options = shared.usable()
        if not options or capacity_shortage(shared) is not None:
            return True
        form = shared.formulation(self.state.goal, options)
        linear = compile_program(build_program(form), form).linear
        for presolve in (False, True):
            settings = shared.settings(
                rel_gap=np.inf,
                time_limit=max(shared.clock.left(), 1.0),
                presolve=presolve,
                nodes=shared.clock.node_limit(linear.cost.size),
            )
            settings.seed += 1
            answer = solve_with_highs(linear, settings)
            shared.clock.book_work(answer.nodes, linear.cost.size)
            if answer.stop is not StopReason.INFEASIBLE:
                return False
        return True

    def last_program(self) -> LinearProgram:
        """The last mixed-integer program, with names; the one over all options where none was
        needed. Only where the state keeps programs.
        """
        if self._milp is not None and self._milp.program is not None:
            return self._milp.program
        form = self.shared.formulation(self.state.goal, self.shared.usable())
        return compile_program(build_program(form), form, named=True).linear

    # -- the loop ----------------------------------------------------------------------------------

    def relax(self) -> None:
        """Solve the root relaxation: bound, promising options, cuts, refined curves."""
        # Where the relaxation takes long, its first point is made a plan, in case that nothing else
        # can be; and without a plan, time is left for one.
        scores, planned = self.shared.instance.scores.values, self.incumbent is not None
        early = scores.size > EARLY_CELLS and scores.shape[0] > MANY_LLMS and not planned
        with self.shared.clock.share(1.0 if planned else RELAX_SHARE):
            self.relaxation = relax_root(self.state, self._plan_early if early else None)

    def nodes_of_first_program(self) -> int:
        """About how many nodes the first program may visit; 0 without a relaxation."""
        if self.relaxation is None or self.nodes is None:
            return 0
        options = RestrictedMilp(self.state, self.relaxation).promising(self._first_options())
        points = sum(rates.size for o in options for rates, _ in self.shared.points(o))
        return self.nodes // (points + len(options))

    def _first_options(self) -> int:
        """Options of the first program."""
        instance = self.shared.instance
        return FIRST_OPTIONS * (len(instance.llms) + 2 * len(instance.pools) + 1)

    def _plan_early(self, point: RelaxationPoint) -> None:
        """A plan from a point of the relaxation, routed to a rough gap."""
        rough = GoalState(shared=self.shared, goal=self.state.goal, abs_gap=lambda _: EARLY_GAP)
        try_rounding_heuristic(rough, point)
        self.state.incumbent = rough.incumbent
        self._planned_early = True

    def run(self) -> None:
        """Search until closed, infeasible or stopped."""
        milp = self._begin()
        if milp is None:
            return
        clock, share = self.shared.clock, FIRST_SHARE
        programs, plunged = 0, False
        options: tuple[int, ...] | None = milp.promising(self._first_options())
        while options is not None and not self.closed() and not clock.stopped():
            solution = milp.solve(options, share * self.state.tolerance())
            if solution.answer.stop is StopReason.INFEASIBLE:
                options = self._after_infeasible(milp, options)
                continue
            excluded = min(milp.excluded_bound(options), self.state.aside_bound)
            self.state.raise_bound(min(solution.answer.bound, excluded))
            if not solution.has_setup:
                if milp.cut_short and not clock.stopped():
                    plunged = plunged or self._plunge(milp)
                    continue
                return
            before = self.loss
            news = self._learn(milp, options, solution)
            if self.closed():
                return
            grown = self._next_options(milp, options, excluded)
            news |= len(grown) > len(options)
            options = grown
            programs += 1
            if not plunged and (milp.cut_short or programs == self._programs_first()):
                plunged = self._plunge(milp)
            if self.loss < before:
                continue
            # Nothing more can be learnt from a program that stops at its limit of nodes, and from
            # one that is solved to a ten-thousandth of the gap.
            limited = solution.answer.stop is StopReason.NODES and not milp.cut_short
            if limited or (not news and share < LEAST_SHARE):
                return
            share *= 1.0 if news else LATER_SHARE

    def _programs_first(self) -> int:
        """Programs that are tried before a plunge or a tree."""
        if self.state.goal == Goal(of=GoalKind.QUALITY):
            return programs_before_tree(self.state) or NEIGHBOURS_FIRST
        return PROGRAMS_FIRST

    def _plunge(self, milp: RestrictedMilp) -> bool:
        """Branch and cut, or plunge from the relaxation, for a goal of quality; True."""
        if programs_before_tree(self.state):
            self._branch(milp)
        elif self.state.goal == Goal(of=GoalKind.QUALITY) and self.incumbent is not None:
            search_neighbourhood(self.state, milp)
        elif self.state.goal.of == GoalKind.QUALITY:
            plunge_from_relaxation(self.state, milp.relaxation)
        return True

    def _branch(self, milp: RestrictedMilp) -> None:
        """Branch and cut. Where no bound can rise a tree is but a number of dives: after a few of
        them the neighbourhood of the best plan, then the whole tree.
        """
        if self.state.bounded_by_best_answers():
            branch_from_relaxation(self.state, milp, FLAT_LPS)
            if self.incumbent is not None and not self.closed():
                search_neighbourhood(self.state, milp)
        if not self.closed() and not self.shared.clock.stopped():
            branch_from_relaxation(self.state, milp)

    def _begin(self) -> RestrictedMilp | None:
        """Relaxation and a first plan; None where no program is needed.

        What runs comes first: of equally good plans it stays.
        """
        warm = self.incumbent is None and self.shared.instance.running is not None
        if warm:
            try_running_heuristic(self.state)
        if self.incumbent is None and capacity_shortage(self.shared) is not None:
            self.state.infeasible = True
        elif self.relaxation is None:
            self.relax()
        if self.infeasible or self.relaxation is None:
            return None
        # A plan made before is enough where the time is over: routing and exact prices of another
        # one take two seconds with 100 LLMs on 100,000 GPUs. Who asks to stop does not wait for a
        # first one either.
        clock = self.shared.clock
        again = (self._planned_early or warm) and not clock.stopped()
        if again or (self.incumbent is None and not clock.interrupted()):
            try_rounding_heuristic(self.state, self.relaxation.point)
        # With few LLMs the cuts nearby leave opening cuts little to do: 0.3 s of 1 s for nothing.
        if not (self.relaxation.nearby or self.closed() or self.shared.clock.stopped()):
            self._tighten(self.relaxation)
        skip_impossible_costs(self.state)
        steps: CostSteps | None = None
        if self.state.goal.of == GoalKind.COST and not self.closed():
            steps = CostSteps(self.state, self.relaxation, self._best_quality_within)
            self.near += steps.seek_cheap_setups()
        if self.near:
            nearby = (*self.relaxation.nearby, *self.near)
            self.relaxation = replace(self.relaxation, nearby=nearby)
        self._milp = RestrictedMilp(self.state, self.relaxation, self.nodes)
        if steps is not None and self.incumbent is not None:
            steps.close_cost(self._milp, self._use)
        return self._milp

    def _tighten(self, relaxation: RootRelaxation) -> None:
        """The relaxation with opening cuts, and a plan from its point, which lies nearer to one."""
        with self.shared.clock.share(RELAX_SHARE if self.incumbent is None else TIGHTEN_SHARE):
            self.relaxation = tighten_root(self.state, relaxation)
        interrupted = self.shared.clock.interrupted()
        if self.relaxation is not relaxation and not (self.closed() or interrupted):
            try_rounding_heuristic(self.state, self.relaxation.point)

    def _learn(
        self, milp: RestrictedMilp, options: tuple[int, ...], solution: MilpSolution
    ) -> bool:
        """Take from a program's answer what there is; whether the next program will differ."""
        clock = self.shared.clock
        if clock.interrupted() or (clock.stopped() and self.incumbent is not None):
            # Packing 10,000 GPUs and routing take seconds; only a first plan is worth them now.
            return False
        news = self._use(solution)
        quality = self.state.goal.of == GoalKind.QUALITY
        if self.incumbent is None and quality and not self._tried_smaller:
            self._tried_smaller = True
            try_smaller_setup(self.state, milp, options, solution.setup()[0])
        if milp.cut_short and self.incumbent is not None:
            # The cost of a program that was cut short is not the least that it thinks possible.
            return news
        return news | reach_cost_floor(self.state, solution.answer.value, self._best_quality_within)

    def _after_infeasible(
        self, milp: RestrictedMilp, options: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        """The options of the next program after an infeasible one; None where the search ends."""
        state = self.state
        if self.incumbent is not None and milp.cutoff:
            # The cutoff lies CUTOFF_SLACK from the incumbent, of the size of HiGHS's tolerances:
            # only without it does "infeasible" mean anything.
            milp.cutoff = False
            return options
        excluded = min(milp.excluded_bound(options), state.aside_bound)
        grown = milp.promising(2 * len(options))
        if excluded == np.inf or excluded > self.loss:
            state.infeasible = self.incumbent is None
        elif not set(grown) <= set(options):
            return grown
        state.raise_bound(min(self.loss, excluded))
        return None

    def _next_options(
        self, milp: RestrictedMilp, options: tuple[int, ...], excluded: float
    ) -> tuple[int, ...]:
        """Twice as many options while those left out hold the bound down; else those that can
        still help.
        """
        if excluded < self.loss - self.state.tolerance():
            return milp.promising(2 * len(options))
        if self.incumbent is not None:
            return tuple(o for o in options if milp.may_help(o))
        return options

    def _use(self, solution: MilpSolution) -> bool:
        """Place and route the program's setup, refine the program where it was wrong; whether
        anything was learnt.
        """
        state, shared = self.state, self.shared
        replicas, rates = solution.setup()
        placement = self._place(solution, replicas)
        if placement.placed:
            consider_primal(state, replicas, rates, placement.packings)
            if self._set_moving_aside(solution, replicas, placement):
                return True
        elif state.goal.of == GoalKind.QUALITY:
            consider_thinned_heuristic(state, replicas, rates)
        # The setup is cut off: what it says of curves and quality will not come back.
        if placement.learnt and not placement.placed:
            return True
        cuts = shared.quality.cuts_made
        fractions = solution.fractions()
        if fractions is not None:
            state.price_setup(fractions, replicas)
        began = time.perf_counter()
        refined = bool(refine_curve_lines(shared, replicas, rates))
        refined |= split_curve_arms(shared, replicas, rates)
        shared.clock.spend("refine", began)
        return refined or placement.learnt or shared.quality.cuts_made > cuts

    def _set_moving_aside(
        self, solution: MilpSolution, replicas: np.ndarray, placement: SetupPlacement
    ) -> bool:
        """Set a setup aside that costs more than the program says, since replicas have to move in
        it; whether it was. It would come back, in place of others that cost as much: the search's
        bound remembers the program's.
        """
        state, instance = self.state, self.shared.instance
        if state.goal.of != GoalKind.COST or not instance.prices_changes:
            return False
        packings = place_near_running_seats(instance, placement.packings)
        gpus = [packing.gpus for packing in packings]
        cost = fleet_cost(instance).at(gpus) + running_seats_cost(instance, packings)
        if cost <= solution.answer.value + self.state.tolerance():
            return False
        used = np.flatnonzero(replicas).tolist()
        counts = tuple(int(replicas[o]) for o in used)
        state.aside_bound = min(state.aside_bound, solution.answer.bound)
        state.aside.append(NoGood(0, tuple((o,) for o in used), counts, replicas=sum(counts)))
        return True

    def _place(self, solution: MilpSolution, replicas: np.ndarray) -> SetupPlacement:
        """Pack the program's setup.

        A setup whose packing stays undecided is set aside with all that are at least as large: they
        lose at least the program's bound, which the search's bound remembers.
        """
        state, shared, began = self.state, self.shared, time.perf_counter()
        placement = place_or_separate(shared, replicas, self._limits_of_gpus(solution))
        if placement.undecided and not placement.placed:
            state.aside_bound = min(state.aside_bound, solution.answer.bound)
            for p in placement.undecided:
                items = shared.items(p, replicas)
                members = tuple((item.key,) for item in items)
                state.aside.append(NoGood(p, members, tuple(item.count for item in items)))
            placement = replace(placement, learnt=True)
        shared.clock.spend("placement", began)
        return placement

    def _limits_of_gpus(self, solution: MilpSolution) -> list[int] | None:
        """GPUs of every pool that the program's setup may take; None where any number will do."""
        goal, instance = self.state.goal, self.shared.instance
        if goal.of == GoalKind.GPUS or goal.gpus_in_all is not None:
            return solution.gpus_used()
        if goal.of != GoalKind.COST and goal.cost_at_most is None:
            return None
        # GPUs that are paid for, in use or not, may be in use: the program's number of them says
        # nothing.
        free = fleet_cost(instance).free(instance)
        return [max(used, int(free[p])) for p, used in enumerate(solution.gpus_used())]

    def _best_quality_within(self, cost: float, floor: float) -> GoalState:
        """The search for the best quality at a cost (USD/h), ended as soon as it reaches the floor
        (0..1 scale).
        """
        goal = replace(
            self.state.goal,
            of=GoalKind.QUALITY,
            quality_at_least=None,
            cost_at_most=cost + 1e-9 if np.isfinite(cost) else self.state.goal.cost_at_most,
        )
        inner = Search(
            self.shared, goal, lambda loss: max(1e-7, 0.5 * abs(loss + floor)), enough=-floor
        )
        if self.relaxation is not None:
            inner.near = self.relaxation.nearby
        inner.run()
        return inner.state
