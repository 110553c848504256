"""Step 7: what was said in short, a name, and Solve."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app_pages.session import job_slots, reruns, uploads
from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_day import draft_day
from app_pages.session.starting.draft_demand import DAY, draft_demand_part
from app_pages.session.starting.draft_goal import draft_goal_part, draft_slos
from app_pages.session.starting.draft_outside import ALL_RUN, draft_outside_names
from app_pages.session.starting.draft_parts import draft_scenario_part
from app_pages.session.starting.draft_pools import draft_pools_part
from app_pages.session.starting.draft_scores import EXAMPLE, draft_scores, draft_scores_path
from app_pages.session.starting.used_curves import used_draft_curves
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets
from app_pages.widgets.starting.draft_fields import draw_draft_text
from app_pages.widgets.starting.unjudged_fields import draw_unjudged_curves
from planner.scenario.starting.new_scenario import NewTables
from planner.scenario.starting.score_columns import STAND_IN_NAME

__all__ = ["draw_finish_step"]

WRITE = "app_pages.jobs.new_scenario:write_new_scenario_job"
NAME = "my-cluster"
ROOM_WORDS = {"rate_pct": "more requests", "slo_pct": "less than each limit"}


def draw_finish_step() -> None:
    """Summary, name, Solve."""
    markdown_bullets(_finish_lines())
    draw_unjudged_curves()
    draw_draft_text("name", "Name of the scenario", NAME, max_chars=100, width=450)
    if draft_value("scores from") == EXAMPLE:
        st.caption(f"The name gets “, {STAND_IN_NAME}”.")
    st.button(
        "Make the scenario and solve it",
        key="finish-draft",
        type="primary",
        disabled=job_slots.is_running(uploads.UPLOAD),
        on_click=_open_draft,
    )
    if (failed := uploads.upload_failure(new=True)) is not None:
        failure_markdown_box(failed[0], "Not made", failed[1])


def _finish_lines() -> list[str]:
    """What was said, a line for each step."""
    pools = [_pool_in_words(pool) for pool in draft_pools_part()["pools"]]
    frames = used_draft_curves()
    keys = ["llm", "gpu", "tp_degree", "mps_share_pct", "provenance"]
    kinds: dict[str, int] = {}
    for frame in frames:
        for kind, count in frame[keys].drop_duplicates()["provenance"].value_counts().items():
            kinds[str(kind)] = kinds.get(str(kind), 0) + int(count)
    curves = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    day = draft_day()
    outside = draft_outside_names()
    who_runs = "each must run" if draft_value(ALL_RUN) else "of which the plan chooses (step 2)"
    return [
        f"GPUs: {', '.join(pools)}",
        f"LLMs, {who_runs}: {', '.join(draft_value('llms', []))}",
        *([f"LLMs outside the cluster: {', '.join(outside)}"] if outside else []),
        f"Curves of options: {curves}",
        _scores_in_words(),
        _demand_in_words() if day is None or draft_value("demand") != DAY else day.headline,
        _goal_in_words(),
    ]


def _scores_in_words() -> str:
    scores, made_up = draft_scores(), draft_value("scores from") == EXAMPLE
    if scores is None:
        return "No scores"
    return f"{'Made-up scores' if made_up else 'Scores'} of {scores.prompts:,} prompts"


def _pool_in_words(pool: Mapping[str, Any]) -> str:
    nodes = pool["nodes"]
    if isinstance(nodes, Mapping):
        nodes = f"{nodes['at_least']} to {nodes['at_most']}"
    words = f"{nodes} x {pool['gpus_per_node']} {pool['gpu']}"
    if pool["name"] != pool["gpu"]:
        words = f"{pool['name']}: {words}"
    if (reserved := pool.get("reserved")) is not None:
        return f"{words} ({reserved['nodes']} reserved)"
    return f"{words} (owned)" if pool.get("owned") else words


def _demand_in_words() -> str:
    rate: Any = draft_demand_part().get("arrival_rate_rps")
    rates = rate if isinstance(rate, dict) else {"": rate}
    return ", ".join(f"{number:g} req/s {name}".strip() for name, number in rates.items())


def _goal_in_words() -> str:
    goal = draft_goal_part()
    slos = [
        f"{slo['statistic']} {slo['metric'].upper()} {slo['limit_ms']:g} ms"
        f" {'for every LLM' if slo['scope'] == 'each_llm' else 'over all requests'}"
        f"{f' of {of}' if of else ''}"
        for of, slo in draft_slos()
    ]
    floor = goal["objective"].get("quality_at_least")
    budget = goal["objective"].get("cost_at_most_usd_per_h")
    best = "best quality" if floor is None else f"cheapest with a quality of at least {floor:g}"
    room = goal.get("headroom", {})
    kept = [f"{room[key]:g} % {words}" for key, words in ROOM_WORDS.items() if room.get(key)]
    best = best if budget is None else f"{best} for {budget:g} USD/h at most"
    return "; ".join([*slos, best, *([f"planned for {' and '.join(kept)}"] if kept else [])])


@reruns.survive_reruns
def _open_draft() -> None:
    """Let a worker write and read the scenario; `uploads` puts it on the page and solves it."""
    path = draft_scores_path()
    if path is None:
        return
    day = draft_day() if draft_value("demand") == DAY else None
    name = draft_value("name", NAME) or NAME
    if draft_value("scores from") == EXAMPLE:
        name = f"{name}, {STAND_IN_NAME}"
    part = {"name": name, **draft_scenario_part()}
    tables = NewTables(tuple(used_draft_curves()), path, "" if day is None else day.demand)
    uploads.open_new_scenario(WRITE, (part, tables), f"new: {name}")
