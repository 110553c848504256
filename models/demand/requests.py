"""Demand in detail: classes of requests, cases of the day, LLMs outside the cluster.

    class c   requests with their own rate, SLOs, scores and permitted LLMs
    case  t   a steady state to be served: a period, a stress load, a failure
    setup s   which replicas run, on which GPUs, in some cases
    cell      a class in a case, with a rate l_ct > 0
    lane  j   m_j replicas of one option that in a case receive the same rates, class by class

A fixed fleet has one setup for all cases. A scheduled one has a setup for each *own* case, which
the cases that name it by `of` test; own setups follow each other in a cycle, in the cases' order.

Lane j with rates x_cj has the load rho_j = sum_c work_c x_cj / m_j, and its latencies are those of
the option's curve at that load. The objective weighs cells by hours, weight and rate:

    quality = sum_ct om_ct Q_c(f_ct),   om_ct = h_t weight_c l_ct / sum of the same over all cells

*Served* LLMs are those of the instance, then those outside, in this order: rows of every class's
scores, columns of fractions. Units: s, req/s, h, USD. Arrays: M LLMs, E outside, C classes, T
cases, P pools, O options.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from models.instance import Instance, Running, Slo
from profiles.records import Column, Curve, Scores

__all__ = ["Cell", "DemandCase", "DemandInstance", "OutsideLlm", "RequestClass"]


@dataclass(frozen=True, kw_only=True)
class RequestClass:
    """Requests of one kind.

    scores: rows in the order of served LLMs. slos: over the requests of this class. permitted:
    (M + E,) of served LLMs. quality_floor: mean score of every cell of the class, or None. work:
    (M,) load of one request on each LLM, 1 is the profile's. weight: > 0, of one request in the
    objective. outside_usd: (E,) price of one request at each LLM outside.
    """

    name: str
    scores: Scores
    slos: tuple[Slo, ...]
    permitted: tuple[bool, ...]
    work: tuple[float, ...]
    quality_floor: float | None = None
    weight: float = 1.0
    outside_usd: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DemandCase:
    """A steady state.

    hours: of a day or of another span; 0 must hold and is not counted. rates: (C,) req/s, 0 where
    the class sends nothing. lost_nodes: (P,) nodes of each pool that may be lost at once.
    slo_factor: of every limit. quality_floor: mean score of the case, or None. of: of a scheduled
    fleet, position of the case whose setup this one tests; None: it has a setup of its own.
    """

    name: str
    hours: float
    rates: tuple[float, ...]
    lost_nodes: tuple[int, ...]
    slo_factor: float = 1.0
    quality_floor: float | None = None
    of: int | None = None

    @property
    def loses_nodes(self) -> bool:
        """Whether the case is a failure of nodes."""
        return any(self.lost_nodes)


@dataclass(frozen=True, kw_only=True)
class OutsideLlm:
    """An API: no GPU, latencies that do not depend on the rate.

    max_rate: req/s of all classes in a case, or None. latency: s by column.
    """

    name: str
    max_rate: float | None
    latency: Mapping[Column, float]


@dataclass(frozen=True)
class Cell:
    """A class in a case, by positions, with its rate (req/s, > 0)."""

    request_class: int
    case: int
    rate: float


@dataclass(frozen=True, kw_only=True)
class DemandInstance:
    """Everything the optimisation sees of a scenario with classes, cases or LLMs outside.

    instance: LLMs of the cluster, pools, options, objective and its mean floor of quality, limits
    on the setup; its `slos` are over all requests of a case; its arrival rate and scores are not
    read. cost_at_most: USD/h, GPUs, LLMs outside and starts together, or None. class_curves: by
    (option, class), where a class has latencies of its own. unjudged: (option, class) that may not
    go together, because the option lacks a column of an SLO of the class. start_usd: USD for each
    GPU that a replica starts on, of a scheduled fleet; None: the fleet is fixed. runs: of a
    scheduled fleet what runs of every setup when a plan begins, or none (of a fixed one
    `instance.running`).
    """

    instance: Instance
    classes: tuple[RequestClass, ...]
    cases: tuple[DemandCase, ...]
    outside: tuple[OutsideLlm, ...] = ()
    cost_at_most: float | None = None
    class_curves: Mapping[tuple[int, int], Curve] = field(default_factory=dict)
    unjudged: frozenset[tuple[int, int]] = frozenset()
    start_usd: float | None = None
    runs: tuple[Running, ...] = ()

    @property
    def served(self) -> tuple[str, ...]:
        """Names of the LLMs of the cluster, then of those outside."""
        return (*(llm.name for llm in self.instance.llms), *(llm.name for llm in self.outside))

    @property
    def hours(self) -> float:
        """Hours of all cases."""
        return sum(case.hours for case in self.cases)

    @property
    def scheduled(self) -> bool:
        """Whether cases have setups of their own."""
        return self.start_usd is not None

    @cached_property
    def setups(self) -> tuple[tuple[int, ...], ...]:
        """Positions of the cases that each setup serves, its own case first, in the cycle's
        order; of a fixed fleet all cases.
        """
        if not self.scheduled:
            return (tuple(range(len(self.cases))),)
        own = [t for t, case in enumerate(self.cases) if case.of is None]
        tests = [[t for t, case in enumerate(self.cases) if case.of == one] for one in own]
        return tuple((one, *of) for one, of in zip(own, tests, strict=True))

    @cached_property
    def setup_of(self) -> tuple[int, ...]:
        """(T,) position of the setup that serves each case."""
        at = {t: s for s, cases in enumerate(self.setups) for t in cases}
        return tuple(at[t] for t in range(len(self.cases)))

    def fixed(self) -> "DemandInstance":
        """The same demand, served by one setup."""
        cases = tuple(replace(case, of=None) for case in self.cases)
        return replace(self, cases=cases, start_usd=None, runs=())

    def setup_parts(self) -> np.ndarray:
        """(S,) part of all hours that each setup runs."""
        if not self.scheduled:
            return np.ones(1)
        hours = [sum(self.cases[t].hours for t in cases) for cases in self.setups]
        return np.array(hours) / self.hours

    def cells(self, case: int | None = None) -> Iterator[Cell]:
        """Cells of all cases, or of one, case by case."""
        for t, entry in enumerate(self.cases):
            if case is None or case == t:
                for c, rate in enumerate(entry.rates):
                    if rate > 0:
                        yield Cell(c, t, rate)

    def curve(self, option: int, request_class: int) -> Curve:
        """Latencies of a class on an option, at the load of a replica."""
        own = self.class_curves.get((option, request_class))
        return self.instance.options[option].curve if own is None else own

    def rates(self) -> np.ndarray:
        """(C, T) req/s."""
        return np.array([case.rates for case in self.cases], dtype=float).T

    def cell_weights(self) -> np.ndarray:
        """(C, T) weights om_ct of the cells in the objective; they sum to 1, or are all 0 where
        nothing is counted.
        """
        hours = np.array([case.hours for case in self.cases])
        weights = np.array([entry.weight for entry in self.classes])
        product = hours[None, :] * weights[:, None] * self.rates()
        total = product.sum()
        return np.asarray(product / total) if total > 0 else product

    def case_weights(self, case: int) -> np.ndarray:
        """(C,) weights of the cells of one case in its own quality; they sum to 1, or are all 0
        where nothing arrives.
        """
        product = np.array([entry.weight for entry in self.classes]) * self.rates()[:, case]
        total = product.sum()
        return np.asarray(product / total) if total > 0 else product
