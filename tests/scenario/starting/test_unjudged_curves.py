"""Measured options that lack a statistic of an SLO, and what is estimated in their place."""

import pandas as pd

from models.instance import Slo
from planner.scenario.starting.unjudged_curves import (
    replace_unjudged_curves,
    unjudged_curve_lines,
    unjudged_curves,
)

KEYS = ["llm", "gpu", "tp_degree", "mps_share_pct"]
MEASURED = pd.DataFrame(
    [
        ("a", "x", 1, 100.0, 30.0, None),
        ("a", "x", 1, 100.0, 40.0, None),
        ("a", "x", 2, 50.0, 20.0, 50.0),
        ("b", "x", 8, 100.0, None, 60.0),
    ],
    columns=[*KEYS, "ttft_mean_ms", "ttft_p95_ms"],
)
ESTIMATED = pd.DataFrame(
    [("a", "x", 1, 100), ("a", "x", 4, 100), ("b", "x", 4, 100), ("c", "x", 1, 100)], columns=KEYS
)
MEAN, P95 = Slo("ttft", "mean", 1.0), Slo("ttft", "p95", 1.0, "each_llm")


def test_options_that_lack_a_statistic_are_named_in_words() -> None:
    assert unjudged_curves(MEASURED, [], {}) == []
    assert unjudged_curve_lines(unjudged_curves(MEASURED, [P95], {})) == [
        "a on x (TP 1): no p95 TTFT, which an SLO limits"
    ]
    assert unjudged_curve_lines(unjudged_curves(MEASURED, [P95, MEAN], {})) == [
        "a on x (TP 1): no p95 TTFT, which an SLO limits",
        "b on x (TP 8): no mean TTFT, which an SLO limits",
    ]
    latency = MEASURED.drop(columns=["ttft_mean_ms"])
    tpot = unjudged_curve_lines(unjudged_curves(latency, [Slo("tpot", "mean", 1.0)], {}))
    assert tpot[0] == "a on x (TP 1, TP 2, 50 %): no mean TPOT, which an SLO limits"


def test_an_option_that_some_class_can_use_stays() -> None:
    assert unjudged_curves(MEASURED, [], {"chat": [P95], "batch": []}) == []
    both = unjudged_curves(MEASURED, [], {"chat": [P95], "batch": [P95]})
    assert [one.lacking for one in both] == ["no p95 TTFT, which an SLO of class chat limits"]
    rows = MEASURED.assign(**{"class": ["", "chat", "", ""]})
    assert len(unjudged_curves(rows, [P95], {})) == 1


def test_estimates_replace_what_cannot_be_judged_and_nothing_else() -> None:
    """TP 1 of a is replaced, its TP 2 stays and leaves no place for TP 4; b keeps what no estimate
    replaces, and gets TP 4 as it has no other option; c was never measured.
    """
    unjudged = unjudged_curves(MEASURED, [P95, MEAN], {})
    measured, estimated = replace_unjudged_curves(MEASURED, ESTIMATED, unjudged)
    assert list(zip(measured["llm"], measured["tp_degree"], strict=True)) == [("a", 2), ("b", 8)]
    taken = list(zip(estimated["llm"], estimated["tp_degree"], strict=True))
    assert taken == [("a", 1), ("b", 4), ("c", 1)]
    measured, estimated = replace_unjudged_curves(MEASURED, ESTIMATED, [])
    assert len(measured) == 4
    assert list(estimated["llm"]) == ["c"]
