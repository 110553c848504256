"""Plans that are kept for the page Compare: every plan that was shown, under a name that can be
changed.

Only the last MOST plans whose names were not changed are kept; those that somebody named stay until
they are forgotten or the session ends.
"""

from collections.abc import Sequence

import streamlit as st

from app_pages.session import reruns, state, work
from app_pages.session.state import Shown
from planner.scenario.edits import difference_words

__all__ = ["first_name", "forget", "keep_shown", "load", "name_of", "rename", "short"]

MOST = 8


def keep_shown() -> None:
    """Keep the plan on the page, when it is a plan and not kept yet."""
    here = state.shown()
    if here is None or not here.content["options"] or name_of(here) is not None:
        return
    state.saved()[_unused(first_name(here))] = here
    unnamed = [one for one in state.saved() if one not in _named()]
    for old in unnamed[:-MOST]:
        forget(old)


def first_name(here: Shown) -> str:
    """The name under which a plan is kept until somebody gives it another."""
    return ", ".join([here.content["scenario"], *(difference_words(here.asked) or ["as given"])])


def name_of(here: Shown) -> str | None:
    """The name under which a plan is kept."""
    return next((name for name, one in state.saved().items() if one.told is here.told), None)


def short(names: Sequence[str]) -> list[str]:
    """Names without the parts that all of them begin with."""
    parts = [name.split(", ") for name in names]
    while all(len(one) > 1 for one in parts) and len({one[0] for one in parts}) == 1:
        parts = [one[1:] for one in parts]
    return [", ".join(one) for one in parts]


def rename(old: str, new: str) -> None:
    """Give a kept plan another name; one that is taken gets a number."""
    new = new.strip()[:80]
    if not new or new == old or old not in state.saved():
        return
    new = _unused(new)
    kept = {new if name == old else name: one for name, one in state.saved().items()}
    state.saved().clear()
    state.saved().update(kept)
    _named().add(new)


@reruns.whole
def forget(name: str) -> None:
    """Drop a kept plan."""
    state.saved().pop(name, None)
    _named().discard(name)


@reruns.whole
def load(name: str) -> None:
    """Ask a kept plan's inputs again and show it."""
    here = state.saved()[name]
    work.clear("plan")
    state.set_asked(here.asked)
    state.show(here)


def _named() -> set[str]:
    return st.session_state.setdefault("named", set())


def _unused(name: str) -> str:
    found, number = name, 1
    while found in state.saved():
        number += 1
        found = f"{name} ({number})"
    return found
