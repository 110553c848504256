"""The page Inputs: open a scenario, edit it, replace its tables.

Profiles and scores are uploaded and summarised, never edited here.
"""

import streamlit as st

from app_pages.jobs.messages import JobOutcome
from app_pages.session import job_slots, reruns, state, uploads
from app_pages.widgets import editors
from app_pages.widgets.demand.case_table import draw_case_table
from app_pages.widgets.demand.class_table import draw_class_slo_table, draw_class_table
from app_pages.widgets.demand.fleet_fields import draw_fleet_fields
from app_pages.widgets.demand.known_rates import known_rates, remember_rates_of_table
from app_pages.widgets.demand.outside_table import draw_outside_table
from app_pages.widgets.demand.rate_table import draw_rate_table
from app_pages.widgets.markdown import plain_markdown
from app_pages.widgets.number_fields import draw_number_field, draw_optional_number_field
from app_pages.widgets.scenario_files import (
    draw_opening_scenario_files,
    draw_saving_scenario_files,
    draw_scenario_tables,
)
from planner.scenario.edits import cost_objective_edit
from planner.scenario.schema.specification import MaximizeQuality

DEGREES = (1, 2, 4, 8, 16)
SHARES = tuple(range(10, 101, 10))
GOALS = {
    "quality": "best quality within capacity and SLOs",
    "cost": "cheapest GPUs that reach a quality",
}

PLAN = "views/plan.py"

QUALITY = MaximizeQuality(maximize="quality").model_dump()
"""The objective as the scenario's content has it, blanks included."""


def draw_inputs_view() -> None:
    """The whole page."""
    summaries = uploads.table_summaries(state.current_edit())
    st.title("Inputs")
    st.markdown(
        "Edits take effect at once. Press **Solve** (in the sidebar, or below) for a new plan."
    )
    remember_rates_of_table(summaries)
    draw_opening_scenario_files()
    draw_saving_scenario_files()
    draw_demand_inputs()
    st.header("Pools of GPUs")
    editors.draw_table_editor(
        "pools", "Pools of GPUs: name, GPU type, nodes, GPUs per node, memory and price."
    )
    st.caption(
        "A pool is a number of equal nodes. Memory and price that are not set come from the"
        " catalogue."
    )
    with st.expander("GPU types in the catalogue"):
        st.markdown(plain_markdown(editors.known_gpus()))
    st.header("LLMs that may be deployed")
    editors.draw_table_editor("llms", "LLMs with weights and limits on their replicas.")
    draw_outside_table()
    draw_search_inputs(summaries)
    draw_scenario_tables(summaries)
    st.header("Check: your changes")
    editors.draw_editor_changes()
    st.button(
        "Solve",
        key="solve-inputs",
        type="primary",
        disabled=job_slots.is_running("plan"),
        on_click=state.start_session_solve,
    )
    draw_solved_inputs()


def draw_solved_inputs() -> None:
    """What the inputs gave, where they are solved, and the way there."""
    here = state.plan_on_page()
    if here is None or state.is_stale() or job_slots.is_running("plan"):
        return
    st.markdown(f"**Solved.** {plain_markdown(here.meta['verdict'])}.")
    if st.button("See the plan", key="see-plan"):
        st.switch_page(PLAN)


def draw_demand_inputs() -> None:
    """What is to be served: rates, cases, classes; objective and SLOs."""
    st.header("Demand, SLOs and objective")
    content = state.edited_content()
    of_day = bool(content["classes"] or content["cases"])
    if of_day:
        draw_day_inputs()
    else:
        draw_number_field("arrival_rate_rps", "Arrival rate (req/s)", 0.01, 1.0)
    draw_objective_inputs()
    over = " of a case" if of_day else ""
    st.markdown(
        f"**SLOs**: all hold at once, each over what its column *Over* says, all requests{over} or"
        " every LLM by itself; without rows, capacity alone limits."
    )
    editors.draw_table_editor(
        "slo", "Service-level objectives: metric, statistic, limit and scope."
    )
    st.caption(
        "TTFT: time to first token, queueing and prefill included. TPOT: time per output token"
        " after the first. E2E: end to end."
    )
    if not of_day:
        with st.expander("Cases of a day, classes of requests", icon=":material/schedule:"):
            st.markdown(
                "Add a case or a class where there is more than one rate, or more than one kind of"
                " requests. The first one takes the arrival rate."
            )
            draw_case_table()
            draw_class_table()


