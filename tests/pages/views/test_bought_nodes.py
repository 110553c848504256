"""The page with a number of nodes that the plan decides."""

import pytest

from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_app import opened, solved, unescaped, upload

SIZED = (
    TEMPLATE_TEXTS["scenario.yaml"]
    .replace("nodes: 1\n", "nodes: {at_least: 0, at_most: 3}\n")
    .replace("{maximize: quality}", "{minimize: cost, quality_at_least: 0.6}")
)


@pytest.mark.slow
def test_a_number_of_nodes_is_decided_and_shown() -> None:
    app = solved(upload(opened("inputs"), {**TEMPLATE_TEXTS, "scenario.yaml": SIZED}))
    assert app.session_state["shown"].content["pools"] == [{"pool": "a100", "nodes": 1}]
    app.switch_page("views/plan.py").run()
    assert not app.exception
    assert "buy: 1 node of a100 (2 GPUs each)" in unescaped(app)
