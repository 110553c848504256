"""Binding limits: every kind of limit that a plan has reached is named, and none that it has
not.
"""

from typing import Any

import pytest

from planner.presentation.plan.limits import binding_limits_line


def content(**changes: Any) -> dict[str, Any]:
    """A plan of one LLM on one of two GPUs that has reached no limit."""
    option = {"llm": "tiny", "tp_degree": 1, "mps_share_pct": 50.0, "replicas": 1}
    reported: dict[str, Any] = {
        "quality": 0.7,
        "slo": [{"metric": "ttft", "statistic": "mean", "scope": "all", "binding": False}],
        "options": [{**option, "rate_per_replica_rps": 3.0, "max_rate_per_replica_rps": 4.0}],
        "placement": [{"pool": "a100", "node": 0, "gpu": 0}],
        "shadow_prices": {"pools": {"a100": 0.01}},
        "context": {
            "quality_at_least": None,
            "pools": [{"name": "a100", "nodes": 1, "gpus_per_node": 2}],
            "llms": [{"name": "tiny", "min_replicas": 0, "max_replicas": None}],
        },
    }
    return {
        **reported,
        **{key: value for key, value in changes.items() if key != "context"},
        "context": reported["context"] | changes.get("context", {}),
    }


def llm(least: int, most: int | None) -> dict[str, Any]:
    return {"llms": [{"name": "tiny", "min_replicas": least, "max_replicas": most}]}


def at(rate: float) -> list[dict[str, Any]]:
    return [{**content()["options"][0], "rate_per_replica_rps": rate}]


def slo(scope: str) -> list[dict[str, Any]]:
    return [{"metric": "tpot", "statistic": "p95", "scope": scope, "binding": True}]


FULL = [{"pool": "a100", "node": 0, "gpu": gpu} for gpu in range(2)]
NOTHING = "No SLO and no pool of GPUs is binding."


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({}, NOTHING),
        ({"slo": slo("all")}, "Binding: the SLO on p95 TPOT over all requests."),
        ({"slo": slo("each_llm")}, "Binding: the SLO on p95 TPOT of each LLM."),
        ({"placement": FULL}, "Binding: the GPUs of pool a100."),
        ({"placement": FULL, "shadow_prices": {"pools": {"a100": 0.0}}}, NOTHING),
        ({"placement": [FULL[0], {**FULL[1], "pool": "l40s"}]}, NOTHING),
        ({"context": {"quality_at_least": 0.7}}, "Binding: the required quality (0.7)."),
        (
            {"context": {"quality_at_least": 0.69}},
            f"{NOTHING} Quality is above what is required: room to spare on whole GPUs goes into"
            " it.",
        ),
        (
            {"context": {"quality_at_least": 0.69}, "slo": slo("each_llm")},
            f"{NOTHING} Quality is above what is required: room to spare on whole GPUs goes into"
            " it, up to the SLO on p95 TPOT of each LLM.",
        ),
        (
            {"context": {"quality_at_least": 0.69, **llm(1, 2)}},
            f"{NOTHING} Also reached: the fewest replicas required of tiny (1). Quality is above"
            " what is required: room to spare on whole GPUs, those of LLMs that must run too, goes"
            " into it.",
        ),
        (
            {"options": at(4.0)},
            f"{NOTHING} Also reached: the highest profiled rate of tiny tp1 50 % (4 req/s).",
        ),
        ({"context": llm(0, 1)}, f"{NOTHING} Also reached: the most replicas allowed of tiny (1)."),
        (
            {"context": llm(1, 2)},
            f"{NOTHING} Also reached: the fewest replicas required of tiny (1).",
        ),
        ({"context": llm(0, 2)}, NOTHING),
    ],
)
def test_a_limit_is_named_where_the_plan_has_reached_it(
    changes: dict[str, Any], reported: str
) -> None:
    assert binding_limits_line(content(**changes)) == reported


def test_an_llm_that_is_shut_out_and_a_plan_file_without_limits_are_no_news() -> None:
    assert (
        binding_limits_line(
            content(context={"llms": [{"name": "other", "min_replicas": 0, "max_replicas": 0}]})
        )
        == NOTHING
    )
    old = content()
    del old["context"]["llms"]
    assert binding_limits_line(old) == NOTHING
