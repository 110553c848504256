"""The routing of several cells on one setup as a linear program, in bare arrays.

    columns   replicas[s,o], gpus_used[s,p]            with the setups free
              gpus_rented[s,p] >= 0: of pools with reserved nodes
              start[s,o] >= 0: replicas of o that setup s starts, where starts cost; of a fixed
              fleet those beside what runs
              changed[s,o] >= 0: of options that run, where a plan starts from these
              quality[c,t], fraction[c,t,i], outside[c,t,e], unserved[c,t], short[c,t]
              weight[c,t,o,k]: replicas of o that in t serve c alone at point k, appended last

    maximise  sum_ct om_ct scale_c quality_ct, or minimise the cost

    count_starts[s,o]            start_so >= replicas_so - replicas_o of the setup before s, or
                                   of what runs before the only one
    serve_every_request[c,t]     sum_i fraction_i + unserved = 1
    serve_llm_fraction[c,t,i]    sum_{o of i} sum_k load_k weight_ok / work_ci + outside_i
                                     = l_ct fraction_i
    keep_class_slo[c,t,s]        sum_ok budget_sok weight_ok / work_ci + sum_e b_se outside_e
                                     <= A_st l_ct                        a class's SLOs
    keep_case_slo[t,s]           the same summed over c, <= A_st sum_c l_ct
    use_replicas[t,o]            sum_ck weight_cok <= K_to replicas_so     s: setup of t
    keep_outside_rate[t,e]       sum_c outside_ce <= max_rate_e
    keep_spend[t]                3600 sum_ce usd_ce outside_ce <= spend_t
    keep_class_floor[c,t]        quality_ct + short_ct >= floor_c
    keep_case_floor[t]           sum_c weight_ct scale_c quality_ct + short_t >= floor_t
    obey_quality_cuts            quality_ct <= base + prices . fraction_ct        appended

A class may have a fraction of a replica to itself here, which no plan has: the program bounds
plans from above. `unserved` and `short` are zero unless what is missing is measured. Rates are
counted in `unit` req/s; quality of a class on the 0..1 scale of its scores (models.quality).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from models.demand.cell_curves import CellPoints, outside_budgets
from models.demand.demand_model import DemandModel, case_share
from models.demand.requests import Cell, DemandInstance
from models.formulation import Changes, fleet_cost
from models.instance import Instance
from models.linear import LinearProgram

__all__ = ["CaseRows", "CellColumns", "CellLayout", "build_cell_program", "cell_weight_columns"]

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class CellColumns:
    """Positions of one cell's columns and rows. fractions (M + E,), outside (E,): columns, -1
    where the class may not go; llm_rows (M + E,), slo_rows (S_c,): rows. unserved, short: columns.
    floor_row, floor: -1 and nan without a floor.
    """

    cell: Cell
    quality: int
    fractions: np.ndarray
    outside: np.ndarray
    unserved: int
    short: int
    serve_row: int
    llm_rows: np.ndarray
    slo_rows: np.ndarray
    floor_row: int
    floor: float
    allowances: np.ndarray
    outside_spent: np.ndarray


@dataclass(frozen=True, kw_only=True)
class CaseRows:
    """Positions of one case's rows. slo_rows (S_top,); replica_rows: by owner (options (O,), or
    lanes), -1 for options that are not in the program; outside_rows (E,), -1 without a largest
    rate; spend_row, floor_row: -1 where there is none. short: column. share: (O,) K_to.
    """

    case: int
    slo_rows: np.ndarray
    replica_rows: np.ndarray
    outside_rows: np.ndarray
    spend_row: int
    floor_row: int
    short: int
    share: np.ndarray


@dataclass(frozen=True, kw_only=True)
class CellLayout:
    """Positions of everything. replicas (S, O), starts (S, O), gpus_used (S, P), gpus_rented (S,
    P): columns, -1 without. capacity_rows (S, R): of the model's capacity. options: that of every
    owner of weights: arange(O), or one a lane. floor_row, budget_row: of the mean floor and of the
    largest cost, or -1.
    """

    cells: tuple[CellColumns, ...]
    cases: Mapping[int, CaseRows]
    replicas: np.ndarray
    starts: np.ndarray
    gpus_used: np.ndarray
    gpus_rented: np.ndarray
    capacity_rows: np.ndarray
    options: np.ndarray
    floor_row: int
    budget_row: int
    rows: int
    first_weight: int


@dataclass
class _Builder:
    """Triplets of a program that grows row by row."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)

    def column(self, low: float = 0.0, high: float = np.inf, cost: float = 0.0) -> int:
        self.low.append(low)
        self.high.append(high)
        self.cost.append(cost)
        return len(self.cost) - 1

    def row(self, terms: Sequence[tuple[int, float]], low: float, high: float) -> int:
        at = len(self.row_low)
        self.row_low.append(low)
        self.row_high.append(high)
        # HiGHS refuses rows with coefficients below 1e-9.
        self.entries += [(at, column, value) for column, value in terms if abs(value) > 1e-9]
        return at

    def program(self, offset: float) -> LinearProgram:
        at = np.array(self.entries, dtype=float).reshape(-1, 3)
        shape = (len(self.row_low), len(self.cost))
        rows, columns = at[:, 0].astype(int), at[:, 1].astype(int)
        return LinearProgram(
            cost=np.array(self.cost),
            matrix=csr_matrix(coo_matrix((at[:, 2], (rows, columns)), shape=shape)),
            row_lower=np.array(self.row_low),
            row_upper=np.array(self.row_high),
            low=np.array(self.low),
            high=np.array(self.high),
            integer=np.zeros(len(self.cost), dtype=bool),
            offset=offset,
        )


