"""Names of SLOs, units and latency columns."""

import pytest

from planner.plans.labels import (
    latency_column_labels,
    latency_header,
    objective_unit,
    pool_label,
    slo_label,
    slo_name,
)
from tests.support.plans.built_plans import built_plan


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("ttft", "mean", "all"), "mean TTFT"),
        (("tpot", "p95", "each_llm"), "p95 TPOT of each LLM"),
    ],
)
def test_slos_are_named(words: tuple[str, str, str], name: str) -> None:
    assert slo_label(*words) == name


def test_a_pool_is_named_where_its_name_says_more_than_its_type() -> None:
    pool = {"name": "a100", "gpu": "A100-PCIe-80GB", "nodes": 2, "gpus_per_node": 4}
    assert pool_label(pool) == "2 x 4 A100-PCIe-80GB (pool a100)"
    assert pool_label({**pool, "name": "A100-PCIe-80GB"}) == "2 x 4 A100-PCIe-80GB"


def test_columns_of_slos_come_first() -> None:
    content = built_plan().content
    columns = latency_column_labels(content)
    assert (
        columns[:2]
        == ["ttft_mean", "ttft_p99"]
        == [f"{slo['metric']}_{slo['statistic']}" for slo in content["slo"]]
    )
    assert set(columns) == {c for option in content["options"] for c in option["latency_ms"]}
    assert latency_header("ttft_p99") == "TTFT p99 (ms)"
    assert slo_name(content["slo"][0]) == "mean TTFT"
    assert objective_unit(content) == "mean score"
