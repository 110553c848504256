"""Measured over planned latency of every deployed option.

    f = sum_w s_w / sum_w n_w L(r_w)

over the steady windows w of an option at rates on its curve: s_w the sum of the n_w latencies that
were observed, r_w the rate of one replica, L the mean of the curve. f = 1 says that the curve is
right at the loads that were met. It is judged over the whole time and over its last quarter, so
that a change of this morning is not averaged away, with the interval of
`planner.monitoring.ratio_errors`.

A curve states an error e: that of its source where it says one (curves of `profile import
--prometheus` do), else by provenance the 90th percentile of what docs/accuracy.md found, and for
measured ones MEASURED. The curve has drifted where the interval of f and the curve's own,
1 / (1 + e) to 1 + e, do not meet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.monitoring.metered_options import MeteredOption
from planner.monitoring.ratio_errors import FEWEST, MeteredRatio, ratio_over_windows
from planner.plans.latencies import latencies_at
from profiles.live_metrics.histograms import histogram_without_single_tokens
from profiles.live_metrics.metric_names import Quantity
from profiles.live_metrics.point_notes import errors_in_point_source
from profiles.live_metrics.rate_bins import ServerWindow
from profiles.live_metrics.record import Histogram
from profiles.records import METRICS, PROVENANCES, Curve

__all__ = [
    "CurveDrift",
    "CurveSpan",
    "curve_comparisons",
    "curve_error_stated",
    "measure_curve_factors",
    "metered_histogram",
]

MEASURED = 0.10
ERRORS: Mapping[str, Mapping[str, float]] = {
    "measured": dict.fromkeys(METRICS, MEASURED),
    "interpolated": {"ttft": 0.32, "tpot": 0.10, "e2e": 0.10},
    "calibrated": {"ttft": 0.48, "tpot": 0.19, "e2e": 0.18},
    "estimated": {"ttft": 1.46, "tpot": 0.33, "e2e": 0.33},
}
"""Relative, by provenance: of those made of measurements as docs/accuracy.md has them for a quarter
of the points, for five points, and for none.
"""
LAST = 4
"""The last quarter of the windows is looked at on its own."""


class CurveSpan(StrEnum):
    """Which windows a factor is of."""

    ALL = "whole time"
    LAST = "last quarter"


@dataclass(frozen=True, kw_only=True)
class CurveDrift:
    """One factor. stated: error of the curve, relative; windows: how many; rates: the least and the
    largest of one replica, req/s. tokens: mean of prompts and of answers, NaN where nothing says.
    """

    option: MeteredOption
    metric: str
    span: CurveSpan
    factor: MeteredRatio
    stated: float
    windows: int
    rates: tuple[float, float]
    tokens: tuple[float, float]

    @property
    def drifted(self) -> bool:
        """Whether the intervals do not meet."""
        return self.factor.low > 1.0 + self.stated or self.factor.high < 1.0 / (1.0 + self.stated)

    @property
    def differs(self) -> bool:
        """Whether the measured number is another one than the curve's, by more than chance."""
        return self.factor.low > 1.0 or self.factor.high < 1.0


@dataclass(frozen=True)
class _Observed:
    """Latencies of one metric in the windows of one span, (W,): their sums, what the curve says,
    and whose they are.
    """

    sums: np.ndarray
    planned: np.ndarray
    windows: Sequence[ServerWindow]


def curve_comparisons(options: Sequence[MeteredOption]) -> int:
    """How many factors there will be."""
    return sum(1 for _ in _observed_of_options(options))


def measure_curve_factors(
    options: Sequence[MeteredOption], comparisons: int, stated: float | None = None
) -> list[CurveDrift]:
    """Every factor. comparisons: numbers judged together; stated: error of every curve, None: what
    each states.
    """
    found = []
    for option, metric, span, observed in _observed_of_options(options):
        factor = ratio_over_windows(observed.sums, observed.planned, comparisons)
        if factor is None:
            continue
        rates = [one.rate for one in observed.windows]
        curve = option.option.curve
        found.append(
            CurveDrift(
                option=option,
                metric=metric,
                span=span,
                factor=factor,
                stated=curve_error_stated(curve, metric) if stated is None else stated,
                windows=len(observed.windows),
                rates=(min(rates), max(rates)),
                tokens=_tokens_of_windows(observed.windows),
            )
        )
    return found


def curve_error_stated(curve: Curve, metric: str) -> float:
    """The error that a curve states, relative."""
    weakest = max(curve.provenance, key=PROVENANCES.index)
    said = errors_in_point_source(curve.source) if weakest == "measured" else {}
    return said.get(metric, ERRORS[weakest][metric])


def metered_histogram(one: ServerWindow, metric: str) -> Histogram | None:
    """What a window observed of a metric; None where it observed nothing."""
    quantity = Quantity(metric)
    histogram = one.window.histograms.get(quantity)
    if histogram is not None and quantity == Quantity.TPOT:
        lengths = one.window.histograms.get(Quantity.OUTPUT_TOKENS)
        histogram = histogram_without_single_tokens(histogram, lengths)
    return None if histogram is None or histogram.count <= 0 else histogram


def _observed_of_options(
    options: Sequence[MeteredOption],
) -> Iterator[tuple[MeteredOption, str, CurveSpan, _Observed]]:
    """Every option, metric and span of which there are enough windows."""
    for option in options:
        for metric in METRICS:
            if (metric, "mean") not in option.option.curve.latency:
                continue
            observed = _observed_metric(option, metric)
            if len(observed.windows) < FEWEST:
                continue
            yield option, metric, CurveSpan.ALL, observed
            last = len(observed.windows) // LAST
            if last >= FEWEST:
                part = _Observed(
                    observed.sums[-last:], observed.planned[-last:], observed.windows[-last:]
                )
                yield option, metric, CurveSpan.LAST, part


def _observed_metric(option: MeteredOption, metric: str) -> _Observed:
    curve = option.option.curve
    kept, sums, planned = [], [], []
    for one in option.steady:
        histogram = metered_histogram(one, metric)
        if histogram is None or one.rate > curve.max_rate:
            continue
        kept.append(one)
        sums.append(float(histogram.total))
        planned.append(float(histogram.count) * latencies_at(curve, one.rate)[metric, "mean"])
    return _Observed(np.array(sums), np.array(planned), kept)


def _tokens_of_windows(windows: Sequence[ServerWindow]) -> tuple[float, float]:
    """Mean tokens of a prompt and of an answer."""
    means = []
    for quantity in (Quantity.INPUT_TOKENS, Quantity.OUTPUT_TOKENS):
        parts = [
            one.window.histograms[quantity] for one in windows if quantity in one.window.histograms
        ]
        tokens = sum(float(part.total) for part in parts)
        count = sum(float(part.count) for part in parts)
        if not parts:
            tokens = sum(one.window.numbers.get(quantity, 0.0) for one in windows)
            count = sum(one.window.requests for one in windows) if tokens > 0 else 0.0
        means.append(tokens / count if count > 0 else float("nan"))
    return means[0], means[1]