def build_cell_program(
    model: DemandModel,
    cases: Sequence[int],
    *,
    free_setup: bool,
    lanes: np.ndarray | None = None,
) -> tuple[LinearProgram, CellLayout]:
    """The program of some cases without weights and quality cuts, and its layout.

    free_setup: with the replicas of the setups of these cases as columns, their rows, and what ties
    the cases together; else quality is maximised, and the sides of `use_replicas` and `keep_spend`
    are set by who solves it. lanes: options of the lanes of one case, which then own weights in
    place of options.
    """
    demand, instance, out = model.demand, model.demand.instance, _Builder()
    replicas = np.full((len(demand.setups), len(instance.options)), -1)
    starts = replicas.copy()
    gpus_used = np.full((len(demand.setups), len(instance.pools)), -1)
    gpus_rented = gpus_used.copy()
    capacity = np.full((len(demand.setups), len(model.capacity)), -1)
    by_cost = free_setup and instance.objective == "cost"
    if free_setup:
        setups = sorted({demand.setup_of[t] for t in cases})
        parts = demand.setup_parts() * by_cost
        for s in setups:
            for o in model.options:
                replicas[s, o] = out.column(high=float(model.upper[o]))
            _add_fleet(out, instance, gpus_used[s], gpus_rented[s], float(parts[s]))
            capacity[s] = _add_setup_rows(out, model, replicas[s], gpus_used[s])
            _keep_changes(out, model, replicas[s], model.limit_of_setup(s))
        if model.prices_starts and len(setups) == len(demand.setups):
            _add_starts(out, model, replicas, starts, by_cost=by_cost)
    cells: list[CellColumns] = []
    by_case: dict[int, CaseRows] = {}
    for t in cases:
        weights = model.weights[:, t] if lanes is None else model.routed_weights(t)
        worth = np.zeros(weights.size) if by_cost else weights
        own = [
            _add_cell(out, model, cell, float(worth[cell.request_class]), by_cost=by_cost)
            for cell in model.demand.cells(t)
        ]
        cells += own
        by_case[t] = _add_case(out, model, t, own, replicas[demand.setup_of[t]], lanes)
    floor_row, budget_row = (
        _add_joint_rows(out, model, cells, (gpus_used, gpus_rented), starts)
        if free_setup
        else (-1, -1)
    )
    program = out.program(fleet_cost(instance).base if by_cost else 0.0)
    layout = CellLayout(
        cells=tuple(cells),
        cases=by_case,
        replicas=replicas,
        starts=starts,
        gpus_used=gpus_used,
        gpus_rented=gpus_rented,
        capacity_rows=capacity,
        floor_row=floor_row,
        budget_row=budget_row,
        options=np.arange(len(instance.options)) if lanes is None else lanes,
        rows=program.row_lower.size,
        first_weight=program.cost.size,
    )
    return program, layout


