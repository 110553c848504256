"""The page Plan, what stands beside every page, share links and Inputs, under AppTest; in a real
browser: tests/browser.
"""

import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from app_pages.jobs.messages import Outcome
from app_pages.session import server, state
from app_pages.session.markdown import plain
from planner.presentation.plan.story import story_lines
from planner.scenario.archive import zip_scenario
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page_app import opened, settle

PAGES = ("plan", "inputs", "what_if", "setups", "compare", "router", "export")
MIME = "text/plain"
FAULTY = {
    "scenario.yaml": (
        TEMPLATE_TEXTS["scenario.yaml"]
        .replace("nodes: 1", "nodes: eight")
        .replace("statistic: mean", "statistic: p42")
    ),
    "profiles.csv": (
        TEMPLATE_TEXTS["profiles.csv"].replace(
            "small,A100-PCIe-80GB,1,100,20,180", "small,A100-PCIe-80GB,1,100,20,fast"
        )
    ),
    "scores.csv": TEMPLATE_TEXTS["scores.csv"],
}


def page(name: str) -> str:
    return "" if name == "plan" else f"app_pages/{name}.py"


def solved(app: AppTest) -> AppTest:
    return settle(app, "plan")


def template(app: AppTest, files: dict[str, str]) -> AppTest:
    """Hand over files on the page Inputs."""
    app.file_uploader(key="scenario-files").set_value(
        [(name, text.encode(), MIME) for name, text in files.items()]
    ).run()
    app.button(key="open-files").click().run()
    assert not app.exception
    return app


def too_many_requests() -> AppTest:
    """A small scenario that has no plan, solved."""
    text = TEMPLATE_TEXTS["scenario.yaml"].replace("arrival_rate_rps: 20", "arrival_rate_rps: 2000")
    return solved(
        template(opened("app_pages/pages/inputs.py"), {**TEMPLATE_TEXTS, "scenario.yaml": text})
    )


def knob(app: AppTest, path: str) -> NumberInput:
    """The number beside the page, under whichever key it is drawn now."""
    return next(one for one in app.number_input if (one.key or "").split("~")[0] == f"knob-{path}")


def words(app: AppTest) -> str:
    """Everything that is said in Markdown, alerts included."""
    return "\n".join(
        one.value
        for part in (app.markdown, app.error, app.warning, app.info, app.caption)
        for one in part
    )


# ---------------------------------------------------------------- every page


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_on_the_solved_example(name: str) -> None:
    app = opened(page(name))
    assert len(app.title) == 1
    assert not app.error
    assert app.session_state["shown"].content["status"] == "optimal"
    assert app.button(key="solve")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_bears_a_scenario_without_a_plan(name: str) -> None:
    app = too_many_requests()
    assert app.session_state["shown"].content["status"] == "infeasible"
    app.switch_page(f"{name}.py").run()
    assert not app.exception
    assert len(app.title) == 1


@pytest.mark.parametrize("example", server.EXAMPLES)
def test_every_example_is_shown_in_words_and_numbers(example: str) -> None:
    app = opened(example=example)
    content = app.session_state["shown"].content
    told = words(app)
    for sentence in story_lines(content):
        assert plain(sentence) in told
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Quality (mean score)"] == f"{content['quality']:.5f}"
    assert values["GPUs used"] == f"{content['gpus_used']}"
    assert values["Verified"] == "yes"
    assert len([label for label in values if label.endswith(" (ms)")]) == len(content["slo"])


# ---------------------------------------------------------------- ask, solve, go back


def test_another_number_makes_the_plan_stale_until_it_is_solved() -> None:
    app = opened()
    before = app.session_state["shown"].content
    knob(app, "arrival_rate_rps").set_value(30.0).run()
    assert "The inputs have changed" in words(app)
    assert app.session_state["shown"].content is before
    app.button(key="solve-stale").click().run()
    solved(app)
    after = app.session_state["shown"].content
    assert after["context"]["arrival_rate_rps"] == 30.0
    assert after["quality"] > before["quality"]
    assert "The inputs have changed" not in words(app)
    assert list(app.session_state["saved"]) == [
        f"{before['scenario']}, as given",
        f"{before['scenario']}, 30 req/s",
    ]


