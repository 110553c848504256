"""A link opens its inputs and their plan; what of it cannot be used is shown, all at once."""

from tests.support.page.page_app import opened, solved


def test_a_link_opens_its_inputs_and_their_plan() -> None:
    app = solved(opened(**{"example": "percentile-slo", "arrival_rate_rps": "40"}))
    assert app.session_state["shown"].content["context"]["arrival_rate_rps"] == 40.0
    assert app.query_params["arrival_rate_rps"] in ("40", ["40"])


def test_faults_of_a_link_are_all_reported() -> None:
    query = {
        "example": "../../etc",
        "arrival_rate_rps": "-3",
        "pools.0.nodes": "many",
        "profiles": "/etc/passwd",
        "solver.seed": "1",
    }
    app = opened(**query)
    reported = app.error[0].value
    for part in ("example", "arrival\\_rate\\_rps", "pools.0.nodes", "profiles", "solver.seed"):
        assert part in reported
    assert app.session_state["shown"].content["status"] == "optimal"


def test_a_good_action_ends_what_was_wrong_with_the_link() -> None:
    app = opened(**{"example": "percentile-slo", "pools.0.nodes": "many"})
    assert "Part of the link" in app.error[0].value
    app.number_input(key="knob-arrival_rate_rps").set_value(41.0).run()
    assert not app.error
