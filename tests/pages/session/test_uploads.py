"""Uploaded files are read by a worker: one that takes too long, is stopped or dies costs nothing,
and the page goes on.
"""

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.session import job_slots, uploads
from planner.plans.plan_file import plan_file_text
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_app import MIME, knob, opened, settle, solved, unescaped, upload, words

OTHER = b"prompt_id,small,large\np1,0.2,0.9\np2,0.3,0.4\n"
AS_BEFORE = "Not opened; the inputs are as before."


def usable(app: AppTest) -> None:
    """The next upload is read and solved."""
    upload(app, TEMPLATE_TEXTS)
    assert not app.error
    assert solved(app).session_state["shown"].content["scenario"] == "my-cluster"


def test_the_server_parses_no_uploaded_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError("parsed by the server's process")

    app = opened("inputs")
    for reader in (
        *("planner.scenario.load.parse_yaml", "planner.scenario.workbook.read_workbook"),
        *("planner.scenario.archive.zipfile.ZipFile", "profiles.curves.read_table_file"),
        "profiles.score_tables.scores.read_table_file",
    ):
        monkeypatch.setattr(reader, parse)
    usable(app)
    app.file_uploader(key="file-scores").set_value(("own.csv", OTHER, MIME)).run()
    app.button(key="take-scores").click().run()
    settle(app, "upload")
    assert solved(app).session_state["shown"].content["context"]["prompts"] == 2
    assert uploads.zipped_scenario(app.session_state["edit"])[:2] == b"PK"


def test_a_slow_upload_is_cancelled_and_the_inputs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("inputs")
    before = app.session_state["edit"]
    monkeypatch.setattr(uploads, "QUICK_S", 0.0)
    with monkeypatch.context() as slow:
        slow.setattr(uploads, "OPEN", "tests.support.page.page_jobs:deaf")
        app.file_uploader(key="scenario-files").set_value([("scenario.yaml", b"x", MIME)]).run()
        app.button(key="open-files").click().run()
    assert app.button(key="open-files").disabled
    app.button(key="cancel-upload").click().run()
    settle(app, "upload")
    assert f"**{AS_BEFORE}** Stopped." in unescaped(app)
    assert app.session_state["edit"] is before
    usable(app)


@pytest.mark.slow
def test_an_upload_that_takes_too_long_to_read_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("inputs")
    before = app.session_state["edit"]
    assert job_slots.READING_LIMIT_S == 30.0
    with monkeypatch.context() as slow:
        slow.setattr(job_slots, "READING_LIMIT_S", 0.01)
        slow.setattr(uploads, "OPEN", "tests.support.page.page_jobs:deaf")
        upload(app, TEMPLATE_TEXTS)
    assert "took longer than 0.01 s and was stopped. Try again with smaller" in unescaped(app)
    assert AS_BEFORE in unescaped(app)
    assert app.session_state["edit"] is before
    usable(app)


def test_a_worker_that_is_killed_leaves_the_page_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("inputs")
    before = app.session_state["edit"]
    with monkeypatch.context() as dying:
        dying.setattr(uploads, "OPEN", "tests.support.page.page_jobs:killed")
        upload(app, TEMPLATE_TEXTS)
    assert "ended unexpectedly" in unescaped(app)
    assert app.session_state["edit"] is before
    usable(app)


@pytest.mark.slow
def test_tables_that_could_not_be_summarised_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(uploads, "SUMMARISE", "tests.support.page.page_jobs:killed")
        app = settle(opened("inputs"), "table-summary")
    assert "ended unexpectedly" in unescaped(app)
    app.button(key="read-again").click().run()
    settle(app, "table-summary")
    assert "**Scores**" in unescaped(app)


def test_what_is_edited_while_a_table_is_read_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    app = solved(upload(opened("inputs"), TEMPLATE_TEXTS))
    monkeypatch.setattr(uploads, "QUICK_S", 0.0)
    app.file_uploader(key="file-scores").set_value(("own.csv", OTHER, MIME)).run()
    now = app.session_state["edit"]
    app.button(key="take-scores").click()
    knob(app, "arrival_rate_rps").set_value(7.0).run()
    settle(app, "upload")
    after = app.session_state["edit"]
    assert after.path != now.path
    assert after.scenario.spec.arrival_rate_rps == 7.0
    assert solved(app).session_state["shown"].content["context"]["prompts"] == 2


def test_files_that_are_too_large_together_are_not_sent_to_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = opened("inputs")
    with monkeypatch.context() as small:
        small.setattr(uploads, "MOST_BYTES", 10)
        upload(app, TEMPLATE_TEXTS)
    assert "more than 10 bytes" in unescaped(app)
    usable(app)


def test_a_plan_beside_its_scenario_is_shown_without_a_new_solve() -> None:
    files = dict(TEMPLATE_TEXTS)
    first = solved(upload(opened("inputs"), files))
    content = first.session_state["shown"].content
    other = upload(opened("inputs"), {**files, "plan.json": plan_file_text(content)})
    assert "plan" not in other.session_state["job-slots"]
    assert "solving" not in other.session_state
    assert other.session_state["shown"].content == content
    assert other.session_state["example"] == "uploaded: my-cluster"
    assert "out of date" not in words(other)
