"""The page Router: what the plan's prices do, over load and on prompts they were not computed on;
the policy to take away.
"""

import json
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from app_pages.charts import report
from app_pages.charts import router as router_charts
from app_pages.session import reruns, state, work
from app_pages.session.markdown import bullets, not_done, plain
from app_pages.session.state import Shown
from app_pages.widgets import tables
from models import router as library
from models.router import Router
from planner.presentation.router import routing_decision_line, routing_decision_table

Colour = Literal["green", "orange", "red"]
COLOURS: dict[str, Colour] = {"holds": "green", "uncertain": "orange", "misses": "red"}
SPLIT, OTHER, OWN = "Split the plan's prompts", "Other scores", "The plan's own prompts"
TABLES = ["csv", "parquet"]
USE = """from router import Router

router = Router.load("router_policy.json")
# predicted scores by LLM:
llm = router.choose({scores}, prompt_id)
"""


def draw() -> None:
    """Draw the page."""
    st.title("Router")
    st.markdown(
        "A prompt goes to the LLM of the highest **score - dual price**; ties are split by a hash"
        " of the prompt id. Prices are in units of the score: an LLM with a price of 0.1 must be"
        " expected to answer better by 0.1 than one without."
    )
    here = state.shown()
    if here is None or not here.content["options"]:
        st.info("There is no plan to route by. Solve one on the page Plan first.")
        return
    found = policy_of(here)
    if found is None:
        return
    prices(here, found)
    one_prompt(found)
    over_load(here)
    out_of_sample(here)
    take_away(here, found)


def asked_of(here: Shown) -> tuple[Any, ...]:
    """Arguments of every job of this page: the plan shown."""
    return here.asked.path, dict(here.asked.overrides), here.content


def policy_of(here: Shown) -> dict[str, Any] | None:
    """The policy of the plan shown, started when it is not there yet; None (and a word why) while
    it is not.
    """
    found, args = work.work_of("router-policy"), asked_of(here)
    if found is None or found.args != args:
        work.start(
            "router-policy",
            "app_pages.jobs.router:policy",
            args,
            "Reading the scores",
            key=state.key_of(here.asked),
            wait=3.0,
        )
        st.rerun()
    if found.outcome is None:
        st.info("The scores are being read.")
        return None
    return result("router-policy", args)


def result(slot: str, args: tuple[Any, ...]) -> Any:
    """What a slot's job gave for these arguments; faults and stops are told.

    None where there is nothing to show.
    """
    done = work.outcome_of(slot, args)
    if done is None:
        return None
    if done.kind != "result":
        not_done(done, "Not done", state.folder())
        return None
    return done.result


# ---------------------------------------------------------------- prices and one prompt


def prices(here: Shown, found: dict[str, Any]) -> None:
    """Prices, fractions, ties."""
    st.subheader("Prices and fractions")
    tables.show(found["prices"], "Planned and realised fraction and dual price of every LLM.")
    st.caption(
        f"Realised: what the prices do with the plan's own {found['all_prompts']:,} prompts, ties"
        " split as planned. By prompt id: when the hash of each id decides its ties. No dual"
        " price: nothing is sent there."
    )
    bullets([here.meta["router"]])
    if len(found["ties"]):
        with st.expander(f"Ties: {len(found['ties'])} groups of LLMs"):
            tables.show(
                found["ties"],
                "LLMs that tie, the part of the prompts that does, and how it is split.",
                first=["LLMs that tie"],
            )


def one_prompt(found: dict[str, Any]) -> None:
    """One prompt's decision."""
    st.subheader("One prompt's decision")
    prompts = dict(found["prompts"])
    told = (
        None
        if len(prompts) == found["all_prompts"]
        else f"The first {len(prompts)} of {found['all_prompts']:,}."
    )
    name = st.selectbox("Prompt", list(prompts), key="router-prompt", help=told, width=450)
    if name is None:
        return
    router = Router(found["policy"])
    st.markdown(plain(routing_decision_line(router, prompts[name], name)))
    tables.show(
        routing_decision_table(router, prompts[name], name),
        f"Score, price and probability of every LLM for the prompt {name}.",
    )


# ---------------------------------------------------------------- prices over load


def over_load(here: Shown) -> None:
    """Prices from 50 to 150 % of the planned rate, for the setup as it is."""
    st.subheader("Prices over load")
    st.markdown(
        "The setup stays as it is; a gateway takes other prices when the rate changes, without"
        " planning again."
    )
    args = asked_of(here)
    found = result("router-rates", args)
    if found is None:
        off = work.running("router-rates")
        st.button(
            "Compute prices from 50 to 150 % of the rate",
            key="router-rates",
            disabled=off,
            on_click=ask_rates,
            args=(here,),
        )
        return
    st.markdown(f"**{plain(found['held'])}**")
    measure = st.selectbox(
        "Shown over load", router_charts.MEASURES, key="router-measure", width=450
    )
    report.show(
        router_charts.over_load(found["by_llm"], found["held_pct"], here.meta, measure),
        "router-over-load",
    )
    tables.show(
        found["rates"],
        "One row a rate: whether the SLOs are kept, quality, latencies, fractions and prices.",
    )


