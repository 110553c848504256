"""LLMs of the draft, those of the cluster and those outside, as keys of a scenario.

Latencies of an LLM outside are entered where SLOs are, which say which of them matter.
"""

from typing import Any

from app_pages.session.draft import draft_rows, draft_value
from profiles.records import METRICS, STATISTICS

__all__ = [
    "BY_REQUEST",
    "BY_TOKENS",
    "draft_llm_names",
    "draft_llms_part",
    "draft_outside_names",
    "draft_outside_rows",
    "draft_prices_tokens",
]

BY_TOKENS, BY_REQUEST = "tokens", "requests"
"""What an LLM outside is paid by."""


def draft_outside_rows() -> list[int]:
    """Numbers of the LLMs outside; none to begin with."""
    return draft_rows("outside", 0)


def draft_outside_names() -> list[str]:
    """Names of the LLMs outside; "" of one that has none yet."""
    return [draft_value(f"outside {k} name", "") for k in draft_outside_rows()]


def draft_llm_names() -> list[str]:
    """All LLMs: those of the cluster first."""
    return [*draft_value("llms", []), *draft_outside_names()]


ALL_RUN = "all run"
"""Field: whether every LLM of the cluster must run."""


def draft_prices_tokens() -> bool:
    """Whether an LLM outside is paid by tokens, so that requests need a length."""
    return any(
        draft_value(f"outside {k} paid by", BY_TOKENS) == BY_TOKENS for k in draft_outside_rows()
    )


def draft_llms_part() -> dict[str, Any]:
    """All LLMs; blank weights are the catalogue's, or not needed where curves state the memory."""
    llms: list[dict[str, Any]] = []
    for llm in draft_value("llms", []):
        weights = draft_value(f"weights {llm}")
        stated = {} if weights is None else {"weights_gib": weights}
        least = {"min_replicas": 1} if draft_value(ALL_RUN) else {}
        llms.append({"name": llm, **stated, **least})
    outside = [
        {"name": draft_value(f"outside {k} name", ""), "api": _draft_api(k)}
        for k in draft_outside_rows()
    ]
    return {"llms": [*llms, *outside]}


def _draft_api(row: int) -> dict[str, Any]:
    """Price, limit and the latencies that are known. A blank price stays, to be named as such."""
    if draft_value(f"outside {row} paid by", BY_TOKENS) == BY_TOKENS:
        prices = {
            f"usd_per_1m_{kind}_tokens": draft_value(f"outside {row} {kind} price")
            for kind in ("input", "output")
        }
    else:
        prices = {"usd_per_request": draft_value(f"outside {row} request price")}
    known = {
        f"{metric}_{statistic}_ms": draft_value(f"outside {row} {metric} {statistic}")
        for metric in METRICS
        for statistic in STATISTICS
    }
    known["max_rate_rps"] = draft_value(f"outside {row} rate")
    return prices | {key: value for key, value in known.items() if value is not None}
