"""The page under Streamlit's AppTest."""

import json
import time
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput
from streamlit.util import calc_hash

from app_pages.session.server import worker_pool
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

__all__ = [
    "MIME",
    "edit_table",
    "knob",
    "opened",
    "settle",
    "solved",
    "too_many_requests",
    "unescaped",
    "unopened",
    "upload",
    "words",
]

MIME = "text/plain"
SECONDS_BETWEEN_RUNS = 2.0
"""A run takes the CPU from the job that it waits for."""


def opened(page: str = "", **query: str) -> AppTest:
    """Open a page by its file (`what_if`; "" = the first one) and a link with `query`; fails on an
    exception box.
    """
    app = unopened(page)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def unopened(page: str = "") -> AppTest:
    """A page before its first run, as `opened`: what its session holds can still be said."""
    app = AppTest.from_file(str(HOME / "app_pages" / "main.py"), default_timeout=120)
    if page:  # as by its address: Streamlit's `switch_page` needs a run of the first page before
        app._page_hash = calc_hash(page.replace("_", "-"))
    return app


def settle(app: AppTest, slot: str, seconds: float = UNHURRIED_S) -> AppTest:
    """Run the page again until a slot's job is done: once it is, and now and then before, as a page
    that is looked at; fails when it is not in time, and on an exception box.

    The last run begins after the job was done: one that is done while the page runs has not been
    seen by it.
    """
    end, drawn = time.monotonic() + seconds, None
    while (job := app.session_state["job-slots"].get(slot)) is not None and job is not drawn:
        assert time.monotonic() < end, f"{slot} is still going on"
        worker_pool().wait(job.job, SECONDS_BETWEEN_RUNS)
        drawn = job if job.outcome is not None else None
        app.run()
    assert not app.exception, app.exception
    return app


def solved(app: AppTest) -> AppTest:
    """The page once its solve is done."""
    return settle(app, "plan")


def words(app: AppTest) -> str:
    """Everything that is said in Markdown, alerts and captions included."""
    parts = (app.markdown, app.error, app.warning, app.info, app.caption)
    return "\n".join(str(one.value) for part in parts for one in part)


def unescaped(app: AppTest) -> str:
    """`words` as a reader sees them, without Markdown's escapes."""
    return words(app).replace("\\", "")


def knob(app: AppTest, path: str) -> NumberInput:
    """The number in the sidebar, under whichever key it is drawn now."""
    return next(one for one in app.number_input if (one.key or "").split("~")[0] == f"knob-{path}")


def upload(app: AppTest, files: dict[str, str]) -> AppTest:
    """Hand over the files of a scenario on the page Inputs, and wait until they are read."""
    app.file_uploader(key="scenario-files").set_value(
        [(name, text.encode(), MIME) for name, text in files.items()]
    ).run()
    app.button(key="open-files").click().run()
    return settle(app, "upload")


def edit_table(app: AppTest, name: str, **edits: Any) -> AppTest:
    """Edit a table as a browser does; edits are all since it was first drawn under its key.

    name: of the editor; edits: edited_rows, added_rows, deleted_rows.
    """
    key = app.session_state[f"editor-{name}"]["widget"]
    element = next(one for one in app.dataframe if one.proto.id.endswith(f"-{key}"))
    states = app._tree.get_widget_states()
    states.widgets.add(id=element.proto.id, string_value=json.dumps(edits))
    app._run(states)
    assert not app.exception, app.exception
    return app


def too_many_requests() -> AppTest:
    """A small scenario that has no plan, solved."""
    text = TEMPLATE_TEXTS["scenario.yaml"].replace("arrival_rate_rps: 20", "arrival_rate_rps: 2000")
    files = {**TEMPLATE_TEXTS, "scenario.yaml": text}
    return solved(upload(opened("inputs"), files))
