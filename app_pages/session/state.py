"""What one person asks and sees: the asked scenario, the plan shown, saved plans.

All of it lives in st.session_state and nowhere else.

asked    Asked: file and changes, as the inputs on the page stand now
shown    Shown: a plan and what was asked for it
saved    name -> Shown, for Compare
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages.jobs.messages import Outcome, Told
from app_pages.session import reruns, work
from app_pages.session.server import PLAN, example, example_plan
from planner.errors import DataError
from planner.packed_files import EXAMPLES
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.scenario.edits import ScenarioEdit, changed, content_of
from planner.scenario.schema import ScenarioSpec
from planner.scenario.schema_paths import set_path
from profiles.io.faults import Fault

__all__ = [
    "Knob",
    "Shown",
    "asked",
    "begin",
    "content",
    "folder",
    "is_stale",
    "key_of",
    "knobs",
    "link_query",
    "nearest_of",
    "open_example",
    "saved",
    "set_asked",
    "set_value",
    "show",
    "shown",
    "solve",
    "take_plan",
    "trouble",
    "write_link",
]

QUICK_S = 1.2
"""A solve that takes no longer is shown without a progress box."""


@dataclass(frozen=True)
class Shown:
    """A plan as it is shown.

    asked: what it answers; told: plan.json, tables and meta; example: what was chosen as the
    scenario.

    cancelled: its search was stopped by the person.
    """

    asked: ScenarioEdit
    told: Told
    example: str = ""
    cancelled: bool = False

    @property
    def tables(self) -> Mapping[str, Any]:
        """Named tables of planner.plans.tables and planner.export.report_content."""
        return self.told.report["tables"]

    @property
    def meta(self) -> Mapping[str, Any]:
        """Words and numbers beside the tables."""
        return self.told.report["meta"]

    @property
    def content(self) -> PlanContent:
        """The content of plan.json."""
        return self.told.content


def nearest_of(here: Shown) -> Shown:
    """The best effort beside a conflict, as a plan of its own."""
    nearest = Plan(here.content).best_effort
    if nearest is None:
        raise ValueError("the plan has no best effort")
    return Shown(here.asked, Told(nearest.content, here.told.nearest or {}), here.example)


def asked() -> ScenarioEdit:
    """What the inputs ask now."""
    return st.session_state["asked"]


def content() -> dict[str, Any]:
    """The asked scenario as plain content, complete with defaults."""
    return content_of(asked())


def shown() -> Shown | None:
    """The plan on the page."""
    return st.session_state.get("shown")


def saved() -> dict[str, Shown]:
    """Plans kept for Compare, by the name their keeper gave them."""
    return st.session_state.setdefault("saved", {})


def is_stale() -> bool:
    """Whether the inputs differ from those of the plan shown."""
    here = shown()
    return here is not None and here.asked != asked()


def set_asked(new: ScenarioEdit) -> None:
    """Ask something else; the plan shown stays until it is solved."""
    st.session_state["asked"] = new


def set_value(path: str, value: Any) -> None:
    """Change one value of the asked scenario, e.g. `slo.0.limit_ms`; a value that cannot be is told
    and does not count.
    """
    new = content()
    if set_path(ScenarioSpec, new, path, value) is not None:
        return
    one = changed(asked(), new)
    try:
        one.scenario  # noqa: B018 - raises when the value cannot be
    except DataError as error:
        st.session_state["edit_faults"] = error.faults
    else:
        set_asked(one)


@reruns.whole
def solve(wait: float = QUICK_S) -> None:
    """Plan what is asked, in a worker."""
    now = asked()
    st.session_state["solving"] = now
    work.end_spare()
    work.start("plan", PLAN, (now.path, dict(now.overrides)), "Solving", key=key_of(now), wait=wait)


def key_of(one: ScenarioEdit) -> str:
    """Jobs of the same scores go to the same worker."""
    return str(Path(one.path).parent / str(one.base["scores"]))


def show(here: Shown) -> None:
    """Put a plan on the page."""
    st.session_state["shown"], st.session_state["trouble"] = here, None
    st.session_state["example"] = here.example


def take_plan() -> None:
    """Show the plan that the worker made. Called once, before a page is drawn."""
    done, what = work.outcome("plan"), work.work_of("plan")
    if done is None or what is None or "solving" not in st.session_state:
        return
    st.session_state["trouble"] = None if done.kind == "result" else done
    if done.kind == "result":
        cancelled = what.cancelled and done.result.content["status"] != "optimal"
        st.session_state["shown"] = Shown(
            st.session_state["solving"], done.result, st.session_state["example"], cancelled
        )
    del st.session_state["solving"]
    work.clear("plan")


def trouble() -> Outcome | None:
    """Why the last solve gave no plan."""
    return st.session_state.get("trouble")


def folder() -> str:
    """Where the asked scenario's files are, with a slash; left out where faults are told."""
    return f"{Path(asked().path).parent}/"