def _add_fleet(
    out: _Builder,
    instance: Instance,
    gpus_used: np.ndarray,
    gpus_rented: np.ndarray,
    part: float,
) -> None:
    """Columns of one setup's GPUs in use and of those rented beyond the reserved ones, at a part of
    their costs.
    """
    fleet = fleet_cost(instance)
    for p, pool in enumerate(instance.pools):
        gpus_used[p] = out.column(high=float(pool.gpus), cost=float(part * fleet.use[p]))
    for p in fleet.renting:
        gpus_rented[p] = out.column(cost=float(part * fleet.rent[p]))
        terms = [(int(gpus_used[p]), 1.0), (int(gpus_rented[p]), -1.0)]
        out.row(terms, -np.inf, float(fleet.reserved[p]))


def _add_setup_rows(
    out: _Builder, model: DemandModel, replicas: np.ndarray, gpus_used: np.ndarray
) -> list[int]:
    """Rows over the replicas alone: capacity, limits of each LLM, quotas, utilisation; those of
    the capacity.
    """
    instance = model.demand.instance

    def over(weight: np.ndarray) -> list[tuple[int, float]]:
        return [(int(replicas[o]), float(weight[o])) for o in model.options]

    capacity = []
    for row in model.capacity:
        if row.per_node:
            capacity.append(
                out.row(over(row.weight), -np.inf, float(instance.pools[row.pool].nodes))
            )
        else:
            used = (int(gpus_used[row.pool]), -1.0)
            capacity.append(out.row([*over(row.weight), used], -np.inf, 0.0))
    llm = np.array([o.llm for o in instance.options])
    for i, entry in enumerate(instance.llms):
        if entry.min_replicas > 0 or entry.max_replicas is not None:
            most = np.inf if entry.max_replicas is None else float(entry.max_replicas)
            out.row(over((llm == i).astype(float)), float(entry.min_replicas), most)
    for quota in instance.quotas:
        out.row(over(np.array(quota.weight)), -np.inf, quota.most * (1 + 1e-9))
    floor = instance.min_utilization * instance.gpus
    if floor > 0:
        share = np.array([o.mps_share for o in instance.options])
        out.row(over(instance.shards * share), floor * (1 - 1e-9), np.inf)
    return capacity


def _keep_changes(
    out: _Builder, model: DemandModel, replicas: np.ndarray, limit: Changes | None
) -> None:
    """count_started, count_stopped and keep_changes of models.setup_constraints: one column for
    every option that runs.
    """
    if limit is None:
        return
    terms, left_out = [], sum(limit.replicas)
    for o in model.options:
        runs = limit.replicas[o]
        if not runs:
            terms.append((int(replicas[o]), 1.0))
            continue
        changed, left_out = out.column(), left_out - runs
        out.row([(int(replicas[o]), 1.0), (changed, -1.0)], -np.inf, float(runs))
        out.row([(int(replicas[o]), 1.0), (changed, 1.0)], float(runs), np.inf)
        terms.append((changed, 1.0))
    out.row(terms, -np.inf, float(limit.most - left_out))


def _add_starts(
    out: _Builder, model: DemandModel, replicas: np.ndarray, starts: np.ndarray, *, by_cost: bool
) -> None:
    """Replicas that every setup starts after the one before it, in place."""
    price, runs = model.start_prices(), model.instance.replicas_in_place
    for s in range(len(replicas)):
        for o in model.options:
            starts[s, o] = out.column(cost=float(price[o]) if by_cost else 0.0)
            terms = [(int(starts[s, o]), 1.0), (int(replicas[s, o]), -1.0)]
            if len(replicas) == 1:
                out.row(terms, -float(runs[o]), np.inf)
            else:
                out.row([*terms, (int(replicas[s - 1, o]), 1.0)], 0.0, np.inf)


