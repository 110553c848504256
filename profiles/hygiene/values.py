"""Values of a curve that the planner refuses, or that contradict arithmetic or the hardware."""

from collections.abc import Iterator

import numpy as np

from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.hygiene.curve_rows import MEANS, CurveRows, Finding, Severity, curve_rows_finding
from profiles.physical_bounds import faster_than_weights, least_token_ms
from profiles.profile_columns import LATENCIES
from profiles.records import METRICS, STATISTICS

__all__ = [
    "check_compute_values",
    "check_mixed_values",
    "check_refused_values",
    "check_repeated_values",
    "check_speed_values",
    "check_value_arithmetic",
]


COMPUTE = 0.75
"""Share of the peak that no engine reaches over a whole run; more says that the row is wrong."""


LENGTHS = 1.2
"""Mean lengths of one curve's points may differ by this factor; beyond it they mix workloads."""

LITTLE = 1.33
"""Concurrency stated and rate * E2E may differ by this factor: the run begins and ends empty."""

SHORT_OF_E2E, BEYOND_E2E = 1.25, 5 / 3
"""The parts of E2E from means: where lengths vary, short answers pay more a token, and the product
of means lies above.
"""


def check_refused_values(curve: CurveRows) -> Iterator[Finding]:
    """What the planner does not take: values, gaps in columns, percentiles out of order."""
    for name in LATENCIES:
        if name not in curve.values:
            continue
        column = curve.values[name]
        bad = np.flatnonzero(column <= 0)
        if bad.size:
            yield curve_rows_finding(curve, Severity.REFUSED, bad, f"{name} is not above 0")
        blank = np.flatnonzero(np.isnan(column))
        if blank.size:
            yield curve_rows_finding(
                curve,
                Severity.REFUSED,
                blank,
                f"{name} is blank here, but not on the other rows of the option",
            )
    for metric in METRICS:
        highest = np.full(len(curve.rows), -np.inf)
        for name in (f"{metric}_{statistic}_ms" for statistic in STATISTICS[1:]):
            if name in curve.values:
                below = np.flatnonzero(curve.values[name] < highest)
                if below.size:
                    yield curve_rows_finding(
                        curve,
                        Severity.REFUSED,
                        below,
                        f"{name} is below a lower percentile of the same row",
                    )
                highest = np.fmax(highest, curve.values[name])


def check_repeated_values(curve: CurveRows) -> Iterator[Finding]:
    """The same rate twice; the same latencies at two rates."""
    for rate in np.unique(curve.rates[1:][np.diff(curve.rates) == 0]):
        at = np.flatnonzero(curve.rates == rate)
        yield curve_rows_finding(
            curve,
            Severity.REFUSED,
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
            yield curve_rows_finding(
                curve,
                Severity.ODD,
                (first, i),
                "the same latencies appear at two rates: a copied row?",
            )


def check_value_arithmetic(curve: CurveRows) -> Iterator[Finding]:
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
        yield curve_rows_finding(
            curve,
            Severity.WRONG,
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
        yield curve_rows_finding(
            curve, Severity.WRONG, bad, text, float(_factor(parts[i], e2e[i]) - 1)
        )
    if bad := list(np.flatnonzero(e2e < ttft)):
        yield curve_rows_finding(
            curve, Severity.WRONG, bad, "E2E is shorter than TTFT", np.max(ttft[bad] / e2e[bad]) - 1
        )
    for metric in METRICS:
        mean, high = values.get(f"{metric}_mean_ms", blank), values.get(f"{metric}_p99_ms", blank)
        if bad := list(np.flatnonzero(mean > high)):
            yield curve_rows_finding(
                curve,
                Severity.WRONG,
                bad,
                f"the mean of {metric} is above its 99th percentile",
                np.max(mean[bad] / high[bad]) - 1,
            )


def _factor(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many times one is the other, at least 1; 1 where either is unknown."""
    ratio = a / b
    return np.nan_to_num(np.maximum(ratio, 1 / ratio), nan=1.0, posinf=1.0)


def check_compute_values(curve: CurveRows) -> Iterator[Finding]:
    """Arithmetic that the rate implies, 2 * active parameters * tokens, against the dense 16-bit
    peak of the GPUs times the share.
    """
    llm, gpu = load_catalogue_llms().get(curve.llm), load_catalogue_gpus().get(curve.gpu)
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
        yield curve_rows_finding(
            curve,
            Severity.WRONG,
            bad,
            text + ": rate of several replicas, cached prefixes, or another GPU?",
            worst - COMPUTE,
        )


def check_speed_values(curve: CurveRows) -> Iterator[Finding]:
    """Latencies below the time in which the GPUs can read the weights of one token."""
    least = least_token_ms(curve.llm, curve.gpu, curve.tp_degree)
    low = {
        name: np.where(curve.values[name] > 0, curve.values[name], np.inf)
        for name in LATENCIES
        if name in curve.values
    }
    bad = [i for i in range(len(curve.rows)) if any(column[i] < least for column in low.values())]
    if bad:
        name = min(low, key=lambda column: np.nanmin(low[column]))
        lowest = float(np.nanmin(low[name]))
        text = f"{faster_than_weights(name, lowest, least)}: written in seconds?"
        yield curve_rows_finding(curve, Severity.WRONG, bad, text, least / lowest - 1)


def check_mixed_values(curve: CurveRows) -> Iterator[Finding]:
    """Prompts or answers of different lengths in one curve."""
    for name in ("input_tokens", "output_tokens"):
        column = curve.values.get(name, np.zeros(0))
        known = column[~np.isnan(column) & (column > 0)]
        if known.size and known.max() > LENGTHS * known.min():
            text = (
                f"{name} goes from {known.min():.4g} to {known.max():.4g}: points of different"
                " workloads make no curve"
            )
            yield curve_rows_finding(
                curve, Severity.ODD, range(len(curve.rows)), text, known.max() / known.min() - 1
            )
