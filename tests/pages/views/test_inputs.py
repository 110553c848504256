"""The page Inputs: uploads, replaced tables, the objective, edits that are refused."""

import io
import zipfile
from pathlib import Path

from app_pages.widgets.markdown import plain_markdown
from planner.scenario.archive import zip_scenario
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.mig.mig_scenarios import write_mig_scenario
from tests.support.page.page_app import (
    MIME,
    knob,
    opened,
    settle,
    solved,
    unescaped,
    upload,
    words,
)

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


def test_a_scenario_is_uploaded_solved_and_saved() -> None:
    app = solved(upload(opened("inputs"), TEMPLATE_TEXTS))
    assert app.session_state["shown"].content["scenario"] == "my-cluster"
    assert (
        next(one.value for one in app.selectbox if (one.key or "").startswith("choose-example"))
        == "uploaded: my-cluster"
    )
    assert dict(app.query_params) == {}
    kept = zip_scenario(app.session_state["edit"].scenario)
    assert sorted(zipfile.ZipFile(io.BytesIO(kept)).namelist()) == sorted(TEMPLATE_TEXTS)
    app.file_uploader(key="scenario-files").set_value(
        [("my-cluster.zip", kept, "application/zip")]
    ).run()
    app.button(key="open-files").click().run()
    settle(app, "upload")
    assert not app.error
    assert solved(app).session_state["shown"].content["scenario"] == "my-cluster"


def test_faults_of_an_upload_are_all_reported_and_nothing_changes() -> None:
    app = opened("inputs")
    before = app.session_state["edit"]
    upload(app, FAULTY)
    reported = app.error[0].value
    for place in ("pools.0.nodes", "slo.0.statistic", "profiles.csv:row 3"):
        assert plain_markdown(place) in reported
    assert "joint-llm-planner" not in reported, "where uploads lie is nobody's business"
    assert app.session_state["edit"] is before
    upload(app, TEMPLATE_TEXTS)
    assert not app.error


def test_a_table_is_replaced_and_a_faulty_one_is_not() -> None:
    app = solved(upload(opened("inputs"), TEMPLATE_TEXTS))
    app.file_uploader(key="file-scores").set_value(
        ("other.csv", b"prompt_id,small,large\np1,0.2,bad\np2,,0.4\n", MIME)
    ).run()
    app.button(key="take-scores").click().run()
    settle(app, "upload")
    reported = app.error[0].value
    assert "row 2" in reported
    assert "row 3" in reported
    app.file_uploader(key="file-scores").set_value(
        ("other.csv", b"prompt_id,small,large\np1,0.2,0.9\np2,0.3,0.4\n", MIME)
    ).run()
    app.button(key="take-scores").click().run()
    settle(app, "upload")
    assert not app.error
    assert solved(app).session_state["shown"].content["context"]["prompts"] == 2


def test_the_objective_can_be_the_cheapest_plan() -> None:
    app = opened("inputs")
    app.radio(key="goal").set_value("cost").run()
    assert app.session_state["edit"].scenario.spec.objective.minimize == "cost"
    app.radio(key="goal").set_value("quality").run()
    assert not app.session_state["edit"].overrides


def test_impossible_values_are_reported_and_rejected() -> None:
    app = opened("inputs")
    app.number_input(key="in-setups.memory_headroom_pct").set_value(250.0).run()
    assert "setups.memory\\_headroom\\_pct" in app.error[0].value
    assert not app.session_state["edit"].overrides
    app.run()
    assert not app.error


def test_edits_are_read_back() -> None:
    app = opened("inputs")
    app.multiselect(key="in-setups.tp_degrees").set_value([1, 4]).run()
    assert app.session_state["edit"].overrides == {"setups.tp_degrees": [1, 4]}
    assert "setups.tp\\_degrees\\: 1; 4" in words(app)


def test_mig_profiles_are_asked_for_where_some_are_profiled(tmp_path: Path) -> None:
    app = upload(opened("inputs"), TEMPLATE_TEXTS)
    assert not [one for one in app.multiselect if "MIG" in one.label]
    write_mig_scenario(tmp_path)
    upload(app, {path.name: path.read_text() for path in tmp_path.iterdir()})
    settle(app, "table-summary")
    (field,) = [one for one in app.multiselect if "MIG" in one.label]
    assert field.options == ["3g.40gb", "4g.40gb"]
    plan = solved(app).session_state["shown"].content
    assert {option.get("mig_profile") for option in plan["options"]} == {None, *field.options}
    field.set_value(["4g.40gb"]).run()
    assert app.session_state["edit"].overrides["setups.mig_profiles"] == ["4g.40gb"]
    app.button(key="solve-inputs").click().run()
    content = solved(app).session_state["shown"].content
    assert {option.get("mig_profile") for option in content["options"]} == {None}


def test_inputs_that_are_solved_say_what_they_gave_and_lead_to_the_plan() -> None:
    app = opened()
    app.switch_page("views/inputs.py").run()
    assert "**Solved.** optimal" in unescaped(app)
    assert "found, best possible" in unescaped(app)
    knob(app, "arrival_rate_rps").set_value(30.0).run()
    assert "**Solved.**" not in unescaped(app)
    assert "Not solved yet." in unescaped(app)
    app.button(key="solve-inputs").click().run()
    solved(app)
    assert "Solved. The page Plan shows it." in unescaped(app)
    app.button(key="see-plan").click().run()
    assert app.title[0].value == "Plan"
