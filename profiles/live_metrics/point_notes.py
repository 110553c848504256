"""What is to be said of servers and points: sentences, and the source in the table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from profiles.importers.formats.record import Run
from profiles.live_metrics.metric_names import Engine, Quantity
from profiles.live_metrics.rate_bins import RATE, BinnedPoint, RateBins, ServerWindow
from profiles.live_metrics.record import Scrapes
from profiles.live_metrics.windows import CutWindows
from profiles.records import METRICS, STATISTICS

__all__ = [
    "errors_in_point_source",
    "live_option_notices",
    "live_point_source",
    "live_server_remarks",
]

CACHED = 0.05
"""Part of the prompts' tokens found in the prefix cache from which it is mentioned."""
NO_TPOT = (
    "TPOT stays empty: inter_token_latency_seconds is of single gaps between tokens, not of"
    " requests (vLLM counts TPOT in request_time_per_output_token_seconds, SGLang does not)"
)
PLACE_WIDTH = 40


def live_server_remarks(server: Scrapes, cut: CutWindows, replicas: int) -> Iterator[str]:
    """Sentences about one server that other servers share."""
    if Quantity.TPOT not in server.histograms and server.gap_between_tokens:
        yield NO_TPOT
    if not cut.halves_compared:
        yield (
            "scrapes are too far apart to see whether the rate changed within a window; requests"
            " under way alone say whether it was steady"
        )
    if Quantity.RUNNING not in server.numbers:
        yield "no gauge says how many requests were under way, so a growing queue is not seen"
    if Quantity.PREEMPTED not in server.numbers:
        yield "no counter of preemptions, so windows with preemptions are not seen"
    if replicas != 1:
        yield f"rates were divided by {replicas} replicas"


def live_option_notices(
    words: str, windows: Sequence[ServerWindow], bins: RateBins, widest: float
) -> Iterator[str]:
    """Sentences about one option. words: its name."""
    engines = sorted({one.engine.value for one in windows})
    if len(engines) > 1:
        yield f"{words}: windows of {' and '.join(engines)} are mixed; a curve should be of one"
    cached = _cached_part_of_windows(windows)
    if cached > CACHED:
        yield (
            f"{words}: {100 * cached:.0f} % of the prompts' tokens came from the prefix cache; the"
            " curve is of such prompts"
        )
    if bins.too_wide:
        yield (
            f"{words}: percentiles stay empty where the bucket they lie in is wider than"
            f" {100 * widest:g} % of its upper edge: {_wide_percentiles(bins)}; --widest-bucket"
            " takes the upper edges of wider ones"
        )


def _wide_percentiles(bins: RateBins) -> str:
    said = []
    for metric in METRICS:
        parts = [
            f"{statistic} {100 * bins.too_wide[metric, statistic]:.0f} %"
            for statistic in STATISTICS
            if (metric, statistic) in bins.too_wide
        ]
        said += [f"{metric} {', '.join(parts)}"] if parts else []
    return "; ".join(said).replace("inf %", "beyond the last edge")


def _cached_part_of_windows(windows: Sequence[ServerWindow]) -> float:
    """The prompts' tokens that the prefix cache held, as a part of those looked up; 0 unknown."""
    hits = asked = 0.0
    for one in windows:
        looked_up = (
            Quantity.LOOKED_UP_TOKENS if one.engine == Engine.VLLM else Quantity.INPUT_TOKENS
        )
        if {Quantity.CACHED_TOKENS, looked_up} <= one.window.numbers.keys():
            hits += one.window.numbers[Quantity.CACHED_TOKENS]
            asked += one.window.numbers[looked_up]
    return hits / asked if asked > 0 else 0.0


def live_point_source(run: Run, binned: BinnedPoint, places: Mapping[str, str]) -> str:
    """The source of a point: engine, servers, windows and errors. places: server -> its name."""
    first = datetime.fromtimestamp(binned.first, UTC).strftime("%Y-%m-%dT%H:%MZ")
    servers = list(binned.windows)
    place = places[servers[0]]
    short = place if len(place) <= PLACE_WIDTH else f"{place[: PLACE_WIDTH - 3]}..."
    more = f" and {len(servers) - 1} more" if len(servers) > 1 else ""
    errors = [f"rate {100 * binned.errors[RATE]:.2g} %"] + [
        f"{metric} {100 * binned.errors[metric, 'mean']:.2g} %"
        for metric in METRICS
        if (metric, "mean") in run.latency_ms
    ]
    widths = [binned.errors[column] for column in run.latency_ms if column[1] != "mean"]
    return (
        f"{run.tool} of {short}{more}: {sum(binned.windows.values())} windows of 5 min from"
        f" {first}; 95 % errors: {', '.join(errors)}"
        + (f"; percentiles at most {100 * max(widths):.2g} % too high" if widths else "")
    )


def errors_in_point_source(source: str) -> dict[str, float]:
    """What the sources of a curve say of its errors: metric -> the largest of its means, 0..1."""
    errors: dict[str, float] = {}
    for said in re.findall(r"95 % errors: ([^;]*)", source):
        for metric, percent in re.findall(rf"({'|'.join(METRICS)}) ([0-9.e+-]+) %", said):
            errors[metric] = max(errors.get(metric, 0.0), float(percent) / 100.0)
    return errors