def _add_cell(
    out: _Builder, model: DemandModel, cell: Cell, worth: float, *, by_cost: bool
) -> CellColumns:
    """Columns and rows of one cell. worth: of its quality in the objective, score units."""
    demand, unit, c, t = model.demand, model.unit, cell.request_class, cell.case
    entry, quality, llms = demand.classes[c], model.qualities[c], len(demand.instance.llms)
    quality_column = out.column(-np.inf, 2.0, -worth * quality.scale)
    spent, may_leave = outside_budgets(demand, cell)
    permitted = np.array([*entry.permitted[:llms], *may_leave], dtype=bool)
    rate = cell.rate / unit
    fractions = np.array([out.column(high=1.0) if may else -1 for may in permitted])
    hours = demand.cases[t].hours / demand.hours if demand.hours > 0 else 0.0
    outside = np.full(len(demand.outside), -1)
    for e in np.flatnonzero(may_leave):
        dear = HOUR * entry.outside_usd[e] * unit * hours if by_cost else 0.0
        outside[e] = out.column(high=rate, cost=dear)
    unserved, short = out.column(high=0.0), out.column(high=0.0)
    serve_row = out.row([*((int(f), 1.0) for f in fractions if f >= 0), (unserved, 1.0)], 1.0, 1.0)
    llm_rows = np.full(permitted.size, -1)
    for i in np.flatnonzero(permitted):
        terms = [(int(fractions[i]), -rate)]
        if i >= llms:
            terms.append((int(outside[i - llms]), 1.0))
        llm_rows[i] = out.row(terms, 0.0, 0.0)
    allowances = model.curves.allowances(cell)
    own = sum(slo.scope == "all" for slo in entry.slos)
    slo_rows = np.array(
        [
            out.row(
                [
                    (int(outside[e]), float(spent[s, e] / allowances[s]))
                    for e in np.flatnonzero(may_leave)
                ],
                -np.inf,
                rate,
            )
            for s in range(own)
        ],
        dtype=int,
    )
    floor_row, floor = -1, np.nan
    if entry.quality_floor is not None:
        floor = quality.from_score(entry.quality_floor)
        floor_row = out.row([(quality_column, 1.0), (short, 1.0)], floor, np.inf)
    return CellColumns(
        cell=cell,
        quality=quality_column,
        fractions=fractions,
        outside=outside,
        unserved=unserved,
        short=short,
        serve_row=serve_row,
        llm_rows=llm_rows,
        slo_rows=slo_rows,
        floor_row=floor_row,
        floor=floor,
        allowances=allowances,
        outside_spent=spent,
    )


def _add_case(
    out: _Builder,
    model: DemandModel,
    case: int,
    cells: Sequence[CellColumns],
    replicas: np.ndarray,
    lanes: np.ndarray | None,
) -> CaseRows:
    """Rows that the cells of one case share."""
    demand, unit = model.demand, model.unit
    entry = demand.cases[case]
    top = sum(slo.scope == "all" for slo in demand.instance.slos)
    total = sum(one.cell.rate for one in cells) / unit
    slo_rows = np.zeros(top, dtype=int)
    for s in range(top):
        terms = []
        for one in cells:
            at = one.slo_rows.size + s
            terms += [
                (int(column), float(one.outside_spent[at, e] / one.allowances[at]))
                for e, column in enumerate(one.outside)
                if column >= 0
            ]
        slo_rows[s] = out.row(terms, -np.inf, total)
    share = case_share(demand, case)
    owners = model.options if lanes is None else range(lanes.size)
    replica_rows = np.full(len(share) if lanes is None else lanes.size, -1)
    for o in owners:
        free = lanes is None and replicas[o] >= 0
        terms = [(int(replicas[o]), -float(share[o]))] if free else []
        replica_rows[o] = out.row(terms, -np.inf, 0.0)
    outside_rows = np.full(len(demand.outside), -1)
    for e, llm in enumerate(demand.outside):
        columns = [int(one.outside[e]) for one in cells if one.outside[e] >= 0]
        if llm.max_rate is not None and columns:
            outside_rows[e] = out.row(
                [(column, 1.0) for column in columns], -np.inf, llm.max_rate / unit
            )
    spend_row = -1
    if any(one.outside.max(initial=-1) >= 0 for one in cells):
        spend_row = out.row(_spend_terms(demand, cells, unit), -np.inf, np.inf)
    short, floor_row = out.column(high=0.0), -1
    if entry.quality_floor is not None and cells:
        shares = demand.case_weights(case)
        terms = [(short, 1.0)]
        floor = entry.quality_floor
        for one in cells:
            quality = model.qualities[one.cell.request_class]
            weight = shares[one.cell.request_class]
            terms.append((one.quality, float(weight * quality.scale)))
            floor -= float(weight * quality.offset)
        floor_row = out.row(terms, floor, np.inf)
    return CaseRows(
        case=case,
        slo_rows=slo_rows,
        replica_rows=replica_rows,
        outside_rows=outside_rows,
        spend_row=spend_row,
        floor_row=floor_row,
        short=short,
        share=share,
    )


