"""Where curves come from, in sentences."""

from typing import cast

import pytest

from planner.plans.schema import PlanContent
from planner.presentation.plan.provenance import provenance_lines, score_provenance_line
from tests.support.plans.built_plans import built_plan


def test_equal_sources_are_listed_once() -> None:
    content = built_plan().content
    sources = [
        "a tp1: made; to 5 req/s",
        "b tp2: made; to 7 req/s",
        "bench: 1.json; bench: 2.json",
        "bench: 3.json",
        "note of May",
    ]
    lines = provenance_lines({**content, "context": {**content["context"], "sources": sources}})
    assert lines[-2:] == [
        "Source of 2 curves: made. a tp1: to 5 req/s; b tp2: to 7 req/s",
        "Source: bench: 1.json, 2.json, 3.json; note of May",
    ]


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("predicted", "promised by the predictor: its scores were never graded"),
        (None, "promised by the predictor: its scores were never graded"),
        ("calibrated", "calibrated on grades"),
        ("graded", "no router knows beforehand"),
        ("placeholder", "Warning: the scores are a stand-in (placeholders), made up"),
    ],
)
def test_what_quality_rests_on_comes_first(stated: str | None, words: str) -> None:
    content: PlanContent = built_plan().content
    assert content["context"]["scores_provenance"] == "predicted"
    context = {**content["context"], "scores_provenance": stated}
    if stated is None:
        del context["scores_provenance"]
    changed: PlanContent = {**content, "context": context}
    assert words in score_provenance_line(changed)
    assert provenance_lines(changed)[0] == score_provenance_line(changed)


def test_estimates_say_which_precision_they_assume() -> None:
    content = built_plan().content
    words = "Estimates assume weights of 16 bits (bf16) unless their source says otherwise."
    for provenance, said in (("measured", False), ("estimated", True), ("calibrated", True)):
        options = [{**option, "provenance": provenance} for option in content["options"]]
        lines = provenance_lines(cast("PlanContent", {**content, "options": options}))
        assert any(words in line for line in lines) == said


def test_measured_by_default_is_not_called_measured_without_a_word() -> None:
    content = built_plan().content
    unsaid = "no source is named for them"

    def counted(sources: list[str], provenance: str) -> str:
        options = [{**option, "provenance": provenance} for option in content["options"]]
        context = {**content["context"], "sources": sources}
        changed = {**content, "options": options, "context": context}
        lines = provenance_lines(cast("PlanContent", changed))
        return next(line for line in lines if line.startswith("Curves at the rates"))

    assert unsaid in counted([], "measured")
    assert unsaid not in counted(["lab"], "measured")
    assert unsaid not in counted([], "estimated")
