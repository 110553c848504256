"""Plans that are kept for the page Compare: every plan that was shown, under a name that can be
changed.

Only the last MOST plans whose names were not changed are kept; those that the user named stay until
they are forgotten or the session ends.
"""

from collections.abc import Sequence

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownPlan
from planner.scenario.edits import edit_words

__all__ = [
    "by_name",
    "default_name",
    "forget",
    "is_named",
    "name_of",
    "rename_saved",
    "restore_saved",
    "save_shown_plan",
    "shorten_saved_names",
    "show_saved_plan",
]

MOST = 8


def by_name() -> dict[str, ShownPlan]:
    """Plans that are kept, in the order in which they were shown."""
    return st.session_state.setdefault("saved", {})


def save_shown_plan() -> None:
    """Keep the plan on the page, when it is a plan and not kept yet."""
    here = state.shown_plan()
    if here is None or not here.content["options"] or name_of(here) is not None:
        return
    by_name()[_unused_saved_name(default_name(here))] = here
    unnamed = [name for name in by_name() if name not in _named()]
    for old in unnamed[:-MOST]:
        forget(old)


def default_name(here: ShownPlan) -> str:
    """The name under which a plan is kept until the user gives it another."""
    return ", ".join([here.content["scenario"], *(edit_words(here.edit) or ["as given"])])


def name_of(here: ShownPlan) -> str | None:
    """The name under which a plan is kept."""
    return next((name for name, plan in by_name().items() if plan.view is here.view), None)


def shorten_saved_names(names: Sequence[str]) -> list[str]:
    """Names without the parts that all of them begin with."""
    parts = [name.split(", ") for name in names]
    while all(len(one) > 1 for one in parts) and len({one[0] for one in parts}) == 1:
        parts = [one[1:] for one in parts]
    return [", ".join(one) for one in parts]


def rename_saved(old: str, new: str) -> None:
    """Give a kept plan another name; one that is taken gets a number."""
    new = new.strip()[:80]
    if not new or new == old or old not in by_name():
        return
    new = _unused_saved_name(new)
    renamed = {new if name == old else name: plan for name, plan in by_name().items()}
    by_name().clear()
    by_name().update(renamed)
    _named().add(new)


def is_named(name: str) -> bool:
    """Whether the user gave a kept plan its name."""
    return name in _named()


def restore_saved(name: str, here: ShownPlan, *, is_named: bool) -> None:
    """Put a plan of an earlier session first, unless the same one is kept already."""
    known = by_name().get(name)
    if known is not None and _is_same_plan(known, here):
        return
    name = _unused_saved_name(name)
    kept = {name: here, **by_name()}
    by_name().clear()
    by_name().update(kept)
    if is_named:
        _named().add(name)


def _is_same_plan(one: ShownPlan, other: ShownPlan) -> bool:
    """Whether two plans are of one scenario and decide the same."""
    mine, theirs = one.content, other.content
    return (
        mine["scenario_sha256"] == theirs["scenario_sha256"]
        and mine["options"] == theirs["options"]
        and mine["routing"] == theirs["routing"]
    )


@reruns.survive_reruns
def forget(name: str) -> None:
    """Drop a kept plan."""
    by_name().pop(name, None)
    _named().discard(name)


@reruns.survive_reruns
def show_saved_plan(name: str) -> None:
    """Put a kept plan and its inputs on the page."""
    here = by_name()[name]
    job_slots.clear_slot("plan")
    job_slots.clear_slot("upload")
    state.set_edit(here.edit)
    state.show_plan(here)


def _named() -> set[str]:
    return st.session_state.setdefault("named", set())


def _unused_saved_name(name: str) -> str:
    free, number = name, 1
    while free in by_name():
        number += 1
        free = f"{name} ({number})"
    return free
