"""Text of `/metrics`, in the format of Prometheus or of OpenMetrics, read by Prometheus's own
client library.

A sample may carry a time (ms since 1970; in OpenMetrics, whose last line is `# EOF`, s); a scrape
saved by curl has none, and all of it gets the time of the file.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus_text

from profiles.io.faults import Fault, shown_in_fault
from profiles.live_metrics.metric_names import TARGET_ONLY, metric_name_parts
from profiles.live_metrics.record import MetricSeries

__all__ = ["is_exposition", "series_of_exposition"]

_NEEDED = re.compile(rf"(?:[a-z]+_)?(?:vllm|sglang)[:_]|{'|'.join(TARGET_ONLY)}")
_NUMBER = r"[-+]?(?:\d[\d.eE+-]*|[Ii]nf|NaN)"
_SAMPLE = re.compile(
    rf"[A-Za-z_:][A-Za-z0-9_:]*(?<!:)(\{{.*\}})?\s+{_NUMBER}(\s+{_NUMBER})?\s*(#.*)?"
)
_EXEMPLAR = re.compile(r"\s# \{[^{}]*\}\s+\S+(\s+\S+)?\s*$")
"""One request of a bucket, as OpenMetrics may name it behind the sample."""
_EOF = "# EOF"


def is_exposition(content: str) -> bool:
    """Whether a text looks like one: its first line is a comment of the format or a sample."""
    first = next((line.strip() for line in content.splitlines() if line.strip()), "")
    if first.startswith(("# HELP ", "# TYPE ", "# UNIT ", _EOF)):
        return True
    return _SAMPLE.fullmatch(first) is not None


def series_of_exposition(
    content: str, file: str, when: float, faults: list[Fault]
) -> list[MetricSeries]:
    """The series that are needed here; a fault where the text breaks the format.

    when: s since 1970, of samples without a time.
    """
    lines = [
        _EXEMPLAR.sub("", line) for line in content.splitlines() if _is_needed_exposition(line)
    ]
    is_open = content.rstrip().endswith(_EOF)
    try:
        return _series_of_families(_exposition_families(lines, is_open=is_open), when)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
        said = shown_in_fault(str(error), 120)
        problem = "the text breaks the format of Prometheus's metrics"
        faults.append(Fault(file, "", said, problem, "save the page again: curl URL/metrics"))
        return []


def _is_needed_exposition(line: str) -> bool:
    """Samples alone: what a name means is known here, and other metrics' lines may be long."""
    return _NEEDED.match(line.lstrip()) is not None


def _exposition_families(lines: list[str], *, is_open: bool) -> Iterable[Metric]:
    text = "\n".join(lines) + "\n"
    # Without the lines that say types every sample is a family of its own, which both accept.
    return open_metrics(f"{text}{_EOF}\n") if is_open else prometheus_text(text)


def _series_of_families(families: Iterable[Metric], when: float) -> list[MetricSeries]:
    found: dict[tuple, list[tuple[float, float]]] = defaultdict(list)
    for family in families:
        for sample in family.samples:
            if metric_name_parts(sample.name, sample.labels) is not None:
                time = when if sample.timestamp is None else float(sample.timestamp)
                key = (sample.name, tuple(sorted(sample.labels.items())))
                found[key].append((time, float(sample.value)))
    series = []
    for (name, labels), pairs in found.items():
        table = np.array(sorted(pairs))
        series.append(MetricSeries(name, dict(labels), table[:, 0], table[:, 1]))
    return series
