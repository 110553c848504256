"""Notices of what a reader may not expect."""

from pathlib import Path

import pytest

from tests.support.scenarios.demand_case import load_day

COST = "objective={minimize: cost, quality_at_least: 0.3}"
E2E = "classes.0.slo=[{metric: e2e, statistic: mean, limit_ms: 9}]"


def notices(folder: Path, *overrides: str) -> str:
    return "\n".join(load_day(folder, *overrides).notices)


@pytest.mark.parametrize(
    ("overrides", "without", "words"),
    [
        ((), "cases.2.hours=1", "requests sent outside cost nothing in node-lost"),
        ((), "slo=[]", "a slow class may hide behind a fast one"),
        ((COST,), "classes.0.quality_at_least=0.1", "one may pay for another: chat without"),
        (
            ("llms.0.api.ttft_mean_ms=null",),
            "slo=[]",
            "far may serve nothing: its api lacks ttft_m",
        ),
        ((), "classes.0.slo=[]", ""),
    ],
)
def test_a_notice_where_it_is_true(day: Path, overrides: tuple, without: str, words: str) -> None:
    assert words in notices(day, *overrides)
    assert not words or words not in notices(day, *overrides, without)


def test_work_with_latencies_of_tokens(day: Path) -> None:
    path = day / "profiles.csv"
    text = path.read_text(encoding="utf-8").replace("ttft_p95", "e2e_mean")
    path.write_text(text, encoding="utf-8")
    words = "classes.0.work: chat has the latencies of the profile at its load, also e2e"
    assert words in notices(day, E2E)
    assert words not in notices(day, E2E, "classes.0.work=1")
    assert "far may serve not chat" in notices(day, E2E)
