"""Charts of the page: what they show of a plan that could be misread."""

from collections import Counter
from threading import Event
from typing import Any

import pytest

from app_pages.charts import compare, report
from app_pages.jobs import planning
from app_pages.jobs.messages import Told, Watch
from app_pages.session.saved_plans import short
from planner.presentation.comparison_tables import routing_comparison_table, tradeoff_table
from tests.support.paths import HOME


@pytest.fixture(scope="module")
def told() -> Told:
    """A plan with several replicas of one option."""
    path = HOME / "examples" / "two-gpu-types" / "scenario.yaml"
    return planning.plan(
        str(path), {"llms.0.max_replicas": 8}, watch=Watch(lambda _: None, lambda _: None, Event())
    )


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "ink", lambda: "#31333F")
    monkeypatch.setattr(compare, "ink", lambda: "#31333F")


def rows(chart: Any) -> list[dict[str, Any]]:
    return [row for dataset in chart.to_dict()["datasets"].values() for row in dataset]


def test_shards_of_one_replica_look_alike_and_those_of_two_do_not(told: Told) -> None:
    replicas = {
        (o["llm"], o["pool"], o["tp_degree"], o["mps_share_pct"]): o["replicas"]
        for o in told.content["options"]
    }
    assert max(replicas.values()) > 1
    for pool in told.report["tables"]["pools"]["Pool"]:
        found = Counter(
            row["Long"]
            for row in rows(report.gpu_map(told.report, pool)[0])
            if row["LLM"] != report.FREE
        )
        expected: Counter[str] = Counter()
        for seat in told.content["placement"]:
            if seat["pool"] != pool:
                continue
            several = replicas[seat["llm"], pool, seat["tp_degree"], seat["mps_share_pct"]] > 1
            number = f" replica {seat['replica'] + 1}" if several else ""
            sign = told.report["meta"]["signs"][seat["llm"]]
            expected[
                f"{sign} {seat['llm']}{number}, tp{seat['tp_degree']}, {seat['mps_share_pct']:g} %"
            ] += 1
        assert found == expected


def test_plans_are_told_apart_by_what_their_names_do_not_share(told: Told) -> None:
    assert short(["trio, as given", "trio, 50 req/s"]) == ["as given", "50 req/s"]
    assert short(["trio, 50 req/s", "trio, 50 req/s, 2 nodes"]) == ["50 req/s", "50 req/s, 2 nodes"]
    assert short(["trio", "trio, 50 req/s"]) == ["trio", "trio, 50 req/s"]
    contents = {"as given": told.content, "50 req/s": told.content}
    bars = rows(
        compare.routing(routing_comparison_table(contents), told.report["meta"]["signs"])[0]
    )
    assert {row["Label"].partition("%")[2].strip() for row in bars} == set(contents)
    assert {row["Plan"] for row in rows(compare.qualities(tradeoff_table(contents))[0])} == set(
        contents
    )
