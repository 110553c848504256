"""A class alone in a case, as the decomposition sees it: an instance of one rate, and its spend
tables. numpy only.

With the class's work w_i a request, one replica at r requests a second has the load w_i r, so that
its curve is that of the profile with rates r / w_i. Limits are times the case's slo_factor. An LLM
outside is one option of one replica: latencies that do not depend on the rate, up to its largest
rate. What the class may not use, or an SLO cannot judge, runs at rate 0 alone.

A replica may be idle in a lane of its own: every table has the rate 0, at which nothing is spent.
The mixed points of `planner.decomposition.master`, before any range is split, are then no worse
than any lanes, and its bound holds for all of them.

**Alone in the case** the class is the whole case (`exact`). Otherwise others share the replicas,
and only what holds whatever they do is kept: limits over all requests of the case are left out, and
a replica that the class sends r runs at some higher load, so that

    a request of the class spends at least   m(r) = min over r' >= r of b(r')

m rises, so the chord through (r_k, r_k m_(k-1)) and (r_(k+1), r_(k+1) m_k) lies nowhere above
r m(r). An SLO of scope each_llm then only ends the table, at the highest rate that it admits.
"""

from dataclasses import replace

import numpy as np

from models.demand.requests import Cell, DemandInstance
from models.instance import Instance, Llm, Option, Slo
from planner.decomposition.policies import Prompts
from planner.decomposition.price_bank import POINTS, DecompositionState
from planner.decomposition.spend_tables import SpendTable, spend_table
from profiles.records import Curve, Scores

__all__ = ["CellState", "cell_prompts"]

NO_SHARE = 1e-9
"""Of a GPU, for an LLM outside: a relaxation of pools has no place for what is outside of them, and
changes its bound by less than it rounds.
"""


def cell_prompts(demand: DemandInstance) -> list[Prompts]:
    """The prompts of every class; of LLMs that it may not use the scores are its lowest."""
    return [Prompts(_permitted_cell_scores(demand, c)) for c in range(len(demand.classes))]