def test_stale_inputs_can_be_taken_back() -> None:
    app = opened()
    knob(app, "pools.0.nodes").set_value(3).run()
    app.button(key="undo-stale").click().run()
    assert knob(app, "pools.0.nodes").value == 1
    assert "The inputs have changed" not in words(app)


def test_a_plan_gets_the_name_that_it_is_given() -> None:
    app = opened()
    app.text_input(key="plan-name").set_value("before <b>the</b> move").run()
    assert list(app.session_state["saved"]) == ["before <b>the</b> move"]
    app.switch_page("inputs.py").run()
    knob(app, "arrival_rate_rps").set_value(20.0).run()
    app.button(key="load-earlier").click().run()
    assert knob(app, "arrival_rate_rps").value != 20.0
    assert not app.exception


def test_an_infeasible_scenario_is_told_and_a_repair_makes_it_a_plan() -> None:
    app = too_many_requests()
    app.switch_page("plan.py").run()
    conflict = app.session_state["shown"].content["conflict"]
    told = words(app)
    for limit in conflict["limits"]:
        assert plain(limit) in told
    assert (
        len([button for button in app.button if (button.key or "").startswith("repair-")])
        == len(conflict["repairs"])
        > 0
    )
    app.button(key="repair-0").click().run()
    solved(app)
    assert app.session_state["shown"].content["options"]


@pytest.mark.usefixtures("unasked_at_once")
def test_what_one_more_buys_is_planned_again() -> None:
    app = opened(example="from-benchmarks")
    settle(app, "worth")
    app.run()
    assert "Planned again with one unit more and one less" in words(app)
    assert "A rough guide" not in words(app)


@pytest.mark.usefixtures("unasked_at_once")
def test_what_one_more_buys_stands_roughly_where_planning_again_was_stopped() -> None:
    app = opened(example="from-benchmarks")
    app.session_state["work"]["worth"].outcome = Outcome("stopped", message="Stopped.")
    app.run()
    assert "A rough guide" in words(app)
    app.button(key="worth").click().run()
    settle(app, "worth")
    app.run()
    assert "Planned again with one unit more and one less" in words(app)


def test_a_plan_is_simulated() -> None:
    app = opened(example="from-benchmarks")
    app.button(key="simulate").click().run()
    settle(app, "simulation")
    app.run()
    found = app.session_state["work"]["simulation"].outcome
    assert plain(found.result["verdict"]) in words(app)


def test_a_cancelled_solve_is_told_and_the_plan_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened()
    before = app.session_state["shown"]
    monkeypatch.setattr(state, "PLAN", "tests.support.page_jobs:deaf")
    knob(app, "arrival_rate_rps").set_value(30.0).run()
    app.button(key="solve").click().run()
    assert app.button(key="solve").disabled
    assert "Solving" in words(app)
    app.button(key="cancel-plan").click().run()
    solved(app)
    assert app.session_state["shown"] is before
    assert "Stopped" in words(app)
    assert not app.button(key="solve").disabled


def test_a_worker_that_dies_is_told_and_the_next_solve_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = opened()
    with monkeypatch.context() as patch:
        patch.setattr(state, "PLAN", "tests.support.page_jobs:crash")
        app.button(key="solve").click().run()
        solved(app)
    assert "ended unexpectedly" in app.error[0].value
    app.button(key="solve").click().run()
    assert not solved(app).error


# ---------------------------------------------------------------- links


def test_a_link_opens_its_inputs_and_their_plan() -> None:
    app = solved(opened(**{"example": "two-gpu-types", "arrival_rate_rps": "40"}))
    assert app.session_state["shown"].content["context"]["arrival_rate_rps"] == 40.0
    assert app.query_params["arrival_rate_rps"] in ("40", ["40"])


