"""SLOs and objective of the draft as keys of a scenario."""

from collections.abc import Mapping, Sequence
from typing import Any

from app_pages.session.draft import draft_rows, draft_value
from app_pages.session.starting.draft_demand import draft_class_names

__all__ = [
    "COST",
    "EVERY_CLASS",
    "HEADROOMS",
    "QUALITY",
    "draft_class_slos",
    "draft_goal_part",
    "draft_headroom_field",
    "draft_slos",
    "usual_slo_of_draft",
]

QUALITY, COST = "quality", "cost"
"""Objectives."""
EVERY_CLASS = ""
"""In place of a class: all requests."""
USUAL_SLOS: tuple[Mapping[str, Any], ...] = (
    {"metric": "ttft", "statistic": "p95", "limit_ms": 500},
    {"metric": "tpot", "statistic": "mean", "limit_ms": 40},
    {"metric": "e2e", "statistic": "p95", "limit_ms": 10_000},
)
"""The first, second and later SLOs that most people state."""
HEADROOMS = ("rate_pct", "slo_pct")
"""What room may be left of, as keys of a scenario's headroom."""


def draft_slos() -> list[tuple[str, dict[str, Any]]]:
    """Class and content of every SLO; EVERY_CLASS also where its class is there no more."""
    names = draft_class_names()
    slos: list[tuple[str, dict[str, Any]]] = []
    for position, k in enumerate(draft_rows("slo", 1)):
        of = draft_value(f"slo {k} class", EVERY_CLASS)
        usual = usual_slo_of_draft(position)
        slo = {
            "metric": draft_value(f"slo {k} metric", usual["metric"]),
            "statistic": draft_value(f"slo {k} statistic", usual["statistic"]),
            "limit_ms": draft_value(f"slo {k} limit"),
            "scope": draft_value(f"slo {k} scope", slos[-1][1]["scope"] if slos else None),
        }
        slos.append((of if of in names else EVERY_CLASS, slo))
    return slos


def usual_slo_of_draft(position: int) -> Mapping[str, Any]:
    """What the row of an SLO holds before anything is entered. limit_ms: an example of one."""
    return USUAL_SLOS[min(position, len(USUAL_SLOS) - 1)]


def draft_goal_part() -> dict[str, Any]:
    """SLOs over all requests, the objective, and the headroom where there is any."""
    objective: dict[str, Any] = {"maximize": "quality"}
    if draft_value("objective", QUALITY) == COST:
        objective = {"minimize": "cost", "quality_at_least": draft_value("floor")}
    elif draft_value("budget") is not None:
        objective["cost_at_most_usd_per_h"] = draft_value("budget")
    slos = [slo for of, slo in draft_slos() if of == EVERY_CLASS]
    headroom = {key: draft_value(draft_headroom_field(key)) or 0.0 for key in HEADROOMS}
    kept = {"headroom": headroom} if any(headroom.values()) else {}
    return {"slo": slos, "objective": objective, **kept}


def draft_headroom_field(key: str) -> str:
    """The field that holds one of HEADROOMS, in per cent."""
    return f"headroom {key.removesuffix('_pct')}"


def draft_class_slos(classes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The classes with the SLOs over their own requests."""
    slos = draft_slos()
    own = [[slo for of, slo in slos if of and of == one["name"]] for one in classes]
    return [
        {**one, "slo": mine} if mine else dict(one) for one, mine in zip(classes, own, strict=True)
    ]
