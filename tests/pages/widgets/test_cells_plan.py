"""A plan over classes and cases on the page: what is shown, lost nodes on a click, files, and what
other pages say.
"""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.widgets.markdown import plain_markdown
from planner.presentation.what_if import what_if_edit
from tests.support.page.page_app import opened, settle, solved, unescaped, upload, words
from tests.support.scenarios.demand_case import BATCH, DAY, DEMAND, SCORES
from tests.support.scenarios.scenario_case import PROFILES
from tests.support.walls import first_fast

FILES = {
    "scenario.yaml": DAY.replace("limit_ms: 500", "limit_ms: 1000"),
    "profiles.csv": PROFILES,
    "scores.csv": SCORES,
    "batch.csv": BATCH,
    "demand.csv": DEMAND,
}


@pytest.fixture(scope="module")
def day() -> AppTest:
    """The small day, solved."""
    return solved(upload(opened("inputs"), FILES))


def test_the_day_is_shown(day: AppTest) -> None:
    app = day.switch_page("views/plan.py").run()
    assert not app.exception
    here = app.session_state["shown"]
    content = here.content
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Quality (mean score)"] == f"{content['quality']:.5f}"
    assert metrics["GPUs used"] == str(content["gpus_used"])
    assert metrics["Sent outside (USD/h)"] == f"{content['cost']['outside_usd_per_h']:.2f}"
    assert plain_markdown(here.meta["goal"]) in words(app)
    shown = [list(table.value.columns) for table in app.dataframe]
    for header in ("Limit with least room", "Own SLO with least room", "Lost nodes", "Replicas"):
        assert any(header in columns for columns in shown), header


def test_lost_nodes_on_a_click(day: AppTest) -> None:
    app = day.switch_page("views/plan.py").run()
    app.button(key="lost-nodes").click().run()
    settle(app, "lost-nodes")
    app.run()
    tables = [table.value for table in app.dataframe if "Outcome" in table.value.columns]
    assert len(tables) == 1
    assert tables[0]["Case"].tolist() == ["day", "night"]
    assert set(tables[0]["Outcome"]) <= {"holds", "breaks"}


@pytest.mark.parametrize("page", ["what_if", "setups", "router", "compare"])
def test_pages_that_do_not_know_cells_say_so(day: AppTest, page: str) -> None:
    app = day.switch_page(f"views/{page}.py").run()
    assert not app.exception
    assert "not know classes, cases, outside LLMs or a budget yet" in words(app)


def test_what_moves_a_day_is_offered_and_a_schedule_has_no_setup_to_hold(day: AppTest) -> None:
    app = day.switch_page("views/what_if.py").run()
    assert {"what-if-tornado", "what-if-thresholds"} <= {button.key for button in app.button}
    here = app.session_state["shown"]
    scheduled = what_if_edit(here.edit, "fleet.mode", "scheduled")
    app.session_state["shown"] = replace(here, edit=scheduled)
    app.run()
    assert "changes its setup with the case" in words(app)
    assert "what-if-thresholds" not in {button.key for button in app.button}
    app.session_state["shown"] = here


@pytest.mark.parametrize("made", first_fast(["bundle", "report"]))
def test_files_to_take_away(day: AppTest, made: str) -> None:
    app = day.switch_page("views/export.py").run()
    app.button(key=f"export-make-export_cells_{made}_job").click().run()
    slot = f"export-file-export_cells_{made}_job"
    settle(app, slot)
    app.run()
    assert not app.exception
    data, notes = app.session_state["job-slots"][slot].outcome.result
    assert data.startswith(b"PK")
    assert any("Left out: kubernetes" in line for line in notes) == (made == "bundle")
    assert all(line in unescaped(app) for line in notes)


def test_the_sidebar_moves_the_budget_and_what_has_no_column_stays(day: AppTest) -> None:
    app = settle(day.switch_page("views/inputs.py").run(), "table-summary").run()
    assert "LLMs outside the cluster" in unescaped(app)
    scores = next(t.value for t in app.dataframe if "Class" in t.value.columns)
    rows = list(zip(scores["Class"], scores["LLM"], strict=True))
    # batch may not be sent outside.
    assert rows == [
        ("chat", "NO"),
        ("chat", "NA"),
        ("chat", "far"),
        ("batch", "NO"),
        ("batch", "NA"),
    ]
    labels = [number.label for number in app.number_input]
    assert "Budget (USD/h)" in labels
    assert "Arrival rate (req/s)" not in labels
    number = next(one for one in app.number_input if one.label == "Budget (USD/h)")
    number.set_value(30.0).run()
    assert app.session_state["edit"].overrides == {"objective.cost_at_most_usd_per_h": 30.0}
    assert "This plan is out of date" in words(app)
    app.button(key="undo-stale").click().run()
    assert app.session_state["edit"].overrides == {}
