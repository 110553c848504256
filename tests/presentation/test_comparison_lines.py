"""What differs between two plans, in sentences."""

from typing import Any

from planner.plans.changes.diff import diff_plans
from planner.presentation.comparison_lines import compared_result_lines, comparison_lines
from planner.presentation.comparison_tables import comparison_table


def test_a_plan_compared_with_itself_differs_in_nothing(contents: dict[str, Any]) -> None:
    lines = comparison_lines(contents["small"], contents["small"])
    assert lines[0] == "Inputs: the same demand, SLOs, GPUs and LLMs."
    assert all("more" not in line and "less" not in line and "fewer" not in line for line in lines)
    frame = comparison_table({"a": contents["small"], "b": contents["small"]})
    assert set(frame["Change"]) == {"", "="}
    assert not diff_plans(contents["small"], contents["small"]).steps


def test_a_plan_without_a_setup_is_reported_so(contents: dict[str, Any]) -> None:
    small, none = contents["small"], contents["none"]
    why = "has no setup: no setup keeps all of its limits at once."
    assert comparison_lines(small, none) == [
        "Inputs: arrival rate 900 req/s instead of 10 req/s.",
        f"This plan {why}",
    ], "no LLM was removed"
    assert compared_result_lines(none, small) == [f"The plan compared with {why}"]
    assert compared_result_lines(small, {**none, "status": "unknown"}) == [
        "This plan has no setup: the search stopped before one was found."
    ]
    frame = comparison_table({"small": contents["small"], "none": contents["none"]}).set_index(
        "What"
    )
    assert frame.loc["Quality", "none"] == "-"
    assert frame.loc["Quality", "Change"] == ""
    assert frame.loc["Status", "none"] == "infeasible"


def context(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**content, "context": {**content["context"], **changes}}


def test_qualities_that_do_not_compare_are_reported_first(contents: dict[str, Any]) -> None:
    small = contents["small"]
    assert comparison_lines(small, contents["fast"])[0].startswith("Inputs")
    prompts = small["context"]["prompts"]
    more = comparison_lines(small, context(small, prompts=prompts + 1000))[0]
    assert more.startswith(
        f"Different prompts ({prompts + 1000:,} instead of {prompts:,}): qualities are not"
    )
    llms = [*small["context"]["llms"], {"name": "new", "min_replicas": 0, "max_replicas": None}]
    assert comparison_lines(small, context(small, llms=llms))[0].startswith(
        "Different LLMs: qualities are comparable only if"
    )


def test_how_each_llm_is_run_is_reported_where_it_changes(contents: dict[str, Any]) -> None:
    def reported(before: Any, after: Any) -> list[str]:
        return [line for line in compared_result_lines(before, after) if line.startswith("Setup")]

    def runs(pools: int, *options: tuple[str, str, int, float, int]) -> Any:
        keys = ("llm", "pool", "tp_degree", "mps_share_pct", "replicas")
        entries = [dict(zip(keys, option, strict=True)) for option in options]
        return context(
            {**contents["small"], "options": entries},
            pools=contents["small"]["context"]["pools"] * pools,
        )

    one = runs(1, ("a", "p", 4, 20.0, 1), ("b", "p", 1, 100.0, 1), ("c", "p", 2, 12.5, 3))
    two = runs(
        1,
        ("a", "p", 2, 30.0, 2),
        ("a", "p", 4, 20.0, 1),
        ("c", "p", 2, 12.5, 3),
        ("d", "p", 1, 50.0, 1),
    )
    assert reported(one, one) == []
    assert reported(one, two) == [
        "Setup: a 1 x tp4 20 % becomes 2 x tp2 30 % + 1 x tp4 20 %; new: d 1 x tp1 50 %; gone: b 1"
        " x tp1 100 %."
    ]
    there, here = runs(2, ("a", "q", 4, 20.0, 1)), runs(2, ("a", "p", 4, 20.0, 1))
    assert reported(here, there) == ["Setup: a 1 x p tp4 20 % becomes 1 x q tp4 20 %."]
    many = runs(1, *((f"m{k}", "p", 1, 10.0, 1) for k in range(7)))
    assert reported(runs(1, ("a", "p", 4, 20.0, 1)), many)[0].endswith(
        "new: m3 1 x tp1 10 %; and 4 more LLMs."
    )
