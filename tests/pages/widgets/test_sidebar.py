"""Sidebar and banner: edits make a plan out of date until they are solved or taken back; a solve
that fails leaves the plan.
"""

import pytest

from app_pages.session import state
from tests.support.page.page_app import knob, opened, solved, words

STALE = "This plan is out of date"


def test_another_number_makes_the_plan_stale_until_it_is_solved() -> None:
    app = opened()
    before = app.session_state["shown"].content
    knob(app, "arrival_rate_rps").set_value(30.0).run()
    assert STALE in words(app)
    assert app.session_state["shown"].content is before
    app.button(key="solve-stale").click().run()
    solved(app)
    after = app.session_state["shown"].content
    assert after["context"]["arrival_rate_rps"] == 30.0
    assert after["quality"] > before["quality"]
    assert STALE not in words(app)
    assert list(app.session_state["saved"]) == [
        f"{before['scenario']}, as given",
        f"{before['scenario']}, 30 req/s",
    ]


def test_stale_inputs_can_be_taken_back() -> None:
    app = opened()
    knob(app, "pools.0.nodes").set_value(3).run()
    app.button(key="undo-stale").click().run()
    assert knob(app, "pools.0.nodes").value == 1
    assert STALE not in words(app)


def test_a_pool_may_have_no_nodes_but_not_every_pool() -> None:
    app = opened(example="two-gpu-types")
    knob(app, "pools.1.nodes").set_value(0).run()
    app.button(key="solve").click().run()
    solved(app)
    assert [p["nodes"] for p in app.session_state["shown"].content["context"]["pools"]] == [2, 0]
    knob(app, "pools.0.nodes").set_value(0).run()
    assert "This change was rejected" in words(app)
    assert knob(app, "pools.0.nodes").value == 2


def test_a_cancelled_solve_is_reported_and_the_plan_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened()
    before = app.session_state["shown"]
    monkeypatch.setattr(state, "PLAN", "tests.support.page.page_jobs:deaf")
    knob(app, "arrival_rate_rps").set_value(30.0).run()
    app.button(key="solve").click().run()
    assert app.button(key="solve").disabled
    assert "Solving" in words(app)
    app.button(key="cancel-plan").click().run()
    solved(app)
    assert app.session_state["shown"] is before
    assert "Stopped" in words(app)
    assert "Not solved: stopped before any plan was found" in words(app)
    assert not app.button(key="solve").disabled


@pytest.mark.slow
def test_a_worker_that_dies_is_reported_and_the_next_solve_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = opened()
    with monkeypatch.context() as patch:
        patch.setattr(state, "PLAN", "tests.support.page.page_jobs:crash")
        app.button(key="solve").click().run()
        solved(app)
    assert "ended unexpectedly" in app.error[0].value
    app.button(key="solve").click().run()
    assert not solved(app).error


def test_beside_a_new_scenario_solve_says_which_scenario_it_solves() -> None:
    app = opened("new")
    assert f"Solves {app.session_state['example']}, which is open now" in words(app)
    app.switch_page("views/plan.py").run()
    assert "solved by its step 7" not in words(app)
