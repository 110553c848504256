"""The page What-if: knobs that plan anew, what binds and what one more buys, frontiers,
sensitivity, other setups nearly as good.
"""

from typing import Any

import streamlit as st

from app_pages.charts import what_if
from app_pages.charts.report import show
from app_pages.session import reruns, state, work
from app_pages.session.markdown import bullets, not_done, plain
from app_pages.session.state import Knob, Shown
from app_pages.widgets import conflict, frontier, marginals, tables
from planner.plans.numbers import tidy
from planner.plans.record import Plan
from planner.plans.schema import AlternativesContent
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.comparison_tables import comparison_table
from planner.presentation.what_if import field_value, slider_range
from planner.scenario.edits import ScenarioEdit

JOBS = "app_pages.jobs.what_if"
NOTHING = "none of them"


def draw() -> None:
    """The whole page."""
    st.title("What-if")
    here = state.shown()
    take_other(here)
    st.subheader("Turn a knob")
    st.markdown(
        "Every move of these sliders is planned anew at once, with a bound. The plan that you"
        " started from stays beside it."
    )
    with st.container(horizontal=True, gap="medium"):
        for knob in state.knobs(state.asked()):
            slider(knob)
    frontier.asked_for()
    if here is None:
        st.info("There is no plan yet; press Solve beside the page.")
        return
    beside(here)
    if here.meta["binding"]:
        st.markdown(plain(here.meta["binding"]))
    marginals.draw(here)
    frontier.draw(here)
    sensitivity(here)
    near(here)


def memory() -> dict[str, Any]:
    """What this page keeps for the session."""
    return st.session_state.setdefault("what-if", {})


# ---------------------------------------------------------------- knobs


def slider(knob: Knob) -> None:
    """One knob as a slider whose ends stay where they are."""
    first = field_value(ScenarioEdit(state.asked().path, state.asked().base), knob.path)
    low, high, step = slider_range(knob.value, knob.value if first is None else first, knob.whole)
    number = int if knob.whole else float
    if high <= low:
        return
    key = reruns.key_for(f"what-if-{knob.path}", number(knob.value))
    st.session_state[key] = number(knob.value)
    ends: dict[str, Any] = {
        "min_value": number(low),
        "max_value": number(high),
        "step": number(step),
    }
    st.slider(
        plain(knob.label), **ends, key=key, on_change=turned, args=(knob.path, key), width=320
    )


@reruns.whole
def turned(path: str, key: str) -> None:
    """A knob was moved: ask and plan."""
    value = st.session_state[key]
    if reruns.sent(f"what-if-{path}", key, value):
        state.set_value(path, tidy(value))
        state.solve()


def beside(here: Shown) -> None:
    """The plan that the person started from, and the plan on the page."""
    pin = memory().get("pin")
    if pin is None or pin.asked.path != here.asked.path:
        memory()["pin"] = pin = here
    st.markdown(plain(here.meta["verdict"]) + ".")
    if pin is here:
        return
    pair = {"Start": pin.content, "Now": here.content}
    st.markdown("**What differs from the plan at the start**")
    bullets(comparison_lines(pin.content, here.content))
    if here.content["status"] == "infeasible":
        conflict.draw(here)
        st.markdown("The page Plan shows the plan of the nearest feasible case.")
    tables.show(
        comparison_table(pair),
        "The plan at the start and the plan now, number by number.",
        whole=True,
    )
    with st.container(horizontal=True):
        st.button("Back to the start", key="what-if-back", on_click=back, args=(pin,))
        st.button(
            "Compare with this plan from now on",
            key="what-if-pin",
            on_click=memory().__setitem__,
            args=("pin", here),
        )


@reruns.whole
def back(pin: Shown) -> None:
    """Ask the start again and show its plan."""
    work.clear("plan")
    state.set_asked(pin.asked)
    state.show(pin)


@reruns.whole
def start(slot: str, call: str, args: tuple[Any, ...], label: str, here: Shown) -> None:
    """Start a job on the plan shown."""
    work.start(slot, call, args, label, key=state.key_of(here.asked))


# ---------------------------------------------------------------- sensitivity


