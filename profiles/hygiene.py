"""Hygiene of a profile table: what its curves look like and what is odd about them, each finding
with its rows.

Read leniently: what `profiles.curves` refuses in a sound cell (repeats, gaps, disorder of
percentiles) is a finding here, so that one run lists everything. Only a table whose cells cannot be
read is a fault.

    refused   the planner does not take the table
    wrong     contradicts arithmetic or the hardware: Little's law, E2E = TTFT + (output tokens - 1)
              * TPOT, compute above 75 % of the peak
    odd       contradicts what is usual: latency falls with the rate, spikes, gaps, more compute
              that is slower
    note      worth knowing: few points, a flat beginning, not convex

Convexity is that of the budget D(r) = r L(r), in requests under way, over [0, highest rate], L flat
below the lowest rate. With H the lower convex hull of D, (1 + c) H is the closest convex curve that
nowhere lies below D; c = max D / H - 1 is what planning with convex curves would cost, as a part of
the latency. (The planner keeps the curve as it is; what it pays is time.)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from profiles.catalogue import load_gpus, load_llms
from profiles.curves import COUNTS, KEYS, LATENCIES
from profiles.io.faults import Fault
from profiles.io.tables import Table, number_column, require_columns, text_column
from profiles.records import METRICS, STATISTICS

__all__ = [
    "SEVERITIES",
    "CurveRows",
    "Finding",
    "check_curve",
    "convex_cost",
    "falls",
    "read_curves",
]

SEVERITIES = ("refused", "wrong", "odd", "note")
"""From the worst to the mildest."""

NOISE, NOISE_P99 = 0.02, 0.06
"""A fall by less than this part is noise; a 99th percentile rests on a hundredth of the requests.
"""
SPIKE = 1.3
GAP_SPAN, GAP_RISE = 0.25, 1.5
FLAT_BEGINNING = 0.3
LITTLE = 1.33
SHORT_OF_E2E, BEYOND_E2E = 1.25, 5 / 3
"""The parts of E2E from means: where lengths vary, short answers pay more a token, and the product
of means lies above.
"""
COMPUTE = 0.75
LENGTHS = 1.2
GRID = 32
"""Rates looked at between two points."""
FINEST = 1e-9
MEANS = tuple(f"{metric}_mean_ms" for metric in METRICS)


@dataclass(frozen=True, kw_only=True)
class CurveRows:
    """Rows of one option, sorted by rate.

    rows: (K,) row numbers of the file; values: column -> (K,) in the file's units, NaN where blank.
    """

    llm: str
    gpu: str
    tp_degree: float
    mps_share_pct: float
    rows: np.ndarray
    values: Mapping[str, np.ndarray]

    @property
    def words(self) -> str:
        """The option in words."""
        return f"{self.llm} on {self.gpu}, tp {self.tp_degree:g}, share {self.mps_share_pct:g} %"

    @property
    def rates(self) -> np.ndarray:
        """(K,) req/s of one replica."""
        return self.values["rate_rps"]

    def columns(self, names: Sequence[str] = tuple(LATENCIES)) -> list[str]:
        """Those of the named columns that all points have."""
        return [
            name for name in names if name in self.values and not np.isnan(self.values[name]).any()
        ]


@dataclass(frozen=True)
class Finding:
    """severity: one of SEVERITIES; option: in words; rows: of the file; size: how far off, 1 = 100
    %, the larger the worse.
    """

    severity: str
    option: str
    rows: tuple[int, ...]
    text: str
    size: float = 0.0


def read_curves(table: Table, faults: list[Fault]) -> list[CurveRows]:
    """Every option of the table; [] with faults when its cells cannot be read."""
    before = len(faults)
    if not require_columns(table, [*KEYS, "rate_rps"], faults):
        return []
    words = {name: text_column(table, name, faults) for name in ("llm", "gpu")}
    wanted = ("tp_degree", "mps_share_pct", "rate_rps", *LATENCIES, "memory_gib_per_gpu", *COUNTS)
    values = {name: number_column(table, name, faults) for name in wanted if name in table.columns}
    for name in ("tp_degree", "mps_share_pct", "rate_rps"):
        for i in np.flatnonzero(np.isnan(values[name])) if len(faults) == before else ():
            faults.append(
                Fault(
                    table.file,
                    table.place(int(i), name),
                    "",
                    "the cell is blank",
                    "fill it in or delete the row",
                )
            )
    if len(faults) > before:
        return []
    keys = list(
        zip(words["llm"], words["gpu"], values["tp_degree"], values["mps_share_pct"], strict=True)
    )
    curves = []
    for key in sorted(set(keys)):
        at = np.flatnonzero([other == key for other in keys])
        at = at[np.argsort(values["rate_rps"][at], kind="stable")]
        part = {
            name: column[at] for name, column in values.items() if not np.isnan(column[at]).all()
        }
        curves.append(
            CurveRows(
                llm=str(key[0]),
                gpu=str(key[1]),
                tp_degree=float(key[2]),
                mps_share_pct=float(key[3]),
                rows=table.rows[at],
                values=part,
            )
        )
    return curves


def check_curve(curve: CurveRows) -> list[Finding]:
    """Everything that is odd about one curve by itself."""
    checks = (_refused, _repeated, _arithmetic, _compute, _shape, _spikes, _span, _mixed)
    return [finding for check in checks for finding in check(curve)]


def _finding(
    curve: CurveRows, severity: str, at: Iterable[Any] | np.ndarray, text: str, size: float = 0.0
) -> Finding:
    return Finding(severity, curve.words, tuple(int(curve.rows[i]) for i in at), text, float(size))


def _refused(curve: CurveRows) -> Iterator[Finding]:
    """What the planner does not take: values, gaps in columns, percentiles out of order."""
    for name in LATENCIES:
        if name not in curve.values:
            continue
        column = curve.values[name]
        bad = np.flatnonzero(column <= 0)
        if bad.size:
            yield _finding(curve, "refused", bad, f"{name} is not above 0")
        blank = np.flatnonzero(np.isnan(column))
        if blank.size:
            yield _finding(
                curve,
                "refused",
                blank,
                f"{name} is blank here, but not on the other rows of the option",
            )
    for metric in METRICS:
        highest = np.full(len(curve.rows), -np.inf)
        for name in (f"{metric}_{statistic}_ms" for statistic in STATISTICS[1:]):
            if name in curve.values:
                below = np.flatnonzero(curve.values[name] < highest)
                if below.size:
                    yield _finding(
                        curve,
                        "refused",
                        below,
                        f"{name} is below a lower percentile of the same row",
                    )
                highest = np.fmax(highest, curve.values[name])


def _repeated(curve: CurveRows) -> Iterator[Finding]:
    """The same rate twice; the same latencies at two rates."""
    for rate in np.unique(curve.rates[1:][np.diff(curve.rates) == 0]):
        at = np.flatnonzero(curve.rates == rate)
        yield _finding(
            curve,
            "refused",
            at,
            f"{len(at)} rows have the rate {rate:g} req/s: average repeated measurements first",
        )
    names = curve.columns()
    seen: dict[tuple[float, ...], int] = {}
    for i, cells in enumerate(
        zip(*(curve.values[name] for name in names), strict=True) if names else ()
    ):
        first = seen.setdefault(cells, i)
        if first != i and curve.rates[first] != curve.rates[i]:
            yield _finding(
                curve, "odd", (first, i), "the same latencies stand at two rates: a copied row?"
            )


def _arithmetic(curve: CurveRows) -> Iterator[Finding]:
    """Little's law; the parts of E2E; a mean above the 99th percentile."""
    values = curve.values
    blank = np.full(len(curve.rows), np.nan)
    ttft, tpot, e2e = (values.get(name, blank) for name in MEANS)
    concurrency, output = values.get("concurrency", blank), values.get("output_tokens", blank)
    with np.errstate(divide="ignore", invalid="ignore"):
        under_way = curve.rates * e2e / 1e3
        off = np.where((concurrency > 0) & (curve.rates > 0), _factor(under_way, concurrency), 1.0)
        parts = ttft + (output - 1) * tpot
        split = np.where(
            output >= 2, _factor(parts, e2e) / np.where(parts > e2e, BEYOND_E2E, SHORT_OF_E2E), 0.0
        )
    if bad := list(np.flatnonzero(off > LITTLE)):
        i = max(bad, key=lambda k: off[k])
        text = (
            f"rate times end-to-end time is {under_way[i]:.3g} requests under way, the table says"
            f" {concurrency[i]:.3g} (Little's law)"
        )
        yield _finding(
            curve,
            "wrong",
            bad,
            text + ": check the units, and whether the rate is of one replica",
            off[i] - 1,
        )
    if bad := list(np.flatnonzero(split > 1)):
        i = max(bad, key=lambda k: split[k])
        text = (
            f"TTFT + (output tokens - 1) * TPOT is {parts[i]:,.4g} ms, E2E is {e2e[i]:,.4g} ms: one"
            " of them has another unit or meaning"
        )
        yield _finding(curve, "wrong", bad, text, float(_factor(parts[i], e2e[i]) - 1))
    if bad := list(np.flatnonzero(e2e < ttft)):
        yield _finding(
            curve, "wrong", bad, "E2E is shorter than TTFT", np.max(ttft[bad] / e2e[bad]) - 1
        )
    for metric in METRICS:
        mean, high = values.get(f"{metric}_mean_ms", blank), values.get(f"{metric}_p99_ms", blank)
        if bad := list(np.flatnonzero(mean > high)):
            yield _finding(
                curve,
                "wrong",
                bad,
                f"the mean of {metric} is above its 99th percentile",
                np.max(mean[bad] / high[bad]) - 1,
            )