# ---------------------------------------------------------------- examples and links


def begin() -> None:
    """What a person sees first: the example of the link (or the first one), solved."""
    if "asked" in st.session_state:
        return
    name = st.query_params.get("example", EXAMPLES[0])
    open_example(name if name in EXAMPLES else EXAMPLES[0])
    values, faults = link_values(asked(), st.query_params.to_dict())
    st.session_state["link_faults"] = faults
    for path, value in values.items():
        set_value(path, value)
    if is_stale():
        solve()


def open_example(name: str) -> None:
    """Ask an example and show its plan."""
    one = example(name)
    st.session_state["example"] = name
    set_asked(one)
    st.session_state["trouble"] = None
    with st.spinner("Solving the example"):
        done = example_plan(one)
    if done.kind == "result":
        st.session_state["shown"] = Shown(one, done.result, name)
    else:
        st.session_state["trouble"] = done


def link_values(
    one: ScenarioEdit, asked_for: Mapping[str, str]
) -> tuple[dict[str, Any], list[Fault]]:
    """Values of a share link by dotted path, and what of it cannot be used."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for path, text in asked_for.items():
        if path == "example":
            if text not in EXAMPLES:
                faults.append(
                    Fault(
                        "link",
                        path,
                        text[:60],
                        "there is no such example",
                        f"it is one of {', '.join(EXAMPLES)}",
                    )
                )
            continue
        knob = next((k for k in knobs(one) if k.path == path), None)
        if knob is None:
            faults.append(
                Fault(
                    "link",
                    path[:60],
                    text[:60],
                    "this is nothing that a link can change",
                    "change it on the page",
                )
            )
            continue
        try:
            value = int(text) if knob.whole else float(text)
            ScenarioEdit(one.path, one.base, {path: value}).scenario  # noqa: B018 - raises when the value cannot be
            values[path] = value
        except (ValueError, DataError):
            faults.append(
                Fault(
                    "link", path, text[:60], "this is no value it can have", "change it on the page"
                )
            )
    return values, faults


def write_link() -> None:
    """Put the small inputs into the address, so that it opens the same inputs elsewhere; nothing
    for files of one's own.
    """
    link = link_query()
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def link_query() -> dict[str, str]:
    """The query of a share link: the example and the small inputs that differ from it; empty for
    files of one's own.
    """
    name = st.session_state.get("example")
    if name not in EXAMPLES:
        return {}
    paths = {knob.path for knob in knobs(asked())}
    return {"example": name} | {
        path: f"{value:.12g}" for path, value in asked().overrides.items() if path in paths
    }


@dataclass(frozen=True)
class Knob:
    """A small input: dotted path, label with unit, value, least value, step; whole: a whole
    number.
    """

    path: str
    label: str
    value: float
    least: float
    step: float
    whole: bool = False


def knobs(one: ScenarioEdit) -> list[Knob]:
    """The small inputs of a scenario, which links carry: rate, SLO limits, nodes, quality asked
    for.
    """
    now = content_of(one)
    found = [Knob("arrival_rate_rps", "Arrival rate (req/s)", now["arrival_rate_rps"], 0.01, 1.0)]
    for k, slo in enumerate(now["slo"]):
        each = " of each LLM" if slo["scope"] == "each_llm" else ""
        label = f"{slo['statistic']} {slo['metric'].upper()}{each} at most (ms)"
        found.append(Knob(f"slo.{k}.limit_ms", label, slo["limit_ms"], 0.01, 10.0))
    if "quality_at_least" in now["objective"]:
        floor = now["objective"]["quality_at_least"]
        found.append(
            Knob("objective.quality_at_least", "Quality at least (mean score)", floor, -1e9, 0.01)
        )
    found += [
        Knob(f"pools.{k}.nodes", f"Nodes of {p['name']}", p["nodes"], 1, 1, whole=True)
        for k, p in enumerate(now["pools"])
    ]
    return found