@reruns.whole
def ask_rates(here: Shown) -> None:
    """Start it."""
    work.start(
        "router-rates",
        "app_pages.jobs.router:rates",
        asked_of(here),
        "Prices over load",
        key=state.key_of(here.asked),
    )


# ---------------------------------------------------------------- out of sample


def out_of_sample(here: Shown) -> None:
    """Prices on prompts that they were not computed on."""
    st.subheader("On other prompts")
    st.markdown(
        "Prices meet prompts that they were not computed on: what becomes of fractions, limits and"
        " quality?"
    )
    how = st.segmented_control(
        "Tested on", [SPLIT, OTHER, OWN], default=SPLIT, required=True, key="router-how"
    )
    with st.container(horizontal=True):
        files = uploads(how)
        split = None
        if how == SPLIT:
            split = st.slider(
                "Part that prices are computed on",
                0.1,
                0.9,
                0.5,
                0.05,
                key="router-split",
                width=300,
            )
        seed = st.number_input(
            "Seed",
            0,
            1_000_000,
            0,
            key="router-seed",
            width=140,
            help="Of the split and of the intervals.",
        )
    args = (*asked_of(here), files, split, seed)
    off = work.running("router-test") or (how == OTHER and "scores" not in files)
    st.button(
        "Test",
        key="router-test",
        type="primary",
        disabled=off,
        on_click=ask_test,
        args=(here, args),
    )
    found, known = result("router-test", args), work.work_of("router-test")
    if found is not None:
        told(found, here)
    elif known is not None and known.args != args:
        st.caption("The inputs changed since the last test.")


def uploads(how: str) -> dict[str, tuple[str, bytes]]:
    """Tables that were handed over: scores where they are asked for, grades always."""
    given = {}
    if how == OTHER:
        given["scores"] = st.file_uploader(
            "Scores: prompt_id and one column an LLM", TABLES, key="router-scores", width=330
        )
    given["grades"] = st.file_uploader(
        "True grades of the same prompts, if known", TABLES, key="router-grades", width=330
    )
    return {key: (file.name, file.getvalue()) for key, file in given.items() if file is not None}


@reruns.whole
def ask_test(here: Shown, args: tuple[Any, ...]) -> None:
    """Start it."""
    work.start(
        "router-test",
        "app_pages.jobs.router:tested",
        args,
        "Routing other prompts",
        key=state.key_of(here.asked),
        wait=1.2,
    )


def told(found: dict[str, Any], here: Shown) -> None:
    """What the test came to."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(found["verdict"], color=COLOURS[found["verdict"]])
        st.markdown(
            f"{found['prompts']:,} prompts, {'with' if found['graded'] else 'without'} grades",
            width="stretch",
        )
    bullets([*found["lines"], *found["notices"]])
    st.markdown("**What the router gains or loses against other ways to send these prompts**")
    report.show(router_charts.gains(found["comparisons"], found["graded"]), "router-gains")
    tables.show(
        found["comparisons"],
        "The router against other ways to send these prompts, with intervals.",
        leave_out=["Standard error (score)", "95 % interval (± score)"],
    )
    st.markdown("**Fractions and limits on these prompts**")
    grades = () if found["graded"] else ("Mean grade",)
    tables.show(
        found["fractions"],
        "Planned and realised fraction of every LLM with its 95 % interval.",
        leave_out=grades,
    )
    tables.show(found["limits"], "Every limit: planned, realised with its 95 % interval, verdict.")
    with st.expander("Quality of every way to send these prompts"):
        grades = () if found["graded"] else ("Graded quality (score)",)
        tables.show(
            found["routings"],
            "Predicted and graded quality, and the fractions of each way.",
            leave_out=grades,
        )
    bullets(found["said"])


# ---------------------------------------------------------------- to take away


def take_away(here: Shown, found: dict[str, Any]) -> None:
    """The policy and the library that reads it."""
    st.subheader("Take it to a gateway")
    known = work.work_of("router-rates")
    rates = (
        None
        if known is None or known.args != asked_of(here) or known.outcome is None
        else known.outcome.result
    )
    content = (rates or found)["json"]
    with st.container(horizontal=True):
        told = "Policy (JSON), with prices over load" if rates else "Policy (JSON)"
        st.download_button(
            told,
            content,
            "router_policy.json",
            "application/json",
            key="router-policy-file",
            on_click="ignore",
        )
        st.download_button(
            "Library (Python)",
            library_text,
            "router.py",
            "text/x-python",
            key="router-library",
            on_click="ignore",
        )
    st.caption(
        "The library is one file and needs numpy alone; it reads the policy and decides in"
        " microseconds."
    )
    name = next(iter(dict(found["prompts"])))
    scores = {llm: round(score, 2) for llm, score in dict(found["prompts"])[name].items()}
    st.code(
        USE.replace("{scores}", json.dumps(scores, ensure_ascii=False)),
        language="python",
        wrap_lines=True,
    )


def library_text() -> str:
    """The library's own file."""
    return Path(library.__file__).read_text(encoding="utf-8")


draw()
