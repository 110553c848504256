"""Buying on the page Plan: each question is answered by a plan that can be shown."""

from planner.presentation.cells.lost_nodes import lost_nodes_lines
from planner.presentation.plan.payment import added_node_lines, payment_lines
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_app import opened, settle, solved, unescaped, upload


def test_nodes_and_growth_are_answered_by_plans_that_can_be_shown() -> None:
    app = opened(example="from-benchmarks")
    quality = app.session_state["shown"].content["quality"]
    assert "Nodes considered: 0 to 4 of" in unescaped(app)
    assert "Whole nodes are paid for here" in unescaped(app)
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
        assert f"({content['context']['arrival_rate_rps']:g} req/s)" in unescaped(app)
        costs.append(content["cost_usd_per_h"])
    assert costs[1] >= costs[0]
    app.button(key="buy-double-show").click().run()
    solved(app)
    shown = app.session_state["shown"].content
    assert shown["cost_usd_per_h"] == costs[1]
    assert not app.exception


def test_a_lost_node_is_told_for_every_pool_and_what_to_add_where_it_breaks() -> None:
    one = "llms:\n  - {name: small}"
    other = "  - {name: b, gpu: A100-PCIe-80GB, nodes: 1, gpus_per_node: 2}\n"
    text = TEMPLATE_TEXTS["scenario.yaml"].replace(one, other + one)
    text = text.replace("arrival_rate_rps: 20", "arrival_rate_rps: 60")
    app = solved(upload(opened("inputs"), {**TEMPLATE_TEXTS, "scenario.yaml": text}))
    app.switch_page("views/plan.py").run()
    app.button(key="buy-lost").click().run()
    settle(app, "buy-lost")
    app.run()
    outcomes = app.session_state["job-slots"]["buy-lost"].outcome.result
    assert [(one["pool"], one["holds"]) for one in outcomes] == [("a100", False), ("b", False)]
    assert all(line in unescaped(app) for line in lost_nodes_lines(outcomes))
    app.button(key="buy-spare").click().run()
    settle(app, "buy-spare")
    app.run()
    content = app.session_state["job-slots"]["buy-spare"].outcome.result.content
    assert content["checks"]["verified"]
    assert content["cases"][0]["case"] == "all nodes"
    assert sum(pool["nodes"] for pool in content["context"]["pools"]) > 2
    assert all(line in unescaped(app) for line in added_node_lines(content))
    assert app.button(key="buy-spare-show")
