"""Who is signed in, by what the provider says of them; what that person sees in the library."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.session.visitor import Visitor, is_library_open, visitor_of_drafts, visitor_signed_in
from planner.library.kept_record import KeptAs
from planner.library.library_database import open_library_database
from planner.library.record_changes import share_record_with_all
from planner.library.record_keeping import keep_plan, keep_scenario
from planner.library.record_search import list_records
from planner.library.share_links import make_share_link
from tests.support.kept.kept_plans import small_plan
from tests.support.page.page_app import opened, settle, unescaped

ISSUER = "https://login.example.org"
SignIn = Callable[..., None]


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Stand in for Streamlit's log-in: claims of the ID token; none of who is not signed in."""

    def signed_in(**claims: Any) -> None:
        stated = {"is_logged_in": bool(claims), **claims}
        monkeypatch.setattr("streamlit.user", SimpleNamespace(to_dict=lambda: stated))
        monkeypatch.setattr("streamlit.secrets", {"auth": {"client_id": "of the tests"}})

    return signed_in


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": " Anna Ärlig ", "email": "anna@example.org"}, "Anna Ärlig"),
        ({"name": "\u202e\n", "preferred_username": "anna\x00"}, "anna"),
        ({"name": None, "email": "anna@example.org"}, "anna@example.org"),
        ({"name": 400 * "a"}, 100 * "a"),
        ({}, "17"),
    ],
)
def test_a_person_is_issuer_and_subject_under_a_name(
    sign_in: SignIn, claims: dict[str, Any], name: str
) -> None:
    sign_in(iss=ISSUER, sub="17", **claims)
    assert visitor_signed_in() == Visitor(f"{ISSUER} 17", name)
    assert visitor_of_drafts() == f"owner {ISSUER} 17"


def test_who_is_not_signed_in_is_nobody_and_keeps_nothing(sign_in: SignIn) -> None:
    sign_in()
    assert visitor_signed_in() is None
    assert not is_library_open()
    assert visitor_of_drafts() == ""
    sign_in(iss=ISSUER, name="Anna")  # no subject: nobody that could be told from another
    assert visitor_signed_in() is None
    assert not is_library_open()


def listed(app: AppTest) -> set[str]:
    return set(app.dataframe[-1].value["Name"]) if app.dataframe else set()


def buttons(app: AppTest) -> set[str | None]:
    return {one.key for one in app.button}


def test_people_list_their_own_records_and_change_no_others(
    sign_in: SignIn, tmp_path: Path
) -> None:
    loaded = small_plan(tmp_path).scenario.result
    library = open_library_database()
    numbers = {
        name: keep_scenario(library, loaded, KeptAs(name, owner=f"{ISSUER} {k}", owner_name=name))
        for k, name in enumerate(("Anna", "Berta"))
    }
    sign_in(iss=ISSUER, sub="0", name="Anna")
    app = opened("library")
    assert "Signed in as Anna" in unescaped(app)
    assert "Berta" not in listed(app)
    assert {"Anna"} <= listed(app)
    share_record_with_all(library, numbers["Berta"].number, is_shared=True)
    app.run()
    assert {"Anna", "Berta"} <= listed(app)
    record = next(one for one in app.selectbox if one.label == "Record")
    record.set_value(numbers["Anna"].number).run()
    assert {"open-kept", "remove-kept", "show-kept"} <= buttons(app)
    for is_shared in (True, False):
        app.button(key="show-kept").click().run()
        [kept] = [one for one in list_records(library) if one.number == numbers["Anna"].number]
        assert kept.is_shared is is_shared
    record = next(one for one in app.selectbox if one.label == "Record")
    record.set_value(numbers["Berta"].number).run()
    assert "open-kept" in buttons(app)
    assert {"remove-kept", "rename-kept", "show-kept", "make-link"}.isdisjoint(buttons(app))
    # Another person in the same session (the log-in changed while the connection was lost): all
    # that was on the page is gone.
    app.session_state["example"] = "uploaded: of Anna"
    sign_in(iss=ISSUER, sub="1", name="Berta")
    app.run()
    assert app.session_state["example"] == "paper-trio"
    assert "Anna" not in listed(app)
    assert len(list_records(library)) >= 2


def test_who_only_has_a_link_looks_and_starts_nothing(sign_in: SignIn, tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    loaded, library = plan.scenario.result, open_library_database()
    of_plan = keep_plan(library, plan.content, loaded, KeptAs("a plan", owner=f"{ISSUER} 0"))
    of_scenario = keep_scenario(library, loaded, KeptAs("a scenario", owner=f"{ISSUER} 0"))
    links = [make_share_link(library, one.number) for one in (of_plan, of_scenario)]
    sign_in()
    app = settle(opened(kept=links[0]), "upload")
    assert app.session_state["shown"].content["quality"] == plan.content["quality"]
    starting = {"simulate", "buy-nodes", "buy-double", "buy-lost", "marginals"}
    assert starting <= buttons(app)
    assert all(app.button(key=key).disabled for key in starting)
    assert "Sign in to compute: a link alone lets you look" in unescaped(app)
    assert "solve" not in buttons(app)
    for key in sorted(starting):  # as a browser that does not mind that they are off
        app.button(key=key).proto.disabled = False
        app.button(key=key).click()
    app.run()
    assert not app.exception
    assert set(app.session_state["job-slots"]) <= {"upload"}
    app = settle(opened(kept=links[1]), "upload")
    assert "holds a scenario without a plan that can be shown" in unescaped(app)
    assert app.session_state["shown"] is None
    assert not app.session_state["job-slots"]
    sign_in(iss=ISSUER, sub="1", name="Berta")
    app = settle(settle(opened(kept=links[0]), "upload"), "plan")
    assert not app.button(key="simulate").disabled
    assert "Sign in to compute" not in unescaped(app)
