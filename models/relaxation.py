"""The joint program without integers, as bare arrays over the weights alone.

The same rows as `models.program` after replicas are substituted by the sum of their weights,
without no-goods; fast enough for a cut loop. With `fixed` replicas it is the program of one setup:
which rates, which fractions, no placement any more.

    columns    quality | fraction[i] | gpus_used[p] | gpus_rented[p], reserved pools only |
               changed[o], of options that run, with a limit of changes only |
               start[o], of options that run, and what starts cost, with a price of changes only |
               open[i], where the program says which LLMs are |
               slack[s], first phase only | knob, where the largest spent part of all budgets is
               minimised | weights, which come and go
    rows       serve_every_request | serve_llm_fraction[i] | stay_within_latency_budget[s] |
               rows over replicas | route_to_open[i] | obey_quality_cuts[c] | obey_opening_cuts[c]
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, hstack, vstack

from models.formulation import Formulation, GoalKind, fleet_cost, formulation_lean_cost
from models.linear import LinearProgram
from models.openings.opening_cuts import OpeningCuts

Points = tuple[np.ndarray, np.ndarray]
"""Rates (K,) in req/s and budgets (S, K) of one option (or one arm of it)."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Positions of the rows and columns.

    per_replica: (rows that count replicas, O), first at row `replica_row`.
    """

    llms: int
    pools: int
    rented: int
    changed: int
    started: int
    opened: int
    slacks: int
    serve_row: int
    budget_row: int
    replica_row: int
    per_replica: csr_matrix
    static_rows: int

    @property
    def quality(self) -> int:
        """Column of the quality."""
        return 0

    @property
    def fractions(self) -> slice:
        """Columns of the fractions."""
        return slice(1, 1 + self.llms)

    @property
    def gpus_used(self) -> slice:
        """Columns of the used GPUs."""
        return slice(1 + self.llms, 1 + self.llms + self.pools)

    @property
    def gpus_rented(self) -> slice:
        """Columns of the GPUs rented beyond the reserved ones, of pools with such."""
        first = 1 + self.llms + self.pools
        return slice(first, first + self.rented)

    @property
    def starts_cost(self) -> slice:
        """Column of what starts cost, with a price of changes."""
        last = 1 + self.llms + self.pools + self.rented + self.changed + self.started
        return slice(last - min(self.started, 1), last)

    @property
    def open(self) -> slice:
        """Columns of how far LLMs are open, where the program has them."""
        return slice(self.starts_cost.stop, self.starts_cost.stop + self.opened)

    @property
    def first_weight(self) -> int:
        """Column of the first weight."""
        return self.open.stop + self.slacks


@dataclass(frozen=True)
class _ReplicaRow:
    """low <= weight . replicas + used . gpus <= high; weight (O,), used (P + reserved pools +
    options that run,...) or none: of GPUs in use, then of rented ones, of changed replicas, of
    starts and their cost, of open LLMs; what is missing at its end is zero.
    """

    weight: np.ndarray
    low: float = -np.inf
    high: float = np.inf
    used: np.ndarray | None = None


def relaxation_layout(
    form: Formulation, fixed: np.ndarray | None, slack: np.ndarray, spare: float = 0.0
) -> tuple[Layout, np.ndarray, np.ndarray, csr_matrix]:
    """The static rows: layout, lower and upper sides (R,), and their entries in the first columns.

    fixed: (O,) replicas, or none. slack: (S, K) entries of the budgets' slack columns, or of the
    knob. spare: share of the budgets that is kept back.
    """
    instance = form.instance
    llms, pools, slos = len(instance.llms), len(instance.pools), len(form.shared_slos)
    rows = list(_relaxation_replica_rows(form) if fixed is None else _relaxation_fixed_rows(fixed))
    replica_row, rented = 1 + llms + slos, len(fleet_cost(instance).renting)
    changed = len(_options_that_change(form)) if fixed is None else 0
    started = _start_columns(form) if fixed is None else 0
    opened = llms if form.openings is not None and fixed is None else 0
    beyond = 1 + llms + pools + rented + changed + started + opened
    slacks, first_open_row = slack.shape[1], replica_row + len(rows)
    head = np.zeros((first_open_row + opened, beyond + slacks))
    head[0, 1 : 1 + llms] = 1.0
    head[1 : 1 + llms, 1 : 1 + llms] = -form.demand * np.eye(llms)
    for r, row in enumerate(rows):
        if row.used is not None:
            head[replica_row + r, 1 + llms : 1 + llms + row.used.size] = row.used
    head[1 + llms : replica_row, beyond:] = slack
    # route_to_open: no LLM answers more than it is open.
    head[first_open_row:, 1 : 1 + opened] = np.eye(opened)
    head[first_open_row:, beyond - opened : beyond] = -np.eye(opened)
    rows += [_ReplicaRow(np.zeros(len(instance.options)), high=0.0)] * opened
    weight = np.array([row.weight for row in rows]).reshape(len(rows), len(instance.options))
    where = Layout(
        llms=llms,
        pools=pools,
        rented=rented,
        changed=changed,
        started=started,
        opened=opened,
        slacks=slacks,
        serve_row=1,
        budget_row=1 + llms,
        replica_row=replica_row,
        per_replica=csr_matrix(weight),
        static_rows=head.shape[0],
    )
    lower, upper = [row.low for row in rows], [row.high for row in rows]
    low = np.concatenate([[1.0], np.zeros(llms), np.full(slos, -np.inf), lower])
    allowed = np.full(slos, form.demand * (float(not form.goal.room) - spare))
    high = np.concatenate([[1.0], np.zeros(llms), allowed, upper])
    return where, low, high, csr_matrix(head)


def _relaxation_fixed_rows(fixed: np.ndarray) -> Iterator[_ReplicaRow]:
    """The replicas of one setup."""
    for o in np.flatnonzero(fixed > 0).tolist():
        count = float(fixed[o])
        yield _ReplicaRow(np.eye(1, fixed.size, o).ravel(), count, count)


def _relaxation_replica_rows(form: Formulation) -> Iterator[_ReplicaRow]:
    """fit_pool, rent_beyond_reserved, keep_min_replicas and keep_max_replicas, keep_quota,
    reach_min_utilization, and the limits of earlier decisions.
    """
    instance = form.instance
    pools = len(instance.pools)
    for row in form.capacity:
        if row.per_node:
            yield _ReplicaRow(row.weight, high=float(instance.pools[row.pool].nodes))
        else:
            used = -np.eye(1, pools, row.pool).ravel()
            yield _ReplicaRow(row.weight, high=0.0, used=used)
    cost, none = fleet_cost(instance), np.zeros(len(instance.options))
    for k, p in enumerate(cost.renting):
        used = np.zeros(pools + len(cost.renting))
        used[p], used[pools + k] = 1.0, -1.0
        yield _ReplicaRow(none, high=float(cost.reserved[p]), used=used)
    of_llm = np.array([o.llm for o in instance.options])
    for i, llm in enumerate(instance.llms):
        if llm.min_replicas > 0 or llm.max_replicas is not None:
            most = np.inf if llm.max_replicas is None else float(llm.max_replicas)
            least = float(llm.min_replicas) or -np.inf
            yield _ReplicaRow((of_llm == i).astype(float), least, most)
    for quota in instance.quotas:
        yield _ReplicaRow(np.array(quota.weight), high=quota.most * (1 + 1e-9))
    floor = instance.min_utilization * instance.gpus
    if floor > 0:
        share = np.array([o.mps_share for o in instance.options])
        yield _ReplicaRow(instance.shards * share, floor * (1 - 1e-9))
    yield from _relaxation_goal_rows(form)
    yield from _relaxation_change_rows(form)
    yield from _relaxation_start_rows(form)
    yield from _relaxation_open_rows(form)


def _relaxation_open_rows(form: Formulation) -> Iterator[_ReplicaRow]:
    """open_with_replicas: an LLM is open no further than it has replicas."""
    if form.openings is None:
        return
    first = len(form.instance.pools) + len(fleet_cost(form.instance).renting)
    first += len(_options_that_change(form)) + _start_columns(form)
    of_llm = np.array([o.llm for o in form.instance.options])
    for i in range(len(form.instance.llms)):
        opened = np.zeros(first + i + 1)
        opened[first + i] = 1.0
        yield _ReplicaRow(-(of_llm == i).astype(float), high=0.0, used=opened)


def _options_that_change(form: Formulation) -> tuple[int, ...]:
    """The options with replicas that may stop, where changes are limited."""
    limit = form.changes
    return () if limit is None else tuple(o for o in form.options if limit.replicas[o] > 0)


def _relaxation_change_rows(form: Formulation) -> Iterator[_ReplicaRow]:
    """count_started, count_stopped and keep_changes: the last one counts the replicas of options
    that do not run, the changed ones of those that do, and all of those that are left out.
    """
    limit, running = form.changes, _options_that_change(form)
    if limit is None:
        return
    options = len(form.instance.options)
    first = len(form.instance.pools) + len(fleet_cost(form.instance).renting)
    new = np.ones(options)
    for k, o in enumerate(running):
        one, changed = np.eye(1, options, o).ravel(), np.zeros(first + len(running))
        changed[first + k], new[o] = -1.0, 0.0
        yield _ReplicaRow(one, high=float(limit.replicas[o]), used=changed)
        yield _ReplicaRow(-one, high=-float(limit.replicas[o]), used=changed)
    counted = np.zeros(first + len(running))
    counted[first:] = 1.0
    left_out = sum(limit.replicas) - sum(limit.replicas[o] for o in running)
    yield _ReplicaRow(new, high=float(limit.most - left_out), used=counted)


def _options_paid_beyond(form: Formulation) -> tuple[int, ...]:
    """The options of which only the replicas beyond those that run start, where that is paid."""
    if not form.instance.prices_changes:
        return ()
    stay = form.instance.replicas_in_place
    return tuple(o for o in form.options if stay[o] > 0)


def _start_columns(form: Formulation) -> int:
    return len(_options_paid_beyond(form)) + 1 if form.instance.prices_changes else 0


def _relaxation_start_rows(form: Formulation) -> Iterator[_ReplicaRow]:
    """pay_starts, and what starts cost: of options that do not run all replicas."""
    stay, price = form.instance.replicas_in_place, form.instance.start_prices
    if not form.instance.prices_changes:
        return
    first = len(form.instance.pools) + len(fleet_cost(form.instance).renting)
    first += len(_options_that_change(form))
    paid, options = _options_paid_beyond(form), price.size
    new, cost = price.copy(), np.zeros(first + len(paid) + 1)
    cost[-1] = -1.0
    for k, o in enumerate(paid):
        start = np.zeros(first + len(paid))
        start[first + k], cost[first + k], new[o] = -1.0, price[o], 0.0
        one = np.eye(1, options, o).ravel()
        yield _ReplicaRow(one, high=float(stay[o]), used=start)
    # HiGHS refuses rows with coefficients below 1e-9.
    new[new < 1e-9], cost[np.abs(cost) < 1e-9] = 0.0, 0.0
    yield _ReplicaRow(new, high=0.0, used=cost)


def _relaxation_starts(form: Formulation) -> np.ndarray:
    """1 for what starts cost, the last column after those of GPUs; none without a price."""
    columns = _start_columns(form)
    after = np.zeros(len(_options_that_change(form)) + columns if columns else 0)
    after[-1:] = 1.0
    return after


def _relaxation_goal_rows(form: Formulation) -> Iterator[_ReplicaRow]:
    """keep_cost and reach_cost, keep_gpus."""
    goal, none = form.goal, np.zeros(len(form.instance.options))
    least, most = goal.cost_at_least, goal.cost_at_most
    if least is not None or most is not None:
        cost = fleet_cost(form.instance)
        yield _ReplicaRow(
            none,
            -np.inf if least is None else least - cost.base,
            np.inf if most is None else most - cost.base,
            np.concatenate([cost.use, cost.rent[list(cost.renting)], _relaxation_starts(form)]),
        )
    if goal.gpus_in_all is not None:
        gpus = float(goal.gpus_in_all)
        yield _ReplicaRow(none, high=gpus, used=np.ones(len(form.instance.pools)))


def relaxation_weight_rows(
    form: Formulation, where: Layout, owner: np.ndarray, rates: np.ndarray, budgets: np.ndarray
) -> csr_matrix:
    """(W, static rows): the entries of weight columns.

    owner: (W,) options. rates: (W,) req/s. budgets: (S, W).
    """
    llm = np.array([o.llm for o in form.instance.options])[owner]
    count = np.arange(owner.size)
    scaled = budgets / form.budget_scale[:, None]
    slos = scaled.shape[0]
    entries = [
        coo_matrix(
            (rates / form.unit, (count, where.serve_row + llm)),
            shape=(owner.size, where.static_rows),
        ),
        coo_matrix(
            (
                scaled.ravel(),
                (np.tile(count, slos), where.budget_row + np.repeat(np.arange(slos), owner.size)),
            ),
            shape=(owner.size, where.static_rows),
        ),
    ]
    replica = where.per_replica.T.tocsr()[owner]
    replica = csr_matrix(
        (replica.data, replica.indices + where.replica_row, replica.indptr),
        shape=(owner.size, where.static_rows),
    )
    total = csr_matrix(entries[0]) + csr_matrix(entries[1]) + replica
    # HiGHS warns of coefficients below 1e-9, and then refuses the row.
    total.data[np.abs(total.data) < 1e-9] = 0.0
    total.eliminate_zeros()
    return total


def relaxation_cut_rows(
    prices: np.ndarray, base: np.ndarray, columns: int
) -> tuple[np.ndarray, np.ndarray, csr_matrix]:
    """Rows quality - price . fraction <= base: lower, upper, matrix (C, columns)."""
    matrix = np.concatenate([np.ones((base.size, 1)), -prices], axis=1)
    sparse = csr_matrix(matrix)
    sparse.resize((base.size, columns))
    return np.full(base.size, -np.inf), base, sparse


def relaxation_opening_rows(
    cuts: OpeningCuts, where: Layout, columns: int
) -> tuple[np.ndarray, np.ndarray, csr_matrix]:
    """Rows quality - price . fraction - gain . open <= base: lower, upper, matrix (C, columns)."""
    matrix = np.zeros((len(cuts), where.open.stop))
    matrix[:, where.quality] = 1.0
    matrix[:, where.fractions], matrix[:, where.open] = -cuts.prices, -cuts.gains
    sparse = csr_matrix(matrix)
    sparse.resize((len(cuts), columns))
    return np.full(len(cuts), -np.inf), cuts.base, sparse


def relax_program(
    form: Formulation,
    points: Mapping[int, Sequence[Points]],
    fixed: np.ndarray | None = None,
    *,
    measure_excess: bool = False,
    spare: float = 0.0,
) -> tuple[LinearProgram, Layout, np.ndarray]:
    """The linear program, its layout, and the option that owns each weight column.

    measure_excess: minimise what the budgets are exceeded by, in place of the goal (first phase for
    a fixed setup). spare: share of the budgets that is kept back.
    """
    if measure_excess and form.goal.room:
        form = replace(form, goal=replace(form.goal, knob=None))
    room, slos = form.goal.room, len(form.shared_slos)
    # The first phase of a fixed setup: one slack a budget, their sum minimised. For room: one knob.
    slack = -np.eye(slos) if measure_excess else np.full((slos, int(room)), -form.demand)
    where, row_low, row_high, head = relaxation_layout(form, fixed, slack, spare)
    owner, rates, budgets = stack_relaxation_points(points, len(form.shared_slos))
    body = relaxation_weight_rows(form, where, owner, rates, budgets).T.tocsr()
    matrix = csr_matrix(hstack([head, body]))
    cut_low, cut_high, cuts = relaxation_cut_rows(form.cut_prices, form.cut_base, matrix.shape[1])
    cost, offset = np.zeros(matrix.shape[1]), 0.0
    if measure_excess or room:
        cost[where.first_weight - where.slacks : where.first_weight] = 1.0
    elif form.goal.of == GoalKind.QUALITY:
        cost[where.quality] = -1.0
    else:
        fleet = (
            fleet_cost(form.instance)
            if form.goal.of == GoalKind.COST
            else formulation_lean_cost(form.instance)
        )
        cost[where.gpus_used], offset = fleet.use, fleet.base
        cost[where.gpus_rented] = fleet.rent[list(fleet.renting)]
        if form.goal.of == GoalKind.COST:
            cost[where.starts_cost] = 1.0
    low, high = np.zeros(cost.size), np.full(cost.size, np.inf)
    asked = (fixed is None or room) and not measure_excess
    floor = form.goal.quality_at_least if asked else None
    low[where.quality], high[where.quality] = (-np.inf if floor is None else floor), 2.0
    high[where.fractions] = 1.0
    high[where.gpus_used] = [pool.gpus for pool in form.instance.pools]
    if form.goal.knob is not None and room:
        high[where.first_weight - 1] = form.goal.knob.high
    high[where.open] = 1.0
    if where.opened and form.openings is not None:
        low_, high_, rows = relaxation_opening_rows(form.openings, where, matrix.shape[1])
        cuts, cut_low = vstack([cuts, rows]), np.append(cut_low, low_)
        cut_high = np.append(cut_high, high_)
    linear = LinearProgram(
        cost=cost,
        matrix=csr_matrix(vstack([matrix, cuts])),
        row_lower=np.concatenate([row_low, cut_low]),
        row_upper=np.concatenate([row_high, cut_high]),
        low=low,
        high=high,
        integer=np.zeros(cost.size, dtype=bool),
        offset=offset,
    )
    return linear, where, owner


def stack_relaxation_points(
    points: Mapping[int, Sequence[Points]], slos: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Owner (W,), rates (W,) and budgets (S, W) of all points of all options."""
    owner, rates, budgets = [], [], []
    for o, parts in points.items():
        for part_rates, part_budgets in parts:
            owner.append(np.full(part_rates.size, o))
            rates.append(part_rates)
            budgets.append(part_budgets.reshape(slos, part_rates.size))
    if not owner:
        return np.zeros(0, dtype=int), np.zeros(0), np.zeros((slos, 0))
    return np.concatenate(owner), np.concatenate(rates), np.concatenate(budgets, axis=1)