def test_faults_of_a_link_are_all_told() -> None:
    query = {
        "example": "../../etc",
        "arrival_rate_rps": "-3",
        "pools.0.nodes": "many",
        "profiles": "/etc/passwd",
        "solver.seed": "1",
    }
    app = opened(**query)
    told = app.error[0].value
    for part in ("example", "arrival\\_rate\\_rps", "pools.0.nodes", "profiles", "solver.seed"):
        assert part in told
    assert app.session_state["shown"].content["status"] == "optimal"


def test_people_do_not_see_each_other() -> None:
    one, other = opened(), opened()
    knob(one, "arrival_rate_rps").set_value(11.0).run()
    other.run()
    assert knob(other, "arrival_rate_rps").value != 11.0
    assert "The inputs have changed" not in words(other)


# ---------------------------------------------------------------- Inputs


def test_a_scenario_is_uploaded_solved_and_saved() -> None:
    app = solved(template(opened("app_pages/pages/inputs.py"), TEMPLATE_TEXTS))
    assert app.session_state["shown"].content["scenario"] == "my-cluster"
    assert (
        next(one.value for one in app.selectbox if (one.key or "").startswith("choose-example"))
        == "uploaded: my-cluster"
    )
    assert dict(app.query_params) == {}
    kept = zip_scenario(app.session_state["asked"].scenario)
    assert sorted(zipfile.ZipFile(io.BytesIO(kept)).namelist()) == sorted(TEMPLATE_TEXTS)
    app.file_uploader(key="scenario-files").set_value(
        [("my-cluster.zip", kept, "application/zip")]
    ).run()
    app.button(key="open-files").click().run()
    assert not app.error
    assert solved(app).session_state["shown"].content["scenario"] == "my-cluster"


def test_faults_of_an_upload_are_all_told_and_nothing_changes() -> None:
    app = opened("app_pages/pages/inputs.py")
    before = app.session_state["asked"]
    template(app, FAULTY)
    told = app.error[0].value
    for place in ("pools.0.nodes", "slo.0.statistic", "profiles.csv:row 3"):
        assert plain(place) in told
    assert "joint-llm-planner" not in told, "where uploads lie is nobody's business"
    assert app.session_state["asked"] is before
    template(app, TEMPLATE_TEXTS)
    assert not app.error


def test_a_table_is_replaced_and_a_faulty_one_is_not() -> None:
    app = solved(template(opened("app_pages/pages/inputs.py"), TEMPLATE_TEXTS))
    app.file_uploader(key="file-scores").set_value(
        ("other.csv", b"prompt_id,small,large\np1,0.2,bad\np2,,0.4\n", MIME)
    ).run()
    app.button(key="take-scores").click().run()
    told = app.error[0].value
    assert "row 2" in told
    assert "row 3" in told
    app.file_uploader(key="file-scores").set_value(
        ("other.csv", b"prompt_id,small,large\np1,0.2,0.9\np2,0.3,0.4\n", MIME)
    ).run()
    app.button(key="take-scores").click().run()
    assert not app.error
    assert solved(app).session_state["shown"].content["context"]["prompts"] == 2


def test_the_objective_can_be_the_cheapest_plan() -> None:
    app = opened("app_pages/pages/inputs.py")
    app.radio(key="sense").set_value("cost").run()
    assert app.session_state["asked"].scenario.spec.objective.minimize == "cost"
    app.radio(key="sense").set_value("quality").run()
    assert not app.session_state["asked"].overrides


def test_what_cannot_be_is_told_and_does_not_count() -> None:
    app = opened("app_pages/pages/inputs.py")
    app.number_input(key="in-setups.memory_headroom_pct").set_value(250.0).run()
    assert "setups.memory\\_headroom\\_pct" in app.error[0].value
    assert not app.session_state["asked"].overrides
    app.run()
    assert not app.error


def test_edits_are_read_back() -> None:
    app = opened("app_pages/pages/inputs.py")
    app.multiselect(key="in-setups.tp_degrees").set_value([1, 4]).run()
    assert app.session_state["asked"].overrides == {"setups.tp_degrees": [1, 4]}
    assert "setups.tp\\_degrees\\: 1; 4" in words(app)
