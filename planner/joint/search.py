"""The search for one goal: bound from above by relaxation and mixed-integer programs, plans from
below by packing and polishing.

    relax       linear relaxation with quality cuts and refined curves: a bound, and what one
                replica of each option would lose
    decide      the mixed-integer program over the promising options; its dual bound, joined with
                the loss of the options left out, bounds the true problem, because cuts and curves
                in it never under-rate a plan
    place       exact packing of the replicas; a setup that cannot be placed becomes a no-good
    polish      exact routing of the setup on the raw curves: a plan
    refine      where the program was too hopeful at its own answer it gets a cut, a supporting
                line, or a split arm

until bound and plan meet. Losses are minimised: -quality on the 0..1 scale, USD/h, or lean weight
(GPUs, then cost).
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.formulation import Formulation, Goal, GoalKind, lean_weights, pool_prices, price_step
from models.nogood import NoGood
from models.placement import Packing
from models.program import CompiledProgram, build, compile_program
from models.relaxation import Layout
from planner.joint.curve_refinement import refine_lines, split_arms
from planner.joint.cut_loop import CutLoop, RelaxationPoint
from planner.joint.highs import Answer, StopReason, solve
from planner.joint.primal_heuristics import rounded, thinned
from planner.joint.search_state import Incumbent, SearchState
from planner.joint.separation import add_pattern_rows, place_and_learn, placed, unpacked
from planner.joint.setup_routing import route_setup

KEPT_CUTS, NEWEST_CUTS, KEPT_NEARBY = 80, 20, 2
"""Quality cuts that a mixed-integer program holds: so many, the newest among them and otherwise the
tightest at the relaxation.

KEPT_NEARBY: beside them, the tightest at each of the points around the relaxation.
"""

FIRST_OPTIONS = 12
"""The first program holds this times (LLMs + 2 pools + 1) options."""

FLOOR_SECONDS = 2.0
"""Least time for the question whether a cost reaches the quality floor."""

CUTOFF_SLACK = 1e-6
"""The program may be this much worse than the incumbent: the solver's own tolerance."""

SMALLER = (0.97, 0.94, 0.9, 0.85, 0.75, 0.6)
"""Shares of the pools that could not be packed on which a first plan is sought."""

ROUGH_GAP = 0.002
"""Gap (0..1 scale) of the programs for such a first plan."""

PATTERN_ROUNDS = 8
"""Times that the relaxation is solved again with the capacity rows that it violates."""

QUICK_SECONDS = 8.0
"""A program that is not solved in this time is solved with all of HiGHS's heuristics from then on.
"""

NEARBY_LLMS, NEARBY_CUTS, NEARBY_SPREAD = 6, 32, 0.4
"""Up to so many LLMs, this many cuts are added at fractions scattered (log-normally, with this
sigma) around the relaxation's.
"""