def draw_day_inputs() -> None:
    """Rates, cases, the fleet, classes."""
    if known_rates() is None:
        st.info(
            "The rates are in a table that is not read yet, or has faults: see Profiles and scores."
        )
        return
    st.markdown("**Rates**: requests per second of every class in every case.")
    draw_rate_table()
    st.markdown("**Cases**: periods of the day, stress loads, losses of nodes. All are served.")
    draw_case_table()
    draw_fleet_fields()
    st.markdown("**Classes**: requests of one kind.")
    draw_class_table()
    draw_class_slo_table()


def draw_objective_inputs() -> None:
    """Best quality with a budget, or the least cost of a quality."""
    goal = "cost" if "minimize" in state.edited_content()["objective"] else "quality"
    with st.container(horizontal=True):
        key = reruns.fill_widget_across_reruns("goal", goal)
        st.radio(
            "Objective",
            list(GOALS),
            key=key,
            on_change=goal_input_chosen,
            args=(key,),
            format_func=GOALS.__getitem__,
            width=380,
        )
        if goal == "cost":
            path = "objective.quality_at_least"
            draw_number_field(path, "Quality at least (mean score)", -1e9, 0.01)
        else:
            path = "objective.cost_at_most_usd_per_h"
            draw_optional_number_field(path, "Budget (USD/h; none: no limit)", 0.0, 1.0)


def draw_search_inputs(done: JobOutcome | None) -> None:
    """Which setups may be considered, what to keep free, and how long to search.

    done: of `uploads.table_summaries`: MIG profiles are asked for where some are profiled.
    """
    setups = state.edited_content()["setups"]
    head = "Which setups may be considered, headroom, and how long to search"
    with st.expander(head, icon=":material/filter_alt:"):
        draw_choice_input(
            "setups.tp_degrees",
            "Tensor-parallel degrees (none chosen: all profiled)",
            DEGREES,
            setups["tp_degrees"],
        )
        draw_choice_input(
            "setups.mps_shares_pct",
            "MPS shares, % of a GPU (none chosen: all profiled)",
            SHARES,
            setups["mps_shares_pct"],
        )
        profiled = done.result["mig_profiles"] if done is not None and done.has_result else []
        if profiled or setups["mig_profiles"]:
            draw_choice_input(
                "setups.mig_profiles",
                "MIG profiles (none chosen: all profiled)",
                tuple(profiled),
                setups["mig_profiles"],
            )
        with st.container(horizontal=True):
            draw_number_field(
                "setups.memory_headroom_pct", "Memory kept free (% of a GPU)", 0.0, 1.0
            )
            draw_number_field(
                "setups.min_gpu_utilization_pct", "Compute used at least (%)", 0.0, 5.0
            )
        with st.container(horizontal=True):
            draw_number_field("headroom.slo_pct", "Headroom of every SLO limit (%)", 0.0, 5.0)
            draw_number_field("headroom.rate_pct", "Headroom of the arrival rate (%)", 0.0, 5.0)
            draw_number_field(
                "headroom.utilization_pct", "Headroom of every curve's last rate (%)", 0.0, 5.0
            )
        with st.container(horizontal=True):
            draw_number_field("solver.time_limit_s", "Time limit (s)", 0.1, 10.0)
            draw_number_field("solver.rel_gap", "Gap to stop at (1e-4 = 0.01 %)", 0.0, 1e-4)


# ---------------------------------------------------------------- widgets


@reruns.survive_reruns
def goal_input_chosen(key: str) -> None:
    """Quality, or cost with a required quality: that of the plan shown to begin with."""
    goal = st.session_state[key]
    if not reruns.accept_value_across_reruns("goal", key, goal):
        return
    here = state.plan_on_page()
    cost = cost_objective_edit(here.content["quality"] if here is not None else None)
    stated = state.current_edit().base["objective"]
    quality = stated if "maximize" in stated else QUALITY
    state.edit_session_value("objective", cost if goal == "cost" else quality)


def draw_choice_input(
    path: str, label: str, offered: tuple[int | str, ...], chosen: list | None
) -> None:
    """A list of numbers or names; none = every profiled one."""
    key = reruns.fill_widget_across_reruns(f"in-{path}", list(chosen or []))
    options = sorted({*offered, *(chosen or [])})
    st.multiselect(
        label,
        options,
        key=key,
        format_func=lambda value: value if isinstance(value, str) else f"{value:g}",
        on_change=list_input_chosen,
        args=(path, key),
    )


@reruns.survive_reruns
def list_input_chosen(path: str, key: str) -> None:
    """A list was changed."""
    chosen = list(st.session_state[key])
    if reruns.accept_value_across_reruns(f"in-{path}", key, chosen):
        state.edit_session_value(path, chosen or None)


draw_inputs_view()
