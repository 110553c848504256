"""Which LLMs of a plan over cells are slower than a limit that holds over all requests together.

As `planner.presentation.plan.slo_scope`, lane by lane: of each limit of a class, and of those over
all classes, the options whose own latency is above it in some case, each in the case where it is
furthest above. LLMs outside the cluster are no lanes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.plans.labels import slo_label
from planner.plans.numbers import is_within_limit
from planner.plans.option_index import option_slice_words
from planner.presentation.formatting import format_exact

__all__ = ["cell_slo_scope_lines"]

Content = Mapping[str, Any]

MOST = 4
"""Options named of one limit; the others are counted."""


def cell_slo_scope_lines(content: Content) -> list[str]:
    """Say of each limit over all requests which LLMs are slower; no full stop at the end."""
    slower: dict[tuple[str, str], dict[str, tuple[float, str]]] = {}
    for subject, case, loss, classes, slo in _limits_over_all(content):
        named = slower.setdefault((subject, slo_label(slo["metric"], slo["statistic"], "all")), {})
        for option, latency in _lane_latencies(content, case, loss, classes, slo):
            if not is_within_limit(latency, slo["limit_ms"]):
                excess = latency / slo["limit_ms"]
                words = f"{latency:,.1f} ms in {case}, limit {format_exact(slo['limit_ms'])}" + (
                    "" if loss is None else ", nodes lost"
                )
                named[option] = max(named.get(option, (0.0, "")), (excess, words))
    return [
        f"the {label} limit of {subject} holds over its requests together; slower alone:"
        f" {_named_slower(named)}"
        for (subject, label), named in slower.items()
        if named
    ]


def _limits_over_all(
    content: Content,
) -> Iterator[tuple[str, str, int | None, Sequence[str], Content]]:
    """Yield (whose limit, case, loss, classes, SLO) of every limit of scope `all`."""
    for cell in content["cells"]:
        for slo in cell["slo"]:
            if slo["scope"] == "all":
                subject = f"class {cell['class']}"
                yield subject, cell["case"], cell["loss"], [cell["class"]], slo
    for case in content["cases"]:
        cells = [cell for cell in content["cells"] if cell["case"] == case["case"]]
        classes = list(dict.fromkeys(cell["class"] for cell in cells))
        for loss in dict.fromkeys(cell["loss"] for cell in cells):
            for slo in case["slo"]:
                if slo["scope"] == "all":
                    yield "all classes", case["case"], loss, classes, slo


def _lane_latencies(
    content: Content, case: str, loss: int | None, classes: Sequence[str], slo: Content
) -> Iterator[tuple[str, float]]:
    """Yield (option in words, latency in ms) of the lanes that serve any of the classes."""
    column = f"{slo['metric']}_{slo['statistic']}"
    [options] = [setup["options"] for setup in content["setups"] if case in setup["cases"]]
    for lane in content["lanes"]:
        if (lane["case"], lane["loss"]) != (case, loss):
            continue
        option = options[lane["option"]]
        words = f"{option['llm']} tp{option['tp_degree']} {option_slice_words(option)}"
        for name in classes:
            own = lane.get("class_latency_ms", {}).get(name, lane["latency_ms"])
            if lane["rates"].get(name, 0.0) > 0.0 and own.get(column) is not None:
                yield words, own[column]


def _named_slower(named: Mapping[str, tuple[float, str]]) -> str:
    ordered = sorted(named.items(), key=lambda item: -item[1][0])
    more = f" and {len(ordered) - MOST} more" if len(ordered) > MOST else ""
    return ", ".join(f"{option} ({words})" for option, (_, words) in ordered[:MOST]) + more
