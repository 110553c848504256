"""Where curves come from, in sentences."""

from planner.presentation.plan.provenance import provenance_lines
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
