"""The relaxation of a knob's program where quality has a floor: cut until its quality is right.

    cut       at the fractions of its optimum, one cut a round (Kelley): near the best answers a
              hundred are needed, and each is one less for the integer programs to find
    refine    curves get lines at the rates of its optimum
    open      with more than MOST_PLAIN_LLMS, opening cuts (models.openings): a hundredth of a
              replica answers a hundredth of any prompt. Cut at a point half-way to all LLMs open:
              there Newton's method takes a few ms, at parts near zero 90, and a third of the rounds
              is enough

Its value bounds the knob; where the rate moves, the rows that open an LLM say the more the lower
that bound is. 8 LLMs on 96 GPUs with a floor of 99.9 % of the best quality: the largest rate is 441
by cuts that were cut short, 432 by all, 427.5 with opening cuts, and a plan has 425.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from models.compiled_program import CompiledProgram, compile_program
from models.formulation import Formulation, Goal, GoalKind, Knob, KnobKind
from models.openings.opening_cuts import opened_llms, opening_loads
from models.program import build_program
from planner.joint.programs.capacity_bound import LP_NODES
from planner.joint.setups.curve_refinement import refine_curve_lines
from planner.joint.setups.search_state import SearchState
from planner.joint.solver.highs import Answer, StopReason
from planner.joint.solver.live_lp import LiveLp

MOST_PLAIN_LLMS = 6
"""Up to this number of LLMs programs do without opening cuts, as those of a search do."""

ROUNDS, TOLERANCE = 200, 2e-5
"""Cuts of a relaxation at most, and quality (0..1 scale) that they may leave."""

OPENING_ROUNDS, INWARD_ROUNDS, INWARD = 30, 10, 0.5
"""Opening cuts at most; those that are made away from the optimum, and how far: the part of the way
to all LLMs open.
"""

SETUP_ROUNDS = 4
"""Times that curves are refined at the rates of one setup."""

ABOVE = 1e-6
"""Relative distance that the range of a rate keeps from its bound: the solver's tolerance."""


@dataclass(frozen=True)
class KnobPoint:
    """Optimum of a relaxation: the knob's value, fractions and open LLMs (M,), replicas and rates
    (O,). promising: (O,) rate at which a replica of each option moves the knob least.
    """

    value: float
    fractions: np.ndarray
    opened: np.ndarray
    replicas: np.ndarray
    rates: np.ndarray
    promising: np.ndarray


@dataclass
class KnobProgram:
    """What programs of a knob hold, of one instance.

    state, knob, floor: of quality (0..1 scale), None without one. opened: whether they hold opening
    cuts. options: positions; None: all that are usable.
    """

    state: SearchState
    knob: Knob
    floor: float | None
    opened: bool = False
    options: tuple[int, ...] | None = None

    def form(self) -> Formulation:
        """The program's content: all cuts of the pools, none without a floor."""
        quality = self.state.quality
        return self.state.formulation(
            Goal(of=GoalKind.KNOB, knob=self.knob, quality_at_least=self.floor),
            self.state.usable() if self.options is None else self.options,
            cuts=np.zeros(0, dtype=int) if self.floor is None else None,
            openings=quality.openings if self.opened else None,
        )

    def compile(self) -> CompiledProgram:
        """The program as arrays."""
        form = self.form()
        return compile_program(build_program(form), form)

    def relaxed_at(self, replicas: np.ndarray) -> KnobPoint | None:
        """How far the knob must move for a setup, replicas (O,), on curves that are exact there."""
        point, own = None, replace(self, options=tuple(np.flatnonzero(replicas > 0).tolist()))
        for _ in range(SETUP_ROUNDS):
            point = relax_knob(self.state, own.compile(), self.knob, replicas)
            if point is None or not refine_curve_lines(self.state, replicas, point.rates):
                break
        return point

    def relax(self) -> None:
        """Cut the relaxation, and take the bound on a rate from it."""
        if self.floor is None:
            return
        state, compiled = self.state, self.compile()
        point = relax_knob(state, compiled, self.knob)
        if point is None or len(state.instance.llms) <= MOST_PLAIN_LLMS:
            return
        refine_curve_lines(state, point.replicas, point.rates)
        refine_curve_lines(state, np.ones(point.rates.size), point.promising)
        if self.knob.kind == KnobKind.RATE:
            # All that a plan obeys holds in the relaxation: no plan serves more.
            highest = min(self.knob.high, point.value * (1 + ABOVE))
            self.knob = replace(self.knob, high=max(highest, self.knob.low))
        self.opened = True
        relax_knob(state, self.compile(), self.knob)


