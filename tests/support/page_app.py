"""app.py under Streamlit's AppTest."""

import time

from streamlit.testing.v1 import AppTest

from tests.support.paths import HOME

__all__ = ["opened", "settle"]


def opened(page: str = "", **query: str) -> AppTest:
    """Open the page (`app_pages/pages/inputs.py`; "" = the first one) by a link with `query`; fails
    on an exception box.
    """
    app = AppTest.from_file(str(HOME / "app_pages" / "main.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if page:
        app.switch_page(page.removeprefix("app_pages/")).run()
    assert not app.exception, app.exception
    return app


def settle(app: AppTest, slot: str, seconds: float = 120.0) -> AppTest:
    """Run the page again and again until a slot's job is done; fails when it is not in time, and on
    an exception box.
    """
    end = time.monotonic() + seconds
    while (
        app.session_state["work"].get(slot) is not None
        and app.session_state["work"][slot].outcome is None
    ):
        assert time.monotonic() < end, f"{slot} is still going on"
        time.sleep(0.1)
        app.run()
    assert not app.exception, app.exception
    return app
