"""Demand of the draft as keys of a scenario: one rate, rates of classes, or a day's log."""

from typing import Any

from app_pages.session.draft import draft_rows, draft_value
from app_pages.session.starting.draft_curves import draft_tokens
from app_pages.session.starting.draft_day import draft_day
from app_pages.session.starting.draft_outside import draft_prices_tokens

__all__ = [
    "ALL_REQUESTS",
    "DAY",
    "ONE",
    "SEVERAL",
    "TOKENS",
    "draft_class_names",
    "draft_demand_part",
    "draft_demand_tokens",
    "draft_lacks_tokens",
    "draft_tokens_field",
]

ONE, SEVERAL, DAY = "one", "classes", "day"
"""Kinds of demand."""
ALL_REQUESTS = "all"
"""Name of the class of all requests, where prices by tokens need one."""
TOKENS = ("input_tokens", "output_tokens")


def draft_demand_part() -> dict[str, Any]:
    """Rates, classes and cases; {} of a day whose log is not read."""
    kind = draft_value("demand", ONE)
    if kind == DAY:
        return _demand_of_day()
    if kind == SEVERAL:
        return _demand_of_classes()
    part: dict[str, Any] = {"arrival_rate_rps": draft_value("rate")}
    if draft_prices_tokens():
        part["classes"] = [{"name": ALL_REQUESTS, **draft_demand_tokens()}]
    return part


def _demand_of_classes() -> dict[str, Any]:
    rows = draft_rows("class", 2)
    names = [draft_value(f"class {k} name", "") for k in rows]
    rates = [draft_value(f"class {k} rate") for k in rows]
    classes = [
        {"name": name, **(draft_demand_tokens(f"class {k} ") if draft_prices_tokens() else {})}
        for k, name in zip(rows, names, strict=True)
    ]
    return {"classes": classes, "arrival_rate_rps": dict(zip(names, rates, strict=True))}


def _demand_of_day() -> dict[str, Any]:
    """The day's keys; lengths that its log does not say are filled in where prices need them."""
    day = draft_day()
    if day is None:
        return {}
    tokens = draft_demand_tokens() if draft_prices_tokens() else {}
    return {**day.keys, "classes": [{**tokens, **one} for one in day.keys["classes"]]}


def draft_demand_tokens(of: str = "") -> dict[str, float | None]:
    """Mean tokens of a request. of: beginning of the fields' names."""
    return {key: draft_value(draft_tokens_field(key, of), draft_tokens(key)) for key in TOKENS}


def draft_tokens_field(key: str, of: str = "") -> str:
    """The field that holds the mean tokens of a prompt or an answer."""
    return f"{of}demand {key.replace('_', ' ')}"


def draft_lacks_tokens() -> bool:
    """Whether prices by tokens need lengths that a day's log does not say."""
    day = draft_day()
    return draft_prices_tokens() and (
        day is not None and any(not set(TOKENS) <= one.keys() for one in day.keys["classes"])
    )


def draft_class_names() -> list[str]:
    """Names of the classes that requests are told apart by; none of a single rate."""
    if draft_value("demand", ONE) == ONE:
        return []
    classes = draft_demand_part().get("classes", [])
    return [one["name"] for one in classes if one["name"]]
