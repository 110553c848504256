"""Buying on the page Plan: each question is answered by a plan that can be shown."""

from planner.presentation.plan.payment import payment_lines
from tests.support.page.page_app import opened, settle, solved, unescaped


def test_nodes_and_growth_are_answered_by_plans_that_can_be_shown() -> None:
    app = opened(example="from-benchmarks")
    quality = app.session_state["shown"].content["quality"]
    assert "Nodes considered: 0 to 4 of" in unescaped(app)
    costs = []
    for slot in ("buy-nodes", "buy-double"):
        app.button(key=slot).click().run()
        settle(app, slot)
        app.run()
        content = app.session_state["job-slots"][slot].outcome.result.content
        assert content["status"] in ("optimal", "feasible")
        assert content["checks"]["verified"]
        assert content["quality"] >= int(1000 * quality) / 1000 - 1e-9
        assert all(line in unescaped(app) for line in payment_lines(content))
        costs.append(content["cost_usd_per_h"])
    assert costs[1] >= costs[0]
    app.button(key="buy-double-show").click().run()
    solved(app)
    shown = app.session_state["shown"].content
    assert shown["cost_usd_per_h"] == costs[1]
    assert not app.exception


def test_a_lost_node_is_told_for_every_pool_in_use() -> None:
    app = opened(example="two-gpu-types")
    app.button(key="buy-lost").click().run()
    settle(app, "buy-lost")
    app.run()
    lines = app.session_state["job-slots"]["buy-lost"].outcome.result
    assert {line.split(":")[0] for line in lines} == {"any node of a100", "any node of l40s"}
    assert all(line in unescaped(app) for line in lines)