class CellState(DecompositionState):
    """Prompts, spend tables and banks of one cell.

    exact: whether the class is alone in its case. outside: positions of the options that are LLMs
    outside, after those of the cluster.
    """

    def __init__(
        self, demand: DemandInstance, cell: Cell, prompts: Prompts, points: int = POINTS
    ) -> None:
        case = demand.cases[cell.case]
        self.cell = cell
        self.exact = sum(rate > 0 for rate in case.rates) == 1
        own = demand.classes[cell.request_class].slos
        slos = tuple(
            replace(slo, limit=slo.limit * case.slo_factor)
            for slo in ((*own, *demand.instance.slos) if self.exact else own)
        )
        self.usable: list[bool] = []
        super().__init__(self._cell_instance(demand, slos), prompts, points)
        self._rule_out_empty_tables()
        self.tables = [
            self._cell_table(table, option.curve, usable=usable, points=points)
            for table, option, usable in zip(
                self.tables, self.instance.options, self.usable, strict=True
            )
        ]
        self.blocks = [np.vstack([t.rates / cell.rate, t.lower]) for t in self.tables]

    @property
    def outside(self) -> tuple[int, ...]:
        """Positions of the LLMs outside that the class may use."""
        first = len(self.usable) - self.count_outside
        return tuple(o for o in range(first, len(self.usable)) if self.usable[o])

    def _cell_instance(self, demand: DemandInstance, slos: tuple[Slo, ...]) -> Instance:
        """The cell as an instance of one rate."""
        c, base = self.cell.request_class, demand.instance
        entry, inside = demand.classes[c], len(base.llms)
        self.count_outside = len(demand.outside)
        largest = max(range(len(base.pools)), key=lambda p: base.pools[p].gpus)
        options = []
        for o, option in enumerate(base.options):
            curve = demand.curve(o, c)
            usable = entry.permitted[option.llm] and (o, c) not in demand.unjudged
            scaled = replace(curve, rates=curve.rates / entry.work[option.llm])
            options.append(replace(option, curve=self._cell_curve(scaled, slos, usable=usable)))
        for e, llm in enumerate(demand.outside):
            most = self.cell.rate if llm.max_rate is None else min(llm.max_rate, self.cell.rate)
            flat = Curve(
                np.array([most]),
                {column: np.array([value]) for column, value in llm.latency.items()},
                ("measured",),
            )
            usable = entry.permitted[inside + e] and most > 0
            one = Option(
                llm=inside + e,
                pool=largest,
                tp_degree=1,
                mps_share=NO_SHARE,
                memory=NO_SHARE,
                curve=self._cell_curve(flat, slos, usable=usable),
            )
            options.append(one)
        return replace(
            base,
            llms=(*base.llms, *(Llm(llm.name, max_replicas=1) for llm in demand.outside)),
            options=tuple(options),
            slos=slos,
            arrival_rate=self.cell.rate,
            scores=_permitted_cell_scores(demand, c),
        )

    def _rule_out_empty_tables(self) -> None:
        """Options that an SLO of scope each_llm forbids at every rate are idle in this case."""
        options = list(self.instance.options)
        for o, table in enumerate(self.tables):
            if not table.rates.size and self.usable[o]:
                self.usable[o] = False
                options[o] = replace(options[o], curve=_idle_cell_curve(self.instance.slos))
        self.instance = replace(self.instance, options=tuple(options))

    def _cell_curve(self, curve: Curve, slos: tuple[Slo, ...], *, usable: bool) -> Curve:
        """The curve, or one without latency where the option may not be used."""
        usable = usable and _judges_cell(curve, slos)
        self.usable.append(usable)
        return curve if usable else _idle_cell_curve(slos)

    def _cell_table(
        self, table: SpendTable, curve: Curve, *, usable: bool, points: int
    ) -> SpendTable:
        """The table of an option with the rate 0, loosened where others share its replicas."""
        spends = len(self.slos)
        if not usable:
            return SpendTable(np.zeros(1), np.zeros((spends, 1)))
        if not self.exact:
            highest = float(table.rates[-1]) if table.rates.size else 0.0
            whole = spend_table(curve, self.slos, self.instance.arrival_rate, points)
            kept = whole.rates <= highest
            table = _loosened_cell_table(SpendTable(whole.rates[kept], whole.lower[:, kept]))
        if table.rates.size and table.rates[0] == 0.0:
            return table
        return SpendTable(
            np.append(0.0, table.rates), np.hstack([np.zeros((spends, 1)), table.lower])
        )


def _loosened_cell_table(table: SpendTable) -> SpendTable:
    """Spends of a class whose replicas run at any load from its own on; see the module."""
    rates, lower = table.rates, table.lower.copy()
    if rates.size < 2:
        return table
    each = lower[:, 1:] / rates[1:]
    least = np.minimum.accumulate(each[:, ::-1], axis=1)[:, ::-1]
    lower[:, 1] = rates[1] * least[:, 0]
    lower[:, 2:] = rates[2:] * least[:, :-1]
    return SpendTable(rates, lower)


def _idle_cell_curve(slos: tuple[Slo, ...]) -> Curve:
    """A curve that keeps every SLO, of an option that stands still."""
    latency = {(slo.metric, slo.statistic): np.zeros(1) for slo in slos}
    return Curve(np.ones(1), latency, ("measured",))


def _judges_cell(curve: Curve, slos: tuple[Slo, ...]) -> bool:
    """Whether a curve has the columns that every SLO needs."""
    for slo in slos:
        if slo.statistic == "mean" or slo.scope == "each_llm":
            if (slo.metric, slo.statistic) not in curve.latency:
                return False
        elif not any(m == slo.metric and s != "mean" for m, s in curve.latency):
            return False
    return True


def _permitted_cell_scores(demand: DemandInstance, request_class: int) -> Scores:
    """The scores of a class; of LLMs that it may not use its lowest score."""
    entry = demand.classes[request_class]
    permitted = np.array(entry.permitted)
    values = entry.scores.values
    lowest = float(values[permitted].min()) if permitted.any() else 0.0
    return replace(entry.scores, values=np.where(permitted[:, None], values, lowest))