def sensitivity(here: Shown) -> None:
    """One input at a time a tenth lower and higher."""
    if not here.content["options"]:
        return
    st.subheader("Sensitivity: one input at a time, 10 % down and up")
    args = (here.asked.path, dict(here.asked.overrides), here.content)
    done = work.outcome_of("sensitivity", args)
    if done is None:
        st.markdown(
            "Arrival rate and SLOs 10 % down and up, one node less and more of each pool; each is"
            " planned anew."
        )
        job = ("sensitivity", f"{JOBS}:sensitivity", args, "Sensitivity", here)
        st.button(
            "Plan them all",
            key="what-if-sensitivity",
            disabled=work.running("sensitivity"),
            on_click=start,
            args=job,
        )
    elif done.kind != "result":
        not_done(done, "Not done", state.folder())
    else:
        show(what_if.changes(done.result), "what-if-changes")
        tables.show(
            done.result,
            "One changed input a row: status, objective found and best possible, its change, and"
            " why there is no plan.",
        )


# ---------------------------------------------------------------- alternatives


def near(here: Shown) -> None:
    """Other setups nearly as good, each of which can be opened."""
    if not here.content["options"]:
        return
    st.subheader("Other setups nearly as good")
    st.markdown(
        "The next best kinds of setup within a stated loss, the one on fewest GPUs, and the one"
        " nearest to a plan that runs."
    )
    kept = memory().setdefault("near", {"number": 3, "loss": 1.0, "current": NOTHING})
    names = [
        NOTHING,
        *(
            name
            for name, one in state.saved().items()
            if one.content["options"] and one is not here
        ),
    ]
    kept["current"] = kept["current"] if kept["current"] in names else NOTHING
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, label, least, most, step in (
            ("number", "How many", 1, 10, 1),
            ("loss", "Loss at most (%)", 0.0, 100.0, 0.5),
        ):
            key = f"what-if-near-{name}"
            st.session_state[key] = kept[name]
            st.number_input(
                label,
                least,
                most,
                step=step,
                key=key,
                on_change=remember,
                args=(name, key),
                width=160,
            )
        st.session_state["what-if-near-current"] = kept["current"]
        job: dict[str, Any] = {"on_change": remember, "args": ("current", "what-if-near-current")}
        st.selectbox("Plan that runs", names, key="what-if-near-current", width=360, **job)
    chosen = None if kept["current"] == NOTHING else kept["current"]
    running = None if chosen is None else state.saved()[chosen].content
    args = (
        here.asked.path,
        dict(here.asked.overrides),
        here.content,
        kept["number"],
        kept["loss"],
        chosen,
        running,
    )
    done = work.outcome_of("near", args)
    if done is None:
        begin = ("near", f"{JOBS}:near", args, "Other setups", here)
        st.button(
            "Find them",
            key="what-if-near",
            disabled=work.running("near"),
            on_click=start,
            args=begin,
        )
    elif done.kind != "result":
        not_done(done, "Not done", state.folder())
    else:
        others(here, done.result)


@reruns.whole
def remember(name: str, key: str) -> None:
    """A question about alternatives was changed."""
    memory()["near"][name] = st.session_state[key]


def others(here: Shown, found: AlternativesContent) -> None:
    """The alternatives found, what is proved of them, and a button for each."""
    content = Plan(here.content).with_alternatives(found).content
    frame = alternatives_table(content)
    bullets(alternatives_lines(content))
    if not len(frame):
        return
    first = ["Why it is listed", "Loss (%)", "GPUs", "Replicas against the plan found"]
    tables.show(
        frame,
        "One other setup a row: why it is listed, objective found and best possible, loss, GPUs,"
        " what differs.",
        first,
    )
    opening = work.outcome("what-if-open")
    if opening is not None and opening.kind != "result":
        not_done(opening, "Not done", state.folder())
    with st.container(horizontal=True):
        for k, why in enumerate(frame["Why it is listed"]):
            st.button(
                f"Open {k + 1}: {plain(why)}",
                key=f"what-if-open-{k}",
                on_click=open_other,
                args=(here, content, k),
            )


@reruns.whole
def open_other(here: Shown, content: dict[str, Any], number: int) -> None:
    """Open an alternative as the plan; it answers the same inputs."""
    memory()["opening"] = here
    work.start(
        "what-if-open",
        f"{JOBS}:other",
        (here.asked.path, dict(here.asked.overrides), content, number),
        "Opening",
        wait=3.0,
    )


def take_other(here: Shown | None) -> None:
    """Show the alternative that was opened, unless another plan is shown meanwhile."""
    done, opening = work.outcome("what-if-open"), memory().get("opening")
    if done is None or done.kind != "result" or not isinstance(opening, Shown):
        return
    if here is opening:
        state.set_asked(opening.asked)
        state.show(Shown(opening.asked, done.result, opening.example))
    work.clear("what-if-open")
    st.rerun()


draw()