def _spend_terms(
    demand: DemandInstance, cells: Sequence[CellColumns], unit: float
) -> list[tuple[int, float]]:
    """USD/h of what is sent outside."""
    return [
        (int(column), HOUR * demand.classes[one.cell.request_class].outside_usd[e] * unit)
        for one in cells
        for e, column in enumerate(one.outside)
        if column >= 0
    ]


def _add_joint_rows(
    out: _Builder,
    model: DemandModel,
    cells: Sequence[CellColumns],
    gpus: tuple[np.ndarray, np.ndarray],
    starts: np.ndarray,
) -> tuple[int, int]:
    """The mean floor of a cost objective, where all cells that it counts are here, and the largest
    cost; their rows, -1 without one.
    """
    demand, unit = model.demand, model.unit
    instance = demand.instance
    floor_row = budget_row = -1
    counted = {(one.cell.request_class, one.cell.case) for one in cells}
    # The mean is over all cells: of some of them it says nothing.
    if instance.quality_floor is not None and counted >= set(
        zip(*model.weights.nonzero(), strict=True)
    ):
        terms, floor = [], instance.quality_floor
        for one in cells:
            c, t = one.cell.request_class, one.cell.case
            terms.append((one.quality, float(model.weights[c, t] * model.qualities[c].scale)))
            floor -= float(model.weights[c, t] * model.qualities[c].offset)
        floor_row = out.row(terms, floor, np.inf)
    if demand.cost_at_most is not None:
        fleet, parts = fleet_cost(instance), demand.setup_parts()
        terms = [
            (int(column), float(parts[s] * price[p]))
            for columns, price in zip(gpus, (fleet.use, fleet.rent), strict=True)
            for (s, p), column in np.ndenumerate(columns)
            if column >= 0
        ]
        if (starts >= 0).any():
            dear = model.start_prices()
            terms += [
                (int(column), float(dear[o]))
                for (_, o), column in np.ndenumerate(starts)
                if column >= 0
            ]
        for one in cells:
            hours = demand.cases[one.cell.case].hours / demand.hours
            terms += [
                (column, value * hours) for column, value in _spend_terms(demand, [one], unit)
            ]
        budget_row = out.row(terms, -np.inf, demand.cost_at_most - fleet.base)
    return floor_row, budget_row


def cell_weight_columns(
    model: DemandModel, layout: CellLayout, one: CellColumns, points: CellPoints
) -> csr_matrix:
    """(K, rows of the layout): the entries of the weight columns of one cell, for points whose
    owners are in the program.
    """
    llm = model.llm[layout.options[points.owner]]
    work = np.array(model.demand.classes[one.cell.request_class].work)[llm]
    case = layout.cases[one.cell.case]
    count, size = np.arange(points.owner.size), points.owner.size
    rows = [one.llm_rows[llm], case.replica_rows[points.owner]]
    values = [points.loads / work / model.unit, np.ones(size)]
    for s, row in enumerate([*one.slo_rows, *case.slo_rows]):
        rows.append(np.full(size, row))
        values.append(points.budgets[s] / work / one.allowances[s] / model.unit)
    data, at = np.concatenate(values), np.concatenate(rows)
    kept = np.abs(data) > 1e-9
    columns = np.tile(count, len(rows))
    return csr_matrix(
        coo_matrix((data[kept], (columns[kept], at[kept])), shape=(size, layout.rows))
    )
