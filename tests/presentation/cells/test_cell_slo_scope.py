"""LLMs of a plan over cells that are slower than a limit over all requests are named, where."""

from typing import Any

from planner.presentation.cells.cell_slo_scope import cell_slo_scope_lines
from tests.support.demand.cells_by_hand import cells_plan


def limits(content: dict[str, Any], limit_ms: float, scope: str = "all") -> dict[str, Any]:
    """The plan by hand with one limit of one class in every cell, and none over all classes."""
    slo = {"metric": "ttft", "statistic": "mean", "scope": scope, "limit_ms": limit_ms}
    for cell in content["cells"]:
        cell["slo"] = [slo] if cell["class"] == "chat" else []
    for case in content["cases"]:
        case["slo"] = []
    return content


def slowest(content: dict[str, Any], llm: str) -> float:
    """The largest mean TTFT of the LLM over lanes that serve chat."""
    options = content["setups"][0]["options"]
    return max(
        lane["latency_ms"]["ttft_mean"]
        for lane in content["lanes"]
        if options[lane["option"]]["llm"] == llm and lane["rates"].get("chat", 0.0) > 0.0
    )


def test_an_llm_above_the_limit_is_named_with_its_worst_case() -> None:
    content = cells_plan()
    worst = {llm: slowest(content, llm) for llm in "ab"}
    slow, fast = sorted(worst, key=lambda llm: -worst[llm])
    [line] = cell_slo_scope_lines(limits(content, (worst["a"] + worst["b"]) / 2.0))
    assert line.startswith("the mean TTFT limit of class chat holds over its requests together")
    assert f"{slow} tp1 100 % ({worst[slow]:,.1f} ms in " in line
    assert f"{fast} tp1" not in line


def test_nothing_is_said_below_all_limits_or_of_limits_on_each_llm() -> None:
    most = max(slowest(cells_plan(), llm) for llm in "ab")
    assert cell_slo_scope_lines(limits(cells_plan(), most)) == []
    assert cell_slo_scope_lines(limits(cells_plan(), 1.0, "each_llm")) == []


def test_limits_over_all_classes_count_lanes_of_any_class() -> None:
    content = limits(cells_plan(), 1e9)
    slo = {"metric": "ttft", "statistic": "mean", "scope": "all", "limit_ms": 1.0}
    for case in content["cases"]:
        case["slo"] = [slo]
    [line] = cell_slo_scope_lines(content)
    assert line.startswith("the mean TTFT limit of all classes")
    assert "a tp1" in line
    assert "b tp1" in line


def test_rows_of_a_class_of_its_own_are_what_counts() -> None:
    content = limits(cells_plan(), 1e5)
    for lane in content["lanes"]:
        lane["class_latency_ms"] = {"chat": {"ttft_mean": 2e5}}
    [line] = cell_slo_scope_lines(content)
    assert "200,000.0 ms" in line


def test_a_loss_is_named_as_such() -> None:
    content = limits(cells_plan(), 1e5)
    lost = next(lane for lane in content["lanes"] if lane["loss"] is not None)
    lost["latency_ms"] = {"ttft_mean": 3e5}
    lost["rates"] = {"chat": 1.0}
    [line] = cell_slo_scope_lines(content)
    assert "(300,000.0 ms in lost, limit 100,000, nodes lost)" in line
