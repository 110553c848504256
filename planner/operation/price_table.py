"""Prices over load: for rates about the planned one, the best routing of the setup that runs, and
how far up the SLOs can be kept.

    row                 best routing of the fixed setup at one rate (`fixed_setup`), verified; the
                        planned rate's row is the plan itself
    held up to          highest rate with a routing that keeps every SLO, by bisection between the
                        planned rate and what the replicas can carry at all; it has its own row
    not held from       lowest rate met on the way for which it is proved that no routing keeps them
    kept from           lowest rate down to which a row's routing, its fractions unchanged, keeps
                        the SLOs without a break

A gateway takes the row of the next higher rate. With its fractions unchanged the rate of each
replica is in proportion to the whole, so on
curves that rise every latency is lower there than in the row, which was checked: the SLOs are kept
down to rate 0. On curves that fall somewhere `kept from` says how far: with fixed fractions mean
latencies are linear between the rates at which a replica passes a profiled point, so checking those
is exact for means and for limits on each LLM; percentiles over all requests are checked there and
halfway between. Prices between two rows are not used: fractions are not monotone in several prices,
and with ties they jump.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.demand.headroom import with_headroom
from planner.operation.fixed_setup import FixedSetup, Rerouted
from planner.plans.latencies import OperatingPoint, achieved_latency
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.schema import SolvedContent
from planner.settings import Progress

__all__ = ["PERCENTS", "PriceRow", "PriceTable", "build_price_table"]

PERCENTS = tuple(range(50, 151, 5))
"""Rates of the rows, per cent of the planned one."""

PRECISION = 1e-4
"""Of the highest rate that can be held, relative to the planned rate."""

LIMIT_NOISE = 1e-7
"""Relative: what the verifier forgives."""


@dataclass(frozen=True, kw_only=True)
class PriceRow:
    """rate: req/s.

    content: keys of plan.json at that rate, None where there is no routing; bound: score units.

    proved_none: it is proved that no routing keeps the SLOs. kept_from: req/s.
    """

    rate: float
    content: SolvedContent | None
    bound: float | None
    proved_none: bool = False
    kept_from: float | None = None


@dataclass(frozen=True, kw_only=True)
class PriceTable:
    """planned: req/s.

    held_up_to, not_held_from: req/s, the latter None where nothing was proved. complete: not
    interrupted.
    """

    planned: float
    rows: tuple[PriceRow, ...]
    held_up_to: float
    not_held_from: float | None
    complete: bool

    def content(self) -> dict[str, Any]:
        """The key `price_table` of router_policy.json."""
        return {
            "planned_rate_rps": self.planned,
            "held_up_to_rps": self.held_up_to,
            "not_held_from_rps": self.not_held_from,
            "rows": [_price_row_content(row, self.planned) for row in self.rows],
        }


def build_price_table(
    source: PlanAndScenario,
    percents: Iterable[float] = PERCENTS,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> PriceTable:
    """Route the plan's setup at every rate.

    The plan must have a setup (`Plan.demand_setup`); cancelled, the rows so far count.
    """
    began = time.perf_counter()
    setup = FixedSetup(source)
    planned = setup.instance.arrival_rate
    rates = sorted({round(planned * percent / 100, 12) for percent in percents} | {planned})
    rows = [_planned_price_row(setup, source.plan.content)]

    def report_price_table(phase: str) -> bool:
        """Whether to go on."""
        if progress is not None:
            progress(Progress(time.perf_counter() - began, phase))
        return cancel is None or not cancel.is_set()

    going = True
    for rate in rates:
        going = going and report_price_table(
            f"prices at {100 * rate / planned:.0f} % of the planned rate"
        )
        if going and abs(rate - planned) > 1e-9 * planned:
            rows.append(_price_row(setup, rate))
    going = going and report_price_table("the highest rate that can be held")
    highest, none_from = (
        _price_table_limit(setup, rows, cancel)
        if going
        else (max(row.rate for row in rows if row.content is not None), None)
    )
    if all(abs(row.rate - highest) > PRECISION * planned for row in rows):
        rows.append(_price_row(setup, highest))
    return PriceTable(
        planned=planned,
        rows=tuple(sorted(rows, key=lambda row: row.rate)),
        held_up_to=highest,
        not_held_from=none_from,
        complete=going,
    )


def _planned_price_row(setup: FixedSetup, content: SolvedContent) -> PriceRow:
    """The plan's own prices; of a plan that minimises cost its routing reaches the floor and may
    stay below the best of the setup.
    """
    if content["objective"]["of"] == "cost":
        return _price_row(setup, setup.instance.arrival_rate)
    here = Rerouted(instance=setup.instance, content=content, bound=None, proved_none=False)
    return PriceRow(
        rate=setup.instance.arrival_rate,
        content=content,
        bound=content["objective"]["bound"],
        proved_none=False,
        kept_from=_price_row_kept_from(setup, here),
    )


def _price_row(setup: FixedSetup, rate: float) -> PriceRow:
    rerouted = setup.reroute(rate)
    return PriceRow(
        rate=rate,
        content=rerouted.content,
        bound=rerouted.bound,
        proved_none=rerouted.proved_none,
        kept_from=None if rerouted.content is None else _price_row_kept_from(setup, rerouted),
    )


def _price_table_limit(
    setup: FixedSetup, rows: list[PriceRow], cancel: threading.Event | None
) -> tuple[float, float | None]:
    """The highest rate that is held, and the lowest above it that provably is not."""
    good = max(row.rate for row in rows if row.content is not None)
    failed = [row for row in rows if row.rate > good]
    bad = min((row.rate for row in failed), default=setup.most * (1 + PRECISION))
    proved = min((row.rate for row in failed if row.proved_none), default=setup.most * (1 + 1e-9))
    # Capacity itself may be the limit: one routing there may save the search.
    if bad > setup.most >= good and setup.reroute(setup.most).content is not None:
        return setup.most, setup.most * (1 + 1e-9)
    while bad - good > PRECISION * setup.instance.arrival_rate and not (
        cancel is not None and cancel.is_set()
    ):
        middle = (good + bad) / 2
        # A rate without a routing counts as not held, but as proved only where the bound says so.
        rerouted = setup.reroute(middle)
        if rerouted.content is not None:
            good = middle
        else:
            bad = middle
            proved = min(proved, middle) if rerouted.proved_none else proved
    return good, proved


def _price_row_kept_from(setup: FixedSetup, rerouted: Rerouted) -> float:
    """req/s down to which the routing keeps the SLOs, its fractions unchanged."""
    assert rerouted.content is not None  # noqa: S101 - the caller has a routing
    rate = rerouted.instance.arrival_rate
    each = np.array([entry["rate_per_replica_rps"] for entry in rerouted.content["options"]])
    knots = [
        rate * point / own
        for own, option in zip(each, setup.instance.options, strict=True)
        if own > 0
        for point in option.curve.rates
        if point < own
    ]
    # Between two marks every mean is linear in the whole rate; halfway marks and one near zero are
    # for percentiles, which are not.
    marks = np.unique(np.array([0.0, *knots, rate]))
    marks = np.unique(np.concatenate([marks, (marks[1:] + marks[:-1]) / 2, [1e-6 * rate]]))[1:]
    kept = rate
    for mark in marks[::-1]:
        running = [
            OperatingPoint(option.curve, float(own * n * mark / rate), float(own * mark / rate))
            for own, n, option in zip(each, setup.replicas, setup.instance.options, strict=True)
        ]
        for slo in with_headroom(setup.instance).slos:
            achieved = achieved_latency(running, slo)
            if achieved is None or achieved > slo.limit * (1 + LIMIT_NOISE):
                return float(kept)
        kept = mark
    return 0.0


def _price_row_content(row: PriceRow, planned: float) -> dict[str, Any]:
    """One row for router_policy.json; without a routing its prices are null."""
    plan = row.content
    head = {
        "rate_pct": round(100 * row.rate / planned, 6),
        "rate_rps": row.rate,
        "slo_kept": plan is not None,
    }
    if plan is None:
        nothing = dict.fromkeys(
            (
                "quality",
                "bound",
                "alpha",
                "weights",
                "ties",
                "option_rates_rps",
                "slo",
                "kept_from_rps",
            )
        )
        return {**head, **nothing, "proved": row.proved_none}
    slo = [
        {key: one[key] for key in ("metric", "statistic", "scope", "limit_ms", "achieved_ms")}
        for one in plan["slo"]
    ]
    return {
        **head,
        "quality": plan["quality"],
        "bound": row.bound,
        "alpha": plan["dual_prices"],
        "weights": plan["routing"],
        "ties": [{"llms": tie["llms"], "split": tie["split"]} for tie in plan["router"]["ties"]],
        "option_rates_rps": [entry["rate_rps"] for entry in plan["options"]],
        "slo": slo,
        "kept_from_rps": row.kept_from,
    }
