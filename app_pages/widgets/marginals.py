"""What one more of every limit would buy, for the pages Plan and What-if: slopes at once, and soon
what planning again gives.
"""

import time
from typing import Any

import streamlit as st

from app_pages.session import reruns, state, work
from app_pages.session.markdown import bullets, not_done
from app_pages.session.state import Shown
from app_pages.widgets import tables
from planner.plans.labels import objective_unit
from planner.plans.record import Plan
from planner.plans.schema import MarginalContent, PlanContent
from planner.presentation.marginals import marginals_lines, marginals_table

__all__ = ["draw", "with_steps"]

SLOT, SINCE = "worth", "worth-since"
QUIET_S = 2.0


def draw(here: Shown) -> None:
    """Slopes until the real steps are there, which are planned while nobody else wants the
    processor.

    Nothing without a plan.
    """
    if not here.content["options"]:
        return
    st.subheader("What would one more buy?")
    args = _args(here)
    if _steps(here):
        content = with_steps(here)
        st.markdown("Planned again with one unit more and one less:")
        bullets(marginals_lines(content))
        with st.expander("As a table"):
            tables.show(
                marginals_table(content),
                f"What each limit is worth in {objective_unit(content)}, planned again.",
            )
        return
    st.markdown("A rough guide, by slopes:")
    bullets(here.meta["worth"])
    if _known(args) and work.running(SLOT):
        work.watch(SLOT)
        return
    if not _known(args) and here.asked == state.asked() and not work.running("plan"):
        st.session_state[SINCE] = time.monotonic()
        st.fragment(_soon, run_every=QUIET_S)(here)
        return
    done = work.outcome_of(SLOT, args)
    if done is not None and done.kind != "result":
        not_done(done, "Not planned again", state.folder())
    elif done is not None:
        st.markdown("No plan was found in time when one limit was moved.")
    st.button(
        "Plan again with one more and one less of each",
        key=SLOT,
        disabled=work.running(SLOT),
        on_click=_ask,
        args=(here,),
    )


def _soon(here: Shown) -> None:
    """Plan again once the page has been at rest for QUIET_S: drawing comes first.

    Run at once, when it only tells, then by the clock.
    """
    if time.monotonic() - st.session_state[SINCE] < QUIET_S / 2:
        st.caption("The real steps are planned in a moment.")
        return
    _begin(here, spare=True)
    st.rerun()


def with_steps(here: Shown) -> PlanContent:
    """The content of plan.json, with what one more buys where that is known by now."""
    steps = _steps(here)
    return Plan(here.content).with_marginals(steps).content if steps else here.content


def _steps(here: Shown) -> list[MarginalContent] | None:
    """What planning again with one unit more and less gave for this plan, as `context.marginals`;
    None where it is not known.
    """
    done = work.outcome_of(SLOT, _args(here))
    return done.result or None if done is not None and done.kind == "result" else None


def _args(here: Shown) -> tuple[Any, ...]:
    return here.asked.path, dict(here.asked.overrides)


def _known(args: tuple[Any, ...]) -> bool:
    found = work.work_of(SLOT)
    return found is not None and found.args == args


def _begin(here: Shown, spare: bool) -> None:
    words = "Planning again with one more and one less"
    work.start(
        SLOT,
        "app_pages.jobs.planning:worth",
        _args(here),
        words,
        key=state.key_of(here.asked),
        spare=spare,
    )


@reruns.whole
def _ask(here: Shown) -> None:
    _begin(here, spare=False)
