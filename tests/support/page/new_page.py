"""The page New scenario under AppTest: its fields by the names that the draft has for them."""

from typing import Any

from streamlit.testing.v1 import AppTest

from app_pages.session.draft import Draft
from tests.support.page.page_app import settle, unopened

__all__ = ["entered", "field", "give_files", "next_step", "pressed", "step_of", "to_curves"]


def field(app: AppTest, name: str) -> Any:
    """A field of the draft, under whichever key it is drawn now."""
    kinds = (app.number_input, app.text_input, app.selectbox, app.multiselect)
    kinds += (app.radio, app.checkbox)
    found = [
        one for kind in kinds for one in kind if (one.key or "").split("~")[0] == f"new-{name}"
    ]
    assert len(found) == 1, f"{len(found)} fields are called {name}"
    return found[0]


def entered(app: AppTest, **values: Any) -> AppTest:
    """Fill in fields one after the other; `_` in a name stands for a blank."""
    for name, value in values.items():
        field(app, name.replace("_", " ")).set_value(value).run()
        assert not app.exception, app.exception
    return app


def pressed(app: AppTest, key: str) -> AppTest:
    """Click a button."""
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def next_step(app: AppTest) -> AppTest:
    """Click Next."""
    return pressed(app, "next-step")


def step_of(app: AppTest) -> str:
    """The heading of the step that is shown."""
    return str(app.header[0].value)


def give_files(app: AppTest, slot: str, files: dict[str, bytes | str]) -> AppTest:
    """Hand over files, and wait until they are read."""
    given = [
        (name, content.encode() if isinstance(content, str) else content, "text/plain")
        for name, content in files.items()
    ]
    app.file_uploader(key=f"files-{slot}").set_value(given).run()
    pressed(app, f"read-{slot}")
    for one in list(app.session_state["job-slots"]):
        settle(app, one)
    return app


def to_curves(*llms: str, gpu: str = "A100-PCIe-80GB") -> AppTest:
    """The page at its third step."""
    app = unopened("new")
    said = {"gpus": [gpu], "llms": list(llms), "all run": False}
    app.session_state["draft"] = Draft(step=2, values=said)
    app.run()
    assert not app.exception, app.exception
    assert step_of(app) == "3. Curves"
    return app