class Search:
    """One goal on one state. `run` finds the incumbent and the bound (both as losses).

    abs_gap: loss -> gap at which the search is closed. enough: a loss that ends it at once. nodes:
    a limit of the nodes of each program, to be divided by its columns.
    """

    def __init__(
        self,
        state: SearchState,
        goal: Goal,
        abs_gap: Callable[[float], float],
        incumbent: Incumbent | None = None,
        enough: float = -np.inf,
        nodes: int | None = None,
    ) -> None:
        self.state, self.goal, self.abs_gap, self.enough, self.nodes = (
            state,
            goal,
            abs_gap,
            enough,
            nodes,
        )
        self.nearby: list[np.ndarray] = []
        self.incumbent = incumbent
        self.bound = -np.inf
        self.relaxed: RelaxationPoint | None = None
        self.form: Formulation | None = None
        self.layout: Layout | None = None
        self.infeasible = False
        self.aside: list[NoGood] = []
        self.aside_bound = np.inf
        self._relax_bound = -np.inf
        self._patient = False
        self._cutoff = True

    # -- outcome -----------------------------------------------------------------------------------

    @property
    def loss(self) -> float:
        """Loss of the incumbent, inf without one."""
        return np.inf if self.incumbent is None else self.incumbent.loss

    def closed(self) -> bool:
        """Whether bound and plan meet, or the plan is good enough."""
        return self.incumbent is not None and (
            self.loss <= self.enough or self.loss - self.bound <= self.abs_gap(self.loss)
        )

    def tolerance(self) -> float:
        """The absolute gap to reach; before there is a plan, that at the bound."""
        return self.abs_gap(self.loss if self.incumbent is not None else self._relax_bound)

    def cut_tolerance(self) -> float:
        """What a cut loop may leave of quality, 0..1 scale."""
        return max(0.05 * self.tolerance(), 1e-8) if self.goal.of == GoalKind.QUALITY else 1e-6

    # -- the loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Search until closed, infeasible or stopped."""
        if self.relaxed is None:
            self.relax()
        if self.infeasible or self.relaxed is None:
            return
        if self.incumbent is None:
            self._try_rounded()
        options = self._promising(
            FIRST_OPTIONS * (len(self.state.instance.llms) + 2 * len(self.state.instance.pools) + 1)
        )
        share, tried = 0.75, False
        while not self.closed() and not self.state.clock.stopped():
            answer, compiled = self._decide(options, share * self.tolerance())
            excluded = min(self._excluded_bound(options), self.aside_bound)
            if answer.stop is StopReason.INFEASIBLE and self.incumbent is not None and self._cutoff:
                self._cutoff = False
                continue
            if answer.stop is StopReason.INFEASIBLE:
                if excluded == np.inf or excluded > self.loss:
                    self.infeasible = self.incumbent is None
                    self._raise_bound(min(self.loss, excluded))
                    return
                grown = self._promising(2 * len(options))
                if set(grown) <= set(options):
                    self._raise_bound(min(self.loss, excluded))
                    return
                options = grown
                continue
            self._raise_bound(min(answer.bound, excluded))
            if answer.x is None:
                if answer.stop is StopReason.TIME and not self.state.clock.stopped():
                    continue
                return
            before = self.loss
            news = self._use(answer, compiled)
            if self.incumbent is None and self.goal.of == GoalKind.QUALITY and not tried:
                tried = True
                self._try_smaller(options, self._read(answer, compiled)[0])
            if (
                self.goal.of == GoalKind.COST
                and not self.closed()
                and self.loss > answer.value + 1e-9
            ):
                news |= self._reach_floor(answer.value)
            if self.closed():
                return
            if excluded < self.loss - self.tolerance():
                grown = self._promising(2 * len(options))
                news |= len(grown) > len(options)
                options = grown
            elif self.incumbent is not None:
                options = tuple(o for o in options if self._may_help(o))
            if answer.stop is StopReason.NODES and not self.loss < before:
                return
            if not news and not self.loss < before:
                if share < 1e-4:
                    return
                share *= 0.3

    def confirm_infeasible(self) -> bool:
        """Whether the program over all options is infeasible without presolve and with another
        seed, too.
        """
        state = self.state
        options = tuple(o for o in state.arms if state.upper[o] >= 1)
        if not options:
            return True
        form = state.formulation(self.goal, options)
        linear = compile_program(build(form), form).linear
        for changes in ({"presolve": False}, {"presolve": True}):
            settings = state.settings(
                rel_gap=np.inf, time_limit=max(state.clock.left(), 1.0), **changes
            )
            settings.seed += 1
            if solve(linear, settings).stop is not StopReason.INFEASIBLE:
                return False
        return True

    def relax(self) -> None:
        """The linear relaxation: bound, promising options, cuts, refined curves, and capacity rows
        that it violates.
        """
        state, began = self.state, time.perf_counter()
        options = tuple(o for o in state.arms if state.upper[o] >= 1)
        for again in range(PATTERN_ROUNDS):
            form = state.formulation(self.goal, options)
            master = CutLoop(
                form, state.quality, {o: self._points(o) for o in options}, state.settings()
            )
            self.form, self.layout = form, master.where
            point = self._converge(master, rough=again == 0)
            state.clock.seconds["highs"] = (
                state.clock.seconds.get("highs", 0.0) + master.live.seconds
            )
            if point is None or state.clock.stopped():
                break
            if not add_pattern_rows(state, point.replicas, range(len(state.instance.pools))):
                break
        self._cut_nearby()
        self._raise_bound(self._relax_bound)
        state.clock.spend("relax", began)
        self._tell("relaxation")

    def _converge(self, master: CutLoop, *, rough: bool) -> RelaxationPoint | None:
        """Cut and refine until the curves are exact where the relaxation runs them; None when it
        has no optimum.
        """
        state = self.state
        for attempt in range(6):
            tolerance = 2e-4 if rough else max(2e-5, 0.03 * min(self.tolerance(), 1.0))
            point = master.converge(
                tolerance, 60, in_out=True, full=not rough, stopped=state.clock.stopped
            )
            if point.stop is not StopReason.OPTIMAL:
                self.infeasible = point.stop is StopReason.INFEASIBLE
                return None
            self.relaxed, self._relax_bound = point, point.loss
            refined = refine_lines(state, point.replicas, point.rates)
            if not rough and (not refined or attempt == 5 or state.clock.stopped()):
                break
            rough = False
            if refined:
                master.replace_points({o: self._points(o) for o in refined})
        return self.relaxed

    def _cut_nearby(self) -> None:
        """Cuts around the relaxation's fractions: with few LLMs the integer optimum lies near, and
        each saves a program.
        """
        state = self.state
        count = len(state.instance.llms)
        if self.relaxed is None or self.goal.of != GoalKind.QUALITY or count > NEARBY_LLMS:
            return
        rng = np.random.default_rng(state.seed)
        prices, _ = state.quality.price(self.relaxed.fractions)
        for spread in rng.normal(0.0, NEARBY_SPREAD, (NEARBY_CUTS, count)):
            fractions = (self.relaxed.fractions + 0.02) * np.exp(spread)
            self.nearby.append(fractions / fractions.sum())
            state.quality.price(self.nearby[-1], prices, full=False)

    def _decide(
        self, options: tuple[int, ...], abs_gap: float, goal: Goal | None = None
    ) -> tuple[Answer, CompiledProgram]:
        """Build and solve the mixed-integer program over some options, for the search's goal or a
        narrower one.
        """
        state, began = self.state, time.perf_counter()
        form = state.formulation(
            goal or self._better(), options, self._reduced_upper(options), self._cuts(), self.aside
        )
        compiled = compile_program(build(form), form)
        now = state.clock.spend("build", began)
        settings = state.settings(
            abs_gap=abs_gap,
            target=self.bound + abs_gap if self.goal.of == GoalKind.QUALITY else -np.inf,
            time_limit=max(
                min(state.clock.left(), state.clock.left() if self._patient else QUICK_SECONDS),
                0.05,
            ),
            quick=not self._patient,
            nodes=None if self.nodes is None else max(self.nodes // compiled.linear.cost.size, 20),
            progress=self._progress,
        )
        answer = solve(compiled.linear, settings)
        state.milp_solves += 1
        state.nodes += answer.nodes
        state.clock.seconds["highs"] = state.clock.seconds.get("highs", 0.0) + answer.seconds
        state.clock.spend("milp", now)
        self._patient |= answer.stop is StopReason.TIME
        if answer.x is not None and answer.bound > answer.value + 1e-6 * max(
            1.0, abs(answer.value)
        ):
            raise ArithmeticError(
                f"HiGHS's bound {answer.bound} is above its own plan {answer.value}"
            )
        return answer, compiled

    def _cuts(self) -> np.ndarray:
        """Positions of the quality cuts that a program holds.

        The tightest at one point alone are all alike once the pool has grown over many solves;
        those around it are what a program needs.
        """
        pool = self.state.quality.cuts
        held = [pool.tightest(self.relaxed.fractions, KEPT_CUTS - NEWEST_CUTS)]  # type: ignore[union-attr]
        if self.incumbent is not None:
            held.append(pool.tightest(self.incumbent.routed.fractions, KEPT_CUTS // 4))
        held += [pool.tightest(near, KEPT_NEARBY) for near in self.nearby]
        held.append(np.arange(max(0, len(pool) - NEWEST_CUTS), len(pool)))
        return np.unique(np.concatenate(held))

    def _try_smaller(self, options: tuple[int, ...], replicas: np.ndarray) -> None:
        """A first plan where packing is what fails: keep part of the pools free that could not be
        packed, more and more.
        """
        instance = self.state.instance
        tight: set[int] = set()
        for share in SMALLER:
            tight |= set(unpacked(self.state, replicas))
            most = tuple(
                min(int(share * k.gpus), k.gpus - 1) if p in tight else k.gpus
                for p, k in enumerate(instance.pools)
            )
            answer, compiled = self._decide(
                options, ROUGH_GAP, replace(self.goal, gpus_at_most=most)
            )
            if answer.x is None or self.state.clock.stopped():
                return
            replicas, rates = self._read(answer, compiled)
            packings = placed(self.state, replicas)
            if packings is not None:
                self._consider(replicas, rates, packings)
            else:
                self._consider_thinned(replicas, rates)
            if self.incumbent is not None:
                return

    def _better(self) -> Goal:
        """The goal with a floor at the incumbent: only better plans are of interest (the incumbent
        itself still fits).

        HiGHS 1.16.0 told wrong values and bounds for programs with a start and presolve (seen on
        programs of three options), so the incumbent is handed over as a bound.
        """
        if self.incumbent is None or not self._cutoff:
            return self.goal
        if self.goal.of == GoalKind.QUALITY:
            return replace(self.goal, quality_at_least=-self.loss - CUTOFF_SLACK)
        if self.goal.of == GoalKind.COST:
            return replace(self.goal, cost_at_most=self.loss + CUTOFF_SLACK)
        return self.goal

    def _use(self, answer: Answer, compiled: CompiledProgram) -> bool:
        """Place and polish the program's setup, refine the program where it was wrong.

        True when it learnt anything.
        """
        state = self.state
        assert answer.x is not None  # noqa: S101 - the caller has looked
        replicas, rates = self._read(answer, compiled)
        began = time.perf_counter()
        packings, learnt = self._place(answer, compiled, replicas)
        state.clock.spend("placement", began)
        if packings is not None:
            self._consider(replicas, rates, packings)
        elif self.goal.of == GoalKind.QUALITY:
            self._consider_thinned(replicas, rates)
        if learnt and packings is None:
            return True
        cuts = len(state.quality.cuts)
        fractions = np.maximum(answer.x[list(compiled.fractions)], 0)
        if fractions.sum() > 0:
            state.quality.price(fractions / fractions.sum())
        began = time.perf_counter()
        refined = bool(refine_lines(state, replicas, rates))
        refined |= split_arms(state, replicas, rates)
        state.clock.spend("refine", began)
        return refined or learnt or len(state.quality.cuts) > cuts

    def _place(
        self, answer: Answer, compiled: CompiledProgram, replicas: np.ndarray
    ) -> tuple[tuple[Packing, ...] | None, bool]:
        """Packings of the program's setup, and whether a no-good was learnt.

        A setup whose packing stays undecided is set aside with all that are at least as large: they
        lose at least the program's bound, which the search's bound remembers.
        """
        state, limits = self.state, None
        if (
            self.goal.of != GoalKind.QUALITY
            or self.goal.cost_at_most is not None
            or self.goal.gpus_in_all is not None
        ):
            used = [0.0 if column < 0 else float(answer.x[column]) for column in compiled.gpus_used]  # type: ignore[index]
            limits = [round(count) for count in used]
        packings, learnt, undecided = place_and_learn(state, replicas, limits)
        if undecided and packings is None:
            self.aside_bound = min(self.aside_bound, answer.bound)
            for p in undecided:
                items = state.items(p, replicas)
                self.aside.append(
                    NoGood(
                        p, tuple((item.key,) for item in items), tuple(item.count for item in items)
                    )
                )
            learnt = True
        return packings, learnt

    def _reach_floor(self, cost: float) -> bool:
        """Settle whether a cost that the program thinks possible reaches the quality floor; True
        when that was learnt.

        Many setups of one cost lie just below the floor, and cutting them off one by one does not
        end: so the best quality within the cost is sought. If it is below the floor, every plan
        costs at least a price step more. If time runs out undecided, dearer plans are sought the
        same way, so that there is one.
        """
        state, floor = self.state, self.goal.quality_at_least
        assert floor is not None  # noqa: S101 - a cost goal has a floor
        deadline = state.clock.deadline
        dearer = 0.0
        while not state.clock.stopped():
            within = cost + dearer
            if within >= self.loss:
                break
            state.clock.deadline = min(
                deadline, time.perf_counter() + max(FLOOR_SECONDS, 0.1 * state.clock.left())
            )
            goal = replace(
                self.goal, of=GoalKind.QUALITY, quality_at_least=None, cost_at_most=within + 1e-9
            )
            inner = Search(
                state, goal, lambda loss: max(1e-7, 0.5 * abs(loss + floor)), enough=-floor
            )
            inner.run()
            state.clock.deadline = deadline
            if inner.incumbent is not None and inner.loss <= -floor:
                found = inner.incumbent
                self.incumbent = (
                    replace(found, loss=found.cost) if found.cost < self.loss else self.incumbent
                )
                self._tell("plan")
                return True
            if inner.infeasible or inner.bound > -floor:
                if dearer == 0.0:
                    step = max(price_step(state.instance), 1e-9)
                    self.goal = replace(self.goal, cost_at_least=cost + 0.999 * step)
                    self._raise_bound(cost + 0.999 * step)
                    return True
            dearer = max(2 * dearer, 0.002 * cost, price_step(state.instance))
        return False

    # -- plans -------------------------------------------------------------------------------------

    def _try_rounded(self) -> None:
        """A first plan: the relaxation, rounded."""
        assert self.relaxed is not None  # noqa: S101 - called after relax
        found = rounded(self.state, self.relaxed)
        if found is None:
            return
        replicas, rates = found
        packings = placed(self.state, replicas)
        if packings is not None:
            self._consider(replicas, rates, packings)
        else:
            self._consider_thinned(replicas, rates)

    def _consider_thinned(self, replicas: np.ndarray, rates: np.ndarray) -> None:
        """What can be placed of a setup that cannot, as a plan."""
        fits = thinned(self.state, replicas)
        if fits is not None:
            fewer, packings = fits
            self._consider(fewer, rates / np.maximum(replicas, 1) * fewer, packings)

    def _consider(
        self, replicas: np.ndarray, rates: np.ndarray, packings: tuple[Packing, ...]
    ) -> None:
        """Polish a placed setup that may be told, and keep it when it is better."""
        if not self._may_be_told(replicas, packings):
            return
        state, began = self.state, time.perf_counter()
        form = state.formulation(Goal(of=GoalKind.QUALITY), tuple(np.flatnonzero(replicas > 0)))
        routed = route_setup(
            form,
            state.quality,
            state.pieces,
            replicas,
            rates,
            state.settings(),
            self.cut_tolerance(),
        )
        now = state.clock.spend("polish", began)
        if routed is None:
            return
        if self.goal.of == GoalKind.QUALITY and -routed.quality >= self.loss - 1e-10:
            refine_lines(state, replicas, routed.rates)
            return
        settled = state.quality.settle(routed.fractions)
        state.clock.spend("cuts", now)
        refine_lines(state, replicas, routed.rates)
        exact = state.quality.from_score(settled.value)
        if self.goal.quality_at_least is not None and exact < self.goal.quality_at_least - 1e-12:
            return
        gpus = sum(packing.gpus for packing in packings)
        price = pool_prices(state.instance)
        cost = float(sum(price[p] * packing.gpus for p, packing in enumerate(packings)))
        if self.goal.cost_at_most is not None and cost > self.goal.cost_at_most:
            return
        weights = lean_weights(state.instance)
        loss = {
            GoalKind.QUALITY: -exact,
            GoalKind.COST: cost,
            GoalKind.GPUS: float(sum(weights[p] * k.gpus for p, k in enumerate(packings))),
        }[self.goal.of]
        if loss < self.loss:
            self.incumbent = Incumbent(loss, routed, packings, settled, gpus, cost)
            self._tell("plan")

    def _may_be_told(self, replicas: np.ndarray, packings: tuple[Packing, ...]) -> bool:
        """Whether a setup keeps the goal's limits of GPUs and changes and no no-good forbids it."""
        goal = self.goal
        if (
            goal.gpus_in_all is not None
            and sum(packing.gpus for packing in packings) > goal.gpus_in_all
        ):
            return False
        if goal.changes is not None and goal.changes.count(replicas) > goal.changes.most:
            return False
        return not any(
            no_good.gpus is None and no_good.forbids(replicas) for no_good in self.state.no_goods
        )

    # -- bookkeeping -------------------------------------------------------------------------------

    def _points(self, o: int) -> list[tuple[np.ndarray, np.ndarray]]:
        return [arm.points() for arm in self.state.arms[o]]

    def _raise_bound(self, bound: float) -> None:
        self.bound = max(self.bound, min(bound, self.loss))

    def _promising(self, count: int) -> tuple[int, ...]:
        """The options whose first replica loses least, those in use first; all that could still
        help when count exceeds them.
        """
        loss = self.relaxed.column_loss  # type: ignore[union-attr]
        may = [o for o in self.state.arms if self.state.upper[o] >= 1 and self._may_help(o)]
        ranked = sorted(may, key=lambda o: (loss[o], o))[:count]
        if self.incumbent is not None:
            ranked += [
                int(o)
                for o in np.flatnonzero(self.incumbent.routed.replicas)
                if int(o) not in ranked
            ]
        return tuple(sorted(ranked))

    def _may_help(self, o: int) -> bool:
        """Whether a plan with this option could still be better than the incumbent by more than the
        gap.
        """
        if self.incumbent is None or self.incumbent.routed.replicas[o] > 0:
            return True
        loss = self.relaxed.column_loss[o]  # type: ignore[union-attr]
        return bool(self._relax_bound + loss < self.loss - 0.5 * self.tolerance())

    def _excluded_bound(self, options: tuple[int, ...]) -> float:
        """A plan that uses an option outside the program loses at least this."""
        inside = set(options)
        loss = self.relaxed.column_loss  # type: ignore[union-attr]
        left_out = [
            loss[o] for o in self.state.arms if self.state.upper[o] >= 1 and o not in inside
        ]
        return self._relax_bound + min(left_out) if left_out else np.inf

    def _reduced_upper(self, options: tuple[int, ...]) -> np.ndarray:
        """Replica limits tightened by reduced costs: what they exclude is no better than the
        incumbent.
        """
        upper = self.state.upper.copy()
        if self.incumbent is None:
            return upper
        room = self.loss - self._relax_bound
        loss = self.relaxed.column_loss  # type: ignore[union-attr]
        for o in options:
            if loss[o] > 0 and room >= 0:
                upper[o] = max(
                    min(upper[o], np.floor(room / loss[o])), self.incumbent.routed.replicas[o]
                )
        return upper

    def _read(self, answer: Answer, compiled: CompiledProgram) -> tuple[np.ndarray, np.ndarray]:
        """Whole replicas (O,) and routed rates (O,) of the program's answer."""
        x = answer.x
        count = len(self.state.instance.options)
        replicas, rates = np.zeros(count, dtype=int), np.zeros(count)
        for o, column in compiled.replicas.items():
            if column >= 0:
                value = float(x[column])  # type: ignore[index]
                if abs(value - round(value)) > 1e-5:
                    raise ArithmeticError(f"replicas of option {o} are not whole: {value}")
                replicas[o] = round(value)
        for (o, _), (columns, at) in compiled.points.items():
            used = columns >= 0
            rates[o] += float(np.maximum(x[columns[used]], 0) @ at[used])  # type: ignore[index]
        rates[replicas == 0] = 0.0
        return replicas, rates

    def _progress(self, value: float, bound: float) -> None:
        self._tell("search", max(bound, self.bound) if np.isfinite(bound) else None)

    def _tell(self, phase: str, bound: float | None = None) -> None:
        if self.state.progress is not None:
            best = None if self.incumbent is None else self.loss
            self.state.progress(
                phase,
                best,
                bound if bound is not None else (self.bound if np.isfinite(self.bound) else None),
            )