def _factor(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many times one is the other, at least 1; 1 where either is unknown."""
    ratio = a / b
    return np.nan_to_num(np.maximum(ratio, 1 / ratio), nan=1.0, posinf=1.0)


def _compute(curve: CurveRows) -> Iterator[Finding]:
    """Arithmetic that the rate implies, 2 * active parameters * tokens, against the dense 16-bit
    peak of the GPUs times the share.
    """
    llm, gpu = load_llms().get(curve.llm), load_gpus().get(curve.gpu)
    if (
        llm is None
        or gpu is None
        or "input_tokens" not in curve.values
        or "output_tokens" not in curve.values
    ):
        return
    tokens = curve.values["input_tokens"] + curve.values["output_tokens"]
    peak = gpu.bf16_dense_tflops * 1e12 * curve.tp_degree * curve.mps_share_pct / 100
    part = curve.rates * tokens * 2e9 * llm.parameters_active_b / peak
    if bad := list(np.flatnonzero(part > COMPUTE)):
        worst = float(np.max(part[bad]))
        text = (
            f"the rate takes {100 * worst:.0f} % of the GPUs' peak arithmetic, more than is ever"
            f" reached (about {100 * COMPUTE:.0f} %)"
        )
        yield _finding(
            curve,
            "wrong",
            bad,
            text + ": rate of several replicas, cached prefixes, or another GPU?",
            worst - COMPUTE,
        )


def falls(curve: CurveRows, name: str) -> list[int]:
    """Points whose latency is clearly below that of the point before."""
    column, least = curve.values[name], 1 - (NOISE_P99 if "_p99_" in name else NOISE)
    return [
        i
        for i in range(1, len(column))
        if column[i] < least * column[i - 1] and curve.rates[i] > curve.rates[i - 1]
    ]


def _shape(curve: CurveRows) -> Iterator[Finding]:
    """Where latency falls with the rate, and what convexity would cost."""
    for name in curve.columns():
        down = falls(curve, name)
        if down:
            drop = max(1 - curve.values[name][i] / curve.values[name][i - 1] for i in down)
            yield _finding(
                curve,
                "odd",
                down,
                f"{name} falls although the rate rises, by up to {100 * drop:.0f} %: noise, or runs"
                " too short",
                drop,
            )
    for name in curve.columns(MEANS):
        cost = convex_cost(curve.rates, curve.values[name])
        if cost > NOISE:
            text = (
                f"{name} is not convex: a convex curve that is nowhere below it lies up to"
                f" {100 * cost:.1f} % of the latency above it"
            )
            yield _finding(curve, "note", range(len(curve.rows)), text, cost)


def convex_cost(rates: np.ndarray, latency: np.ndarray) -> float:
    """c of the module's docstring: 0 for a convex budget.

    rates: (K,) req/s rising; latency: (K,) > 0.
    """
    rates, first = np.unique(rates, return_index=True)
    latency = latency[first]
    if not rates[-1] > 0 or not (latency > 0).all():
        return 0.0
    edges = np.union1d(rates[rates > 0], [0.0])
    grid = np.unique(np.concatenate([np.linspace(a, b, GRID + 1) for a, b in pairwise(edges)]))[1:]
    budget = grid * np.interp(grid, rates, latency)
    hull_r, hull_d = [0.0], [0.0]
    for r, d in zip(grid, budget, strict=True):
        while len(hull_r) > 1 and (hull_d[-1] - hull_d[-2]) * (r - hull_r[-1]) >= (
            d - hull_d[-1]
        ) * (hull_r[-1] - hull_r[-2]):
            hull_r.pop()
            hull_d.pop()
        hull_r.append(float(r))
        hull_d.append(float(d))
    cost = float(np.max(budget / np.interp(grid, hull_r, hull_d)) - 1)
    return cost if cost > FINEST else 0.0


def _spikes(curve: CurveRows) -> Iterator[Finding]:
    """A point far above both neighbours."""
    for name in curve.columns():
        column = curve.values[name]
        for i in range(1, len(column) - 1):
            higher = max(column[i - 1], column[i + 1])
            if column[i] > SPIKE * higher:
                beside = f"{column[i - 1]:,.4g} and {column[i + 1]:,.4g} ms"
                text = (
                    f"{name} is {column[i]:,.4g} ms, but {beside} at the rates beside it: an"
                    " outlier?"
                )
                yield _finding(curve, "odd", (i,), text, column[i] / higher - 1)


def _span(curve: CurveRows) -> Iterator[Finding]:
    """Number of points, flat beginning, wide intervals in which the latency changes much."""
    count, top = len(np.unique(curve.rates)), float(curve.rates[-1])
    if count < 3:
        text = (
            "1 point: the latency is taken as flat up to its rate"
            if count == 1
            else "2 points: a straight line between them"
        )
        yield _finding(curve, "note", range(len(curve.rows)), text)
    elif curve.rates[0] > FLAT_BEGINNING * top:
        text = (
            f"nothing was measured below {curve.rates[0]:.4g} req/s"
            f" ({100 * curve.rates[0] / top:.0f} % of the highest rate): flat there"
        )
        yield _finding(curve, "note", (0,), text, curve.rates[0] / top)
    for i in range(1, len(curve.rows)):
        if count < 3 or not curve.rates[i] - curve.rates[i - 1] > GAP_SPAN * top:
            continue
        rises = {
            name: curve.values[name][i] / curve.values[name][i - 1]
            for name in curve.columns(MEANS)
            if curve.values[name][i - 1] > 0
        }
        name = max(rises, key=lambda n: rises[n], default="")
        if name and rises[name] > GAP_RISE:
            middle = (curve.rates[i] + curve.rates[i - 1]) / 2
            ends = f"{curve.rates[i - 1]:.4g} and {curve.rates[i]:.4g} req/s"
            text = f"{name} grows {rises[name]:.1f}-fold between {ends} without a point between"
            yield _finding(
                curve,
                "odd",
                (i - 1, i),
                f"{text}: measure at about {middle:.3g} req/s",
                rises[name] - 1,
            )


def _mixed(curve: CurveRows) -> Iterator[Finding]:
    """Prompts or answers of different lengths in one curve."""
    for name in ("input_tokens", "output_tokens"):
        column = curve.values.get(name, np.zeros(0))
        known = column[~np.isnan(column) & (column > 0)]
        if known.size and known.max() > LENGTHS * known.min():
            text = (
                f"{name} goes from {known.min():.4g} to {known.max():.4g}: points of different"
                " workloads make no curve"
            )
            yield _finding(
                curve, "odd", range(len(curve.rows)), text, known.max() / known.min() - 1
            )
