"""The draft of a scenario as the keys of its content: what all steps say together."""

from typing import Any

from app_pages.session.starting.draft_demand import draft_demand_part
from app_pages.session.starting.draft_goal import draft_class_slos, draft_goal_part
from app_pages.session.starting.draft_outside import draft_llms_part
from app_pages.session.starting.draft_pools import draft_pools_part

__all__ = ["draft_scenario_part"]


def draft_scenario_part() -> dict[str, Any]:
    """All keys but the name; without rates where a day's log is not read yet."""
    demand = draft_demand_part()
    if "classes" in demand:
        demand["classes"] = draft_class_slos(demand["classes"])
    return {**draft_pools_part(), **draft_llms_part(), **demand, **draft_goal_part()}
