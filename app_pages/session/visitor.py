"""Who opens the page, and what that person may do with the library.

With `[auth]` in Streamlit's secrets people sign in (OpenID Connect), and records and drafts belong
to who signed in. Without it nobody is known: on this machine, or where the server was told that all
share one library, everybody uses all records; drafts are found by a random key that the browser
keeps in its local storage. It is in no address and no cookie: addresses are passed on and logged.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from planner.library.kept_record import KeptAs

__all__ = [
    "SHARED",
    "Visitor",
    "draw_visitor_key",
    "is_library_open",
    "is_visitor_on_own_machine",
    "kept_as_visitor",
    "may_links_open",
    "may_visitor_compute",
    "owner_of_visitor",
    "part_visitors",
    "providers_of_visitors",
    "visitor_of_drafts",
    "visitor_signed_in",
    "visitors_sign_in",
]

SHARED = "PLANNER_PAGE_LIBRARY"
"""Variable of the environment that opens the library on a page that other machines can open."""
OWN = ("localhost", "127.0.0.1", "::1")
KEY = re.compile(r"[0-9a-f]{64}")
STORED = "llm-planner-visitor"
SCRIPT = """
export default function ({ data, setStateValue }) {
    let key = null
    try {
        key = window.localStorage.getItem(data.name)
        if (!/^[0-9a-f]{64}$/.test(key ?? "")) {
            const random = crypto.getRandomValues(new Uint8Array(32))
            key = Array.from(random, (one) => one.toString(16).padStart(2, "0")).join("")
            window.localStorage.setItem(data.name, key)
        }
    } catch {
        return // a browser that stores nothing: then no drafts are kept
    }
    setStateValue("key", key)
}
"""


@dataclass(frozen=True)
class Visitor:
    """A person who signed in. owner: by which records are theirs, never given to two people; name:
    what they are called.
    """

    owner: str
    name: str


def visitors_sign_in() -> bool:
    """Whether this server has a log-in."""
    return "is_logged_in" in st.user.to_dict()


def providers_of_visitors() -> dict[str, str]:
    """Where people may sign in: name in the secrets ("" for the one without a name) -> words for a
    button.
    """
    section = st.secrets["auth"]
    named = [
        name for name, part in section.items() if isinstance(part, Mapping) and "client_id" in part
    ]
    only = {"": "Sign in"} if "client_id" in section else {}
    return only | {name: f"Sign in with {name.capitalize()}" for name in named}


def part_visitors() -> None:
    """Begin anew where another person is signed in than when this session began: a connection that
    was lost comes back with the log-in that the browser has by then.
    """
    owner = owner_of_visitor()
    if st.session_state.setdefault("session-owner", owner) != owner:
        st.session_state.clear()
        st.rerun()


def visitor_signed_in() -> Visitor | None:
    """Who is signed in; None for nobody, and on a server without a log-in."""
    claims = st.user.to_dict()
    subject = claims.get("sub")
    if not claims.get("is_logged_in") or not subject:
        return None
    # A subject is unique at its provider alone (OpenID Connect Core, section 8).
    owner = f"{claims.get('iss', '')} {subject}".strip()
    return Visitor(owner, _visitor_name(claims) or str(subject))


def _visitor_name(claims: dict[str, Any]) -> str:
    """The first of name, user name and e-mail address that the provider states, printable."""
    stated = (claims.get(key) for key in ("name", "preferred_username", "email"))
    words = ("".join(sign for sign in str(one or "") if sign.isprintable()) for one in stated)
    return next((one.strip()[:100] for one in words if one.strip()), "")


def is_visitor_on_own_machine() -> bool:
    """Whether only programs on the server's machine can open this page."""
    return st.get_option("server.address") in OWN


def is_library_open() -> bool:
    """Whether the library may be used here: by who is signed in; without a log-in on this machine
    alone, or where whoever runs the server allows it.
    """
    if visitors_sign_in():
        return visitor_signed_in() is not None
    return is_visitor_on_own_machine() or os.environ.get(SHARED) == "shared"


def may_links_open() -> bool:
    """Whether links to records open here: where there is a log-in, for everybody who has one of
    them; else where the library may be used.
    """
    return visitors_sign_in() or is_library_open()


def may_visitor_compute() -> bool:
    """Whether this person may start jobs on the server: not who only reads a link where there is a
    log-in. Nobody knows who that is, and the machine is that of those who sign in.
    """
    return not visitors_sign_in() or visitor_signed_in() is not None


def owner_of_visitor() -> str | None:
    """Under whom records are kept and looked for; None without a log-in."""
    visitor = visitor_signed_in()
    return None if visitor is None else visitor.owner


def kept_as_visitor(name: str, tags: tuple[str, ...] = ()) -> KeptAs:
    """How something of this person is kept."""
    visitor = visitor_signed_in()
    if visitor is None:
        return KeptAs(name, tags)
    return KeptAs(name, tags, owner=visitor.owner, owner_name=visitor.name)


def visitor_of_drafts() -> str:
    """The secret by which the drafts of this person are found; "" where none are kept."""
    if not is_library_open():
        return ""
    visitor = visitor_signed_in()
    if visitor is not None:
        return f"owner {visitor.owner}"
    key = st.session_state.get("visitor-key")
    return f"browser {key}" if key else ""


def draw_visitor_key() -> None:
    """Let the browser say its key, or make one, where drafts are found by it: once a session, which
    runs the page again.
    """
    if visitors_sign_in() or not is_library_open() or "visitor-key" in st.session_state:
        return
    stated = _visitor_key_component()(
        key="visitor-key-of-browser", data={"name": STORED}, on_key_change=_take_visitor_key
    )
    del stated


def _take_visitor_key() -> None:
    key = st.session_state["visitor-key-of-browser"].get("key")
    if isinstance(key, str) and KEY.fullmatch(key):
        st.session_state["visitor-key"] = key


@st.cache_resource(show_spinner=False)
def _visitor_key_component() -> Any:
    return st.components.v2.component("visitor_key", js=SCRIPT)
