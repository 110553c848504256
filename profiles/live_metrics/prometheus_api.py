"""A Prometheus, or what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics) -> series.

Asked by `/api/v1/query_range` in parts of two hours, every 30 s, for the metrics that are needed;
and by the function `timestamp` for when each server was really scraped, since an answer carries
what was scraped last before each of its own times. Every part has a limit of time and size.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from profiles.io.faults import DataError, Fault, shown_in_fault
from profiles.live_metrics.metric_names import NAME_PATTERNS
from profiles.live_metrics.query_answer import series_of_query_answer
from profiles.live_metrics.record import CLOCK, MetricSeries

__all__ = ["LONGEST_S", "is_prometheus_url", "read_prometheus", "shown_prometheus_url"]

STEP_S = 30.0
PART_S = 2 * 3600.0
LONGEST_S = 31 * 86400.0
CONNECT_S, ANSWER_S = 10.0, 60.0
LARGEST_ANSWER = 256 * 2**20
"""Bytes of one answer."""
MOST_NUMBERS = 40_000_000
"""Of all answers together: 16 bytes each."""
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
BASE = "give the address under which /api/v1/query_range is, e.g. http://prometheus:9090"
_STATUS = {
    401: "log in: http://USER:PASSWORD@HOST, or a token in PROMETHEUS_TOKEN",
    403: "log in: http://USER:PASSWORD@HOST, or a token in PROMETHEUS_TOKEN",
    404: BASE,
    405: BASE,
    422: "choose fewer servers (--label), or a shorter time",
    429: "wait, or choose a shorter time",
    503: "choose fewer servers (--label) or a shorter time, or wait",
    504: "choose fewer servers (--label), or a shorter time",
}


class _PrometheusError(Exception):
    """An answer that cannot be used. problem, fix: as in faults; shown: what it said."""

    def __init__(self, problem: str, fix: str, shown: str = "") -> None:
        super().__init__(problem)
        self.problem, self.fix, self.shown = problem, fix, shown


def is_prometheus_url(source: str) -> bool:
    """Whether a source is an address and no file."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def shown_prometheus_url(url: str) -> str:
    """The address without what logs in."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    except ValueError:
        return "the address"


def read_prometheus(
    url: str, start: float, end: float, labels: Mapping[str, str], token: str = ""
) -> tuple[list[MetricSeries], list[str]]:
    """The series from `start` to `end` (s since 1970) that have all these labels; notices.

    token: sent as bearer. Raises DataError.
    """
    try:
        return _asked_prometheus(url, start, end, labels, token)
    except _PrometheusError as error:
        place = shown_prometheus_url(url)
        raise DataError([Fault(place, "", error.shown, error.problem, error.fix)]) from None


def _asked_prometheus(
    url: str, start: float, end: float, labels: Mapping[str, str], token: str
) -> tuple[list[MetricSeries], list[str]]:
    series: list[MetricSeries] = []
    notices: dict[str, None] = {}
    numbers = 0
    queries = _prometheus_queries(labels)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    try:
        with httpx.Client(timeout=timeout, headers=headers) as client:
            for part_start, part_end in _prometheus_parts(start, end):
                for name, query in queries:
                    asked = {
                        **{"query": query, "start": f"{part_start:.3f}", "end": f"{part_end:.3f}"},
                        **{"step": f"{STEP_S:g}", "timeout": f"{ANSWER_S:g}s"},
                    }
                    tree = _answer_of_prometheus(client, url, asked)
                    found = _prometheus_series(tree, name)
                    if name == CLOCK and not found:
                        break  # no server counted requests in this part
                    numbers += sum(len(one.times) for one in found)
                    if numbers > MOST_NUMBERS:
                        problem = f"the answers hold more than {MOST_NUMBERS:,} numbers"
                        fix = "choose fewer servers (--label), or a shorter time"
                        raise _PrometheusError(problem, fix)
                    series += found
                    notices |= dict.fromkeys(_prometheus_warnings(tree))
    except httpx.InvalidURL as error:
        raise _PrometheusError("this is no address", BASE, str(error)) from None
    return series, list(notices)


def _prometheus_queries(labels: Mapping[str, str]) -> Sequence[tuple[str | None, str]]:
    """(name of what it answers where that has none, query); the clock first."""
    chosen = ""
    for name, value in labels.items():
        if _LABEL.fullmatch(name) is None:
            problem = "this is no name of a label"
            raise _PrometheusError(problem, "write --label instance=HOST:PORT", name)
        chosen += f",{name}={json.dumps(value, ensure_ascii=False)}"
    requests = "([a-z]+_)?(vllm[:_]request_success_total|sglang[:_]num_requests_total)"
    return [
        (CLOCK, f'timestamp({{__name__=~"{requests}"{chosen}}})'),
        *((None, f'{{__name__=~"{pattern}"{chosen}}}') for pattern in NAME_PATTERNS),
    ]


def _prometheus_parts(start: float, end: float) -> Iterator[tuple[float, float]]:
    """Times from first to last of each question, all on one grid of steps."""
    first = STEP_S * (start // STEP_S)
    while first <= end:
        last = min(first + PART_S - STEP_S, end)
        yield first, last
        first += PART_S


def _answer_of_prometheus(client: httpx.Client, url: str, asked: Mapping[str, str]) -> Any:
    """The JSON of one answer, read within the limits."""
    address = f"{url.rstrip('/')}/api/v1/query_range"
    began, body = monotonic(), bytearray()
    try:
        with client.stream("GET", address, params=dict(asked)) as answer:
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    problem = f"an answer is larger than {LARGEST_ANSWER // 2**20} MiB"
                    raise _PrometheusError(problem, _STATUS[422])
                if monotonic() - began > ANSWER_S:
                    raise httpx.ReadTimeout("")
    except httpx.TimeoutException as error:
        if isinstance(error, httpx.ConnectTimeout):
            problem = f"nothing answers within {CONNECT_S:g} s"
            raise _PrometheusError(problem, "check the address") from None
        problem = f"the answer takes longer than {ANSWER_S:g} s"
        raise _PrometheusError(problem, _STATUS[422]) from None
    except httpx.HTTPError as error:
        problem = f"it cannot be reached ({str(error) or type(error).__name__})"
        raise _PrometheusError(problem, "check the address") from None
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        tree = None
    if answer.status_code != httpx.codes.OK:
        said = tree.get("error", "") if isinstance(tree, Mapping) else ""
        problem = f"it answers {answer.status_code} {answer.reason_phrase}".rstrip()
        fix = _STATUS.get(answer.status_code, BASE)
        raise _PrometheusError(problem, fix, shown_in_fault(said, 200) if said else "")
    if tree is None:
        raise _PrometheusError("it answers no JSON, so it is no Prometheus", BASE)
    return tree


def _prometheus_series(tree: Any, name: str | None) -> list[MetricSeries]:
    faults: list[Fault] = []
    series = series_of_query_answer(tree, "", faults, name=name)
    if faults:
        raise _PrometheusError(faults[0].problem, BASE, faults[0].value)
    return series


def _prometheus_warnings(tree: Any) -> list[str]:
    """What it warns of, above all that its answer is a part (Thanos)."""
    listed = tree.get("warnings") if isinstance(tree, Mapping) else None
    said = listed if isinstance(listed, list) else []
    return [f"Prometheus warns: {shown_in_fault(text, 200)}" for text in said]
