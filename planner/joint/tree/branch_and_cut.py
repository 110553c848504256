"""Branch and cut on replicas, for the best quality: nodes are boxes of numbers of replicas, those
of every option and of every LLM in total.

    solve     the node's linear program, cut at its own fractions                  (node_program)
    prune     where its bound is within the gap of the best plan
    branch    on the number that is not whole and, by its pseudo-costs, moves both children's bounds
              most; what is not known of a number is tried                         (pseudo_costs)
    go on     with the child on the nearer side; where a node ends, with the one of least bound
    plans     at some of these: the point rounded, and a dive that fixes a part of the replicas at a
              time; setups at which a node's point is whole

Proof of the bound. A child's box is its parent's with n <= floor(v) or n >= ceil(v) for a whole
number n, so every plan of the root is in a node that was pruned, is open, or is a leaf, and loses
at least the bound of that node; a node without a point has no plan. The tree's bound is the least
of these. A node's program bounds its plans since it holds only rows that all plans keep.

Why. An integer program of HiGHS gets its cuts of quality between two runs, and is too hopeful by
1e-3 to 5e-2 at its own answer, run after run (8 to 10 LLMs at light load, or with a tight SLO);
here every node is cut where it is. A mean TTFT of 45 ms, 8 LLMs, gap 1e-3: 1 % open after 40 s of
programs, closed by a tree after 9 s. Effort is counted in linear programs, not in seconds.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.formulation import Formulation
from models.quality import Quality
from models.relaxation import Points
from planner.joint.solver.highs import SolveSettings, StopReason
from planner.joint.tree.node_program import NodePoint, NodeProgram
from planner.joint.tree.pseudo_costs import PseudoCosts

MOST_LPS = 3_000
"""Linear programs of one tree: 10 to 20 s with 8 to 12 LLMs."""

ROOT_ROUNDS, ROUNDS, DIVE_ROUNDS, SETUP_ROUNDS, TRIAL_ROUNDS = 40, 6, 2, 4, 1
"""Solves of the root, of a node, of a step of a dive, of a setup that is tried, and of a child of
which only the rise of the bound is asked.
"""

WHOLE = 1e-5
"""Distance from a whole number that is none."""

ROUND_EVERY, DIVE_EVERY, DIVE_SHARE, DIVE_STEPS = 10, 3, 0.3, 40
"""Every tenth node's point is rounded; of the nodes that are not the child of the one before every
third is rounded and dived from. A step of a dive fixes this share of the numbers that are not
whole.
"""

AGAIN = 4
"""Times that a leaf is solved, with the cuts, rows and curves that its setup brought."""


@dataclass(kw_only=True)
class TreeTask:
    """What a tree asks of the search that grows it.

    form, points: content of the program with what is known by now, and points of its curves.
    quality: with its pool of cuts. settings: of HiGHS. upper: (O,) most replicas. bound: known;
    flat: whether no bound can rise by more than the gap, as it is the mean of the best answers.
    near: (M,) fractions of the relaxation. loss: of the best plan, inf without one. tolerance: the
    gap to reach. consider: takes replicas (O,) whole and rates (O,), makes them a plan where it
    can; whether the program has learnt of them. round_off: whole replicas near a point and their
    rates, or None. stopped: polled at every node. book: takes solves and columns.
    """

    form: Callable[[], Formulation]
    points: Callable[[], Mapping[int, Sequence[Points]]]
    quality: Quality
    settings: Callable[[], SolveSettings]
    upper: np.ndarray
    bound: float
    flat: bool
    near: np.ndarray
    loss: Callable[[], float]
    tolerance: Callable[[], float]
    consider: Callable[[np.ndarray, np.ndarray], bool]
    round_off: Callable[[NodePoint], tuple[np.ndarray, np.ndarray] | None]
    stopped: Callable[[], bool]
    book: Callable[[int, int], None]


@dataclass(frozen=True)
class _Branch:
    """How a node came about: the row, the side (0 down, 1 up), how far its number was from it, and
    the bound above.
    """

    row: int
    side: int
    distance: float
    bound: float


@dataclass(frozen=True, order=True)
class _Node:
    """low, high: (R,) box. number: of its making, which settles equal bounds."""

    bound: float
    number: int
    low: np.ndarray = field(compare=False)
    high: np.ndarray = field(compare=False)
    branch: _Branch | None = field(compare=False, default=None)


class BranchTree:
    """One tree. `grow` returns its bound. nodes, leaves: counted."""

    def __init__(self, task: TreeTask, most_lps: int = MOST_LPS) -> None:
        self.task, self.most_lps = task, most_lps
        form = task.form()
        self._options = np.array(form.options)
        self.groups = replica_groups(form)
        self._program = self._build(task.near, lean=False)
        self._near, self._lps = task.near, 0
        self._open: list[_Node] = []
        self._ended = np.inf
        self._made = self.nodes = self.leaves = 0
        self._costs = PseudoCosts(len(self.groups))
        self._jumps, self._lean = 0, False
        # Where the bound is the mean of the best answers, quality does not guide a dive.
        self._flat = task.flat
        self._tried: set[bytes] = set()

    # -- the tree ----------------------------------------------------------------------------------

    def grow(self) -> float:
        """Branch until nothing is open, or a limit stops it; no plan loses less than the result."""
        high = self.groups @ np.where(self._in_program(), self.task.upper, 0.0)
        node: _Node | None = _Node(-np.inf, 0, np.zeros(high.size), high)
        jumped = True
        while node is not None:
            if self._halted():
                self._ended = min(self._ended, node.bound)
                break
            child = self._process(node, jumped=jumped)
            jumped = child is None
            node = self._next() if child is None else child
        # Nodes know nothing of the bound that was there before: one above theirs would hide what
        # branching brings.
        return max(self.task.bound, min([self._ended, *(node.bound for node in self._open)]))

    def _cutoff(self) -> float:
        """A node that loses no less than this need not be looked into."""
        return self.task.loss() - self.task.tolerance()

    def _halted(self) -> bool:
        return self._lps >= self.most_lps or self.task.stopped()

    def _next(self) -> _Node | None:
        """The open node of least bound; None where the rest is within the gap."""
        if not self._open or self._open[0].bound >= self._cutoff():
            return None
        return heapq.heappop(self._open)

    def _process(self, node: _Node, *, jumped: bool) -> _Node | None:
        """Solve a node; its nearer child, None where it ends."""
        self.nodes += 1
        self._jumps += jumped
        if jumped and self._flat:
            self._weigh(lean=self._jumps % 2 == 1)
        for again in range(AGAIN):
            point = self._solve(node, ROUNDS if node.number and not again else ROOT_ROUNDS)
            if point.stop is StopReason.INFEASIBLE:
                return None
            bound = max(point.bound, node.bound)
            if point.stop is not StopReason.OPTIMAL:
                self._end(bound)
                return None
            self._learn_costs(node, point.bound)
            if bound >= self._cutoff():
                self._end(bound)
                return None
            self._seek_plans(node, point, jumped=jumped)
            apart = np.abs(point.counts - np.rint(point.counts))
            if apart.max() > WHOLE:
                return self._branch(node, point, bound)
            self.leaves += 1
            # Routing a setup brings cuts; what it brings of rows and curves needs a new program.
            if self._consider(np.rint(point.replicas), point.rates):
                self._rebuild()
                self._tried.clear()
            elif again:
                break
        # A leaf within the gap of its own plan needs nothing more. Of others the setup could not be
        # placed, or its curves lie above their hulls: they stay in the bound.
        self._end(bound)
        return None

    def _end(self, bound: float) -> None:
        """Keep the bound of a node that is not looked into."""
        self._ended = min(self._ended, bound)

    def _branch(self, node: _Node, point: NodePoint, bound: float) -> _Node:
        """Both children; the farther one is left open, or the nearer one where a trial ends it."""
        tried: dict[tuple[int, int], float] = {}

        def trial(row: int, side: int) -> float:
            low, high = _half_box(node, row, side, point.counts[row])
            tried[row, side] = self._solve_box(low, high, self._cutoff(), TRIAL_ROUNDS).bound
            return min(tried[row, side], self._cutoff()) - bound

        # Where quality does not guide the tree no bound rises, and trials would say nothing.
        untried = self._flat or self._halted()
        row = self._costs.row_to_branch(point.counts, WHOLE, None if untried else trial)
        children = []
        for side in (0, 1):
            self._made += 1
            low, high = _half_box(node, row, side, point.counts[row])
            distance = abs(float(point.counts[row] - (low if side else high)[row]))
            branch = _Branch(row, side, distance, bound)
            own = max(bound, tried.get((row, side), bound))
            children.append(_Node(own, self._made, low, high, branch))
        first = int(point.counts[row] - np.floor(point.counts[row]) >= 0.5)
        if children[first].bound >= self._cutoff():
            first = 1 - first
        heapq.heappush(self._open, children[1 - first])
        return children[first]

    def _learn_costs(self, node: _Node, bound: float) -> None:
        """By how much a node's bound rose, by unit of what its branch moved."""
        branch = node.branch
        if branch is not None and np.isfinite(bound) and np.isfinite(branch.bound):
            rise = bound - branch.bound
            self._costs.learn_rise(branch.row, branch.side, branch.distance, rise)

    # -- plans -------------------------------------------------------------------------------------

    def _seek_plans(self, node: _Node, point: NodePoint, *, jumped: bool) -> None:
        """Round a point at some nodes; dive at some that are not the child of the one before."""
        dives = jumped and self._jumps % DIVE_EVERY == 1
        if dives or self.nodes % ROUND_EVERY == 0:
            self._round_off(point)
        if dives:
            self._dive(node, point)

    def _round_off(self, point: NodePoint) -> None:
        """Try the point rounded, if its program with these replicas says that it may be better."""
        rounded = self.task.round_off(point)
        if rounded is None:
            return
        counts = self.groups @ rounded[0]
        found = self._solve_box(counts, counts, self.task.loss(), SETUP_ROUNDS)
        if found.stop is StopReason.OPTIMAL and found.bound < self.task.loss():
            self._consider(np.rint(found.replicas), found.rates)

    def _dive(self, node: _Node, point: NodePoint) -> None:
        """Fix what is whole and a share of the rest, solve, again, until all in use are whole."""
        low, high, own = node.low.copy(), node.high.copy(), self._options.size
        for _ in range(DIVE_STEPS):
            counts = point.counts[:own]
            used = (counts > WHOLE) & (low[:own] < high[:own])
            apart = np.abs(counts - np.rint(counts))
            broken = np.flatnonzero(used & (apart > WHOLE))
            if not broken.size:
                self._consider(np.rint(point.replicas), point.rates)
                return
            nearest = broken[np.argsort(apart[broken], kind="stable")]
            first = nearest[: max(int(np.ceil(DIVE_SHARE * broken.size)), 1)]
            fixed = np.concatenate([np.flatnonzero(used & (apart <= WHOLE)), first])
            low[fixed] = high[fixed] = np.rint(counts[fixed])
            point = self._solve_box(low, high, self.task.loss(), DIVE_ROUNDS)
            if point.stop is not StopReason.OPTIMAL or point.bound >= self.task.loss():
                return

    def _consider(self, replicas: np.ndarray, rates: np.ndarray) -> bool:
        """Have a setup placed and routed, once; whether the program differs now."""
        key = replicas.tobytes()
        if key in self._tried:
            return False
        self._tried.add(key)
        return self.task.consider(replicas, rates)

    # -- the live program --------------------------------------------------------------------------

    def _in_program(self) -> np.ndarray:
        inside = np.zeros(self.groups.shape[1], dtype=bool)
        inside[self._options] = True
        return inside

    def _solve(self, node: _Node, rounds: int) -> NodePoint:
        return self._solve_box(node.low, node.high, self._cutoff(), rounds)

    def _solve_box(
        self, low: np.ndarray, high: np.ndarray, cutoff: float, rounds: int
    ) -> NodePoint:
        if self._program.full:
            self._rebuild()
        before = self._program.lps
        point = self._program.solve_box(low, high, cutoff, self.task.tolerance(), rounds)
        solved = self._program.lps - before
        self._lps += solved
        self.task.book(solved, self._program.live.columns)
        if point.stop is StopReason.OPTIMAL:
            self._near = point.fractions
        return point

    def _weigh(self, *, lean: bool) -> None:
        self._lean = lean
        self._program.weigh_gpus(self.task.tolerance() if lean else 0.0)

    def _rebuild(self) -> None:
        prices = self._program.prices
        self._program = self._build(self._near, lean=self._lean)
        self._program.prices = prices

    def _build(self, near: np.ndarray, *, lean: bool) -> NodeProgram:
        task = self.task
        program = NodeProgram(
            task.form(), task.quality, task.points(), task.settings(), self.groups, near
        )
        if lean:
            program.weigh_gpus(task.tolerance())
        return program


def _half_box(node: _Node, row: int, side: int, value: float) -> tuple[np.ndarray, np.ndarray]:
    """low, high: (R,) box of a node's child below (0) or above (1) a value of a row."""
    low, high = node.low.copy(), node.high.copy()
    if side:
        low[row] = np.ceil(value)
    else:
        high[row] = np.floor(value)
    return low, high


def replica_groups(form: Formulation) -> np.ndarray:
    """(R, O): every option of the program alone, then those of every LLM."""
    llm = np.array([option.llm for option in form.instance.options])
    own = np.eye(llm.size)[list(form.options)]
    return np.vstack([own, np.arange(len(form.instance.llms))[:, None] == llm[None, :]])
