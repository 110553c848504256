"""An infeasible scenario: its limits in words, and a repair that is one click away."""

from app_pages.widgets.markdown import plain_markdown
from tests.support.page.page_app import solved, too_many_requests, words


def test_an_infeasible_scenario_is_shown_and_a_repair_makes_it_a_plan() -> None:
    app = too_many_requests()
    app.switch_page("views/plan.py").run()
    conflict = app.session_state["shown"].content["conflict"]
    reported = words(app)
    for limit in conflict["limits"]:
        assert plain_markdown(limit) in reported
    assert (
        len([button for button in app.button if (button.key or "").startswith("repair-")])
        == len(conflict["repairs"])
        > 0
    )
    app.button(key="repair-0").click().run()
    solved(app)
    assert app.session_state["shown"].content["options"]