def relax_knob(
    state: SearchState,
    compiled: CompiledProgram,
    knob: Knob,
    replicas: np.ndarray | None = None,
) -> KnobPoint | None:
    """Cut a knob's program without integers until its quality is right at its optimum, which is
    returned; None without one. The cuts go into the shared pools.

    replicas: (O,) of a setup to which the program is limited: how far the knob must move for it.
    """
    linear, low, high = compiled.linear, compiled.linear.low, compiled.linear.high
    if replicas is not None:
        low, high = low.copy(), high.copy()
        for o, column in compiled.replicas.items():
            if column >= 0:
                low[column] = high[column] = replicas[o]
    live = LiveLp(replace(linear, low=low, high=high), state.settings())
    openings = 0
    for _ in range(ROUNDS):
        answer = live.solve()
        state.clock.spend_work(LP_NODES * linear.cost.size)
        if answer.stop is not StopReason.OPTIMAL or answer.x is None or state.clock.stopped():
            return None
        x = answer.x
        part = float(np.maximum(x[list(compiled.fractions)], 0).sum())
        if part <= 0:
            return None
        point = _knob_point(state, compiled, answer, part)
        row = _violated_knob_cut(state, compiled, x, point)
        if row is None and compiled.opened and openings < OPENING_ROUNDS:
            inward = INWARD if openings < INWARD_ROUNDS else 0.0
            row = _violated_opening_cut(state, compiled, x, point, inward)
            openings += 1
        if row is None:
            return point
        base, coefficients = row
        if knob.kind == KnobKind.RATE:
            coefficients[compiled.knob] = -base
            base = 0.0
        live.add_rows(np.array([-np.inf]), np.array([base]), csr_matrix(coefficients[None, :]))
    return None


def _knob_point(
    state: SearchState, compiled: CompiledProgram, answer: Answer, part: float
) -> KnobPoint:
    """An optimum read back. part: of the stated rate that it serves, where the rate moves."""
    options = len(state.instance.options)
    replicas, rates = np.zeros(options), np.zeros(options)
    promising, least = np.zeros(options), np.full(options, np.inf)
    x, dual = np.asarray(answer.x), np.asarray(answer.column_dual)
    for (o, _), (columns, at) in compiled.points.items():
        weight = x[columns]
        replicas[o] += weight.sum()
        rates[o] += weight @ at
        best = int(np.argmin(dual[columns]))
        if dual[columns][best] < least[o]:
            promising[o], least[o] = at[best], dual[columns][best]
    fractions = np.maximum(x[list(compiled.fractions)], 0) / part
    opened = np.clip(x[list(compiled.opened)] / part, fractions, 1.0) if compiled.opened else None
    return KnobPoint(
        value=float(x[compiled.knob]),
        fractions=fractions,
        opened=_opened_by_replicas(state, replicas, fractions) if opened is None else opened,
        replicas=replicas,
        rates=rates,
        promising=promising,
    )


def _opened_by_replicas(
    state: SearchState, replicas: np.ndarray, fractions: np.ndarray
) -> np.ndarray:
    """(M,) how far the LLMs of replicas (O,) are open."""
    of_llm = np.array([o.llm for o in state.instance.options], dtype=int)
    held = np.bincount(of_llm, weights=replicas, minlength=fractions.size)
    return opened_llms(held, fractions)


def _violated_knob_cut(
    state: SearchState, compiled: CompiledProgram, x: np.ndarray, point: KnobPoint
) -> tuple[float, np.ndarray] | None:
    """The cut at a point's fractions, as a row (base, coefficients (columns,)), where the point
    breaks it by more than the tolerance.
    """
    quality, part = state.quality, float(np.maximum(x[list(compiled.fractions)], 0).sum())
    prices, right = quality.price(point.fractions)
    if x[compiled.quality] <= part * (right + TOLERANCE):
        return None
    row = np.zeros(x.size)
    row[compiled.quality] = 1.0
    row[list(compiled.fractions)] = -prices
    return quality.cut(prices), row


def _violated_opening_cut(
    state: SearchState,
    compiled: CompiledProgram,
    x: np.ndarray,
    point: KnobPoint,
    inward: float,
) -> tuple[float, np.ndarray] | None:
    """The opening cut near a point, likewise. inward: part of the way to all LLMs open, where a cut
    is made first; where that does not cut the point off, one is made at it.
    """
    quality, instance = state.quality, state.instance
    part = float(np.maximum(x[list(compiled.fractions)], 0).sum())
    of_llm = np.array([o.llm for o in instance.options], dtype=int)
    rates = np.array([o.curve.max_rate for o in instance.options])
    loads = opening_loads(point.fractions.size, of_llm, rates, instance.arrival_rate * part)
    for away in (inward, 0.0) if inward else (0.0,):
        quality.price_openings(point.fractions, (1 - away) * point.opened + away, loads)
        right = quality.openings.at(point.fractions, point.opened)
        if x[compiled.quality] > part * (right + TOLERANCE):
            break
    else:
        return None
    cut = quality.openings.tightest(point.fractions, point.opened, 1)
    row = np.zeros(x.size)
    row[compiled.quality] = 1.0
    row[list(compiled.fractions)] = -quality.openings.prices[cut[0]]
    row[list(compiled.opened)] = -quality.openings.gains[cut[0]]
    return float(quality.openings.base[cut[0]]), row
