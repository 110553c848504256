"""Columns that SLOs need."""

from models.instance import Slo
from planner.scenario.demand.slo_columns import build_slos, columns_needed_by_slo, lack_for_slos
from planner.scenario.schema.demand_specification import SloSpec


def test_needed_columns() -> None:
    assert columns_needed_by_slo(Slo("e2e", "mean", 1)) == (("e2e", "mean"),)
    assert columns_needed_by_slo(Slo("e2e", "p90", 1, "each_llm")) == (("e2e", "p90"),)
    assert columns_needed_by_slo(Slo("e2e", "p90", 1)) == (
        ("e2e", "p50"),
        ("e2e", "p90"),
        ("e2e", "p95"),
        ("e2e", "p99"),
    )


def test_limits_become_seconds() -> None:
    stated = SloSpec(metric="ttft", statistic="p95", limit_ms=1500, scope="each_llm")
    assert build_slos([stated]) == (Slo("ttft", "p95", 1.5, "each_llm"),)


def test_what_is_lacking_is_said_in_words() -> None:
    slos = (Slo("ttft", "mean", 1), Slo("e2e", "p95", 1))
    both = [("ttft", "mean"), ("e2e", "p90"), ("e2e", "p99")]
    assert lack_for_slos(both, slos, "chat") is None
    assert lack_for_slos(both[1:], slos) == (0, "no mean TTFT, which an SLO limits")
    at, words = lack_for_slos(both[:2], slos, "chat") or (0, "")
    assert at == 1
    assert words.startswith("no p95 E2E, which an SLO of class chat limits: by p90 alone 10 % of")
