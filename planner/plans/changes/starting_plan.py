"""The plan that `plan --from` starts from: read, looked up in the scenario by LLM, pool, degree and
share, and what of it is kept, started and stopped.

Replicas are counted by option, on whichever GPUs they are:

    kept      sum_o min(n_o, m_o)          of the plan's replicas n and those that run, m
    started   sum_o max(0, n_o - m_o)
    stopped   sum_o max(0, m_o - n_o)      options that the scenario does not have included

A kept replica that is on other GPUs afterwards is counted in `moved`; a limit of changes does not
count it. A price does: of every GPU on which a replica has to start, since none of its option runs
there on the same GPUs.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from models.instance import Instance, Running
from planner.errors import DataError, SolveError
from planner.plans.cells.any_plan import load_any_plan_to_compare
from planner.plans.cells.cells_plan import CellsPlan
from planner.plans.cells.setup_as_plan import setup_as_plan
from planner.plans.changes.diff import diff_plans
from planner.plans.changes.node_matching import replicas_by_node_to_match
from planner.plans.changes.running_setup import running_setup
from planner.plans.option_index import (
    OptionIndex,
    OptionKey,
    any_mig_option,
    option_key,
    option_slice_content,
    option_slice_words,
)
from planner.plans.record import Plan
from planner.plans.schema import (
    PlanContent,
    PricedChangesContent,
    RunningOptionContent,
    StartContent,
)
from profiles.io.faults import Fault

__all__ = [
    "ChangePrice",
    "StartingPlan",
    "counted_by_option",
    "instance_from_running",
    "plan_that_runs",
    "read_starting_plan",
    "replicas_that_run",
    "require_setup",
    "running_options_content",
    "start_of_plan",
    "starting_plan_lines",
]


@dataclass(frozen=True)
class ChangePrice:
    """usd: of each GPU on which a replica has to start, USD. hours: it is spread over these."""

    usd: float
    hours: float

    @property
    def usd_per_h(self) -> float:
        """USD/h of one GPU."""
        return self.usd / self.hours


@dataclass(frozen=True)
class StartingPlan:
    """content: of the plan that runs, with a setup; of one over classes and cases that setup in the
    words of schema 1. path: its file, as the user wrote it. most:
    replicas that may start or stop in all, None without a limit. price: of what starts, None
    without one. note: why it is not verified, "" where it is.
    """

    path: str
    content: PlanContent
    most: int | None = None
    price: ChangePrice | None = None
    note: str = ""


def read_starting_plan(
    path: str, most: int | None, price: ChangePrice | None = None
) -> StartingPlan:
    """Read a plan.json; DataError where it cannot be read, fails its checks or has no setup."""
    plan, note = load_any_plan_to_compare(Path(path))
    return StartingPlan(path, plan_that_runs(plan, path), most, price, note)


def require_setup(plan: Plan | CellsPlan, path: str) -> None:
    """DataError where a plan has no setup that could run."""
    try:
        plan.demand_setup()
    except SolveError as error:
        problem = f"no plan that could run: {error}"
        fault = Fault(path, "status", "", problem, "name a plan with a setup")
        raise DataError([fault]) from None


def plan_that_runs(plan: Plan | CellsPlan, path: str) -> PlanContent:
    """The content of a plan with one setup; DataError where it has none, or several."""
    require_setup(plan, path)
    if isinstance(plan, Plan):
        return plan.content
    if len(plan.content["setups"]) > 1:
        problem = "a cycle of setups runs, and a plan starts from one"
        raise DataError([Fault(path, "setups", "", problem, "name a plan of a fixed fleet")])
    return cast("PlanContent", setup_as_plan(plan.content, 0))


def instance_from_running(instance: Instance, start: StartingPlan | None) -> Instance:
    """The instance with what runs when its plan begins; None: nothing does."""
    if start is None:
        return instance
    _refuse_mig_instances(instance, start)
    running = replicas_that_run(instance, start.content, start.most)
    price = 0.0 if start.price is None else start.price.usd_per_h
    return replace(instance, running=replace(running, start_price=price))


def _refuse_mig_instances(instance: Instance, start: StartingPlan) -> None:
    """DataError where MIG instances run or may be used: which of them may stay depends on how each
    GPU is divided, and that no placement near what runs takes into account yet.
    """
    runs = any_mig_option(start.content["options"])
    if runs or any(option.mig is not None for option in instance.options):
        what = "the plan that runs has MIG instances" if runs else "the scenario has MIG profiles"
        problem = f"{what}, and a plan cannot start from others with these yet"
        fix = "plan without --from" + ("" if runs else ", or with setups.mig_profiles: []")
        raise DataError([Fault(start.path, "options", "", problem, fix)])


def replicas_that_run(instance: Instance, content: PlanContent, most: int | None) -> Running:
    """What a plan with a setup runs, in the instance's positions. most: replicas that may start or
    stop, None without a limit.
    """
    replicas, rates = [0] * len(instance.options), [0.0] * len(instance.options)
    for entry in OptionIndex(instance).deployed(content["options"]):
        replicas[entry.position] += entry.replicas
        rates[entry.position] += entry.rate
    return Running(
        replicas=tuple(replicas),
        rates=tuple(rates),
        gone=_replicas(content) - sum(replicas),
        most=most,
        places=running_setup(instance, content).places,
    )


def starting_plan_lines(instance: Instance, start: StartingPlan | None) -> list[str]:
    """What is to be told of the plan that runs: that it is not verified, and what of it the
    scenario does not have.
    """
    if start is None:
        return []
    index = OptionIndex(instance)
    gone = [entry for entry in start.content["options"] if index.position(entry) is None]
    lines = [f"{start.note}."] if start.note else []
    if gone:
        count = sum(entry["replicas"] for entry in gone)
        named = ", ".join(
            f"{entry['replicas']} x {entry['llm']} tp{entry['tp_degree']}"
            f" {option_slice_words(entry)} in pool {entry['pool']}"
            for entry in gone
        )
        stop = "replica stops" if count == 1 else "replicas stop"
        lines.append(f"{count} {stop} in any case, the scenario has no such option: {named}.")
    return lines


def start_of_plan(content: Mapping[str, Any], start: StartingPlan | None) -> dict[str, Any]:
    """What the context of a plan says of the one that it starts from, {"from": ...}; nothing where
    it starts from none.

    content: of either schema, with one setup or none.
    """
    if start is None:
        return {}
    planned: Mapping[str, Any] = content
    if "setups" in content:
        planned = setup_as_plan(content, 0) if content["setups"] else {"options": []}
    return {"from": _start_content(cast("PlanContent", planned), start)}


def _start_content(content: PlanContent, start: StartingPlan) -> StartContent:
    """Counts are null where there is no plan."""
    before, after = counted_by_option(start.content), counted_by_option(content)
    kept = sum(min(count, after[key]) for key, count in before.items())
    planned = bool(content["options"])
    stated: StartContent = {
        "plan": start.path,
        "scenario_sha256": start.content["scenario_sha256"],
        "options": running_options_content(start.content),
        "kept": kept if planned else None,
        "started": sum(after.values()) - kept if planned else None,
        "stopped": sum(before.values()) - kept if planned else None,
        "moved": kept - len(diff_plans(start.content, content).stays) if planned else None,
        "most_changes": start.most,
    }
    if start.price is not None:
        stated["changes"] = _priced_changes_content(content, start.content, start.price)
    return stated


def _priced_changes_content(
    content: PlanContent, runs: PlanContent, price: ChangePrice
) -> PricedChangesContent:
    """Where replicas run, and what starts beside them; null without a plan."""
    at = {key: k for k, key in enumerate(counted_by_option(runs))}
    there = replicas_by_node_to_match(runs)
    started = None
    if content["options"]:
        news = Counter((r.key, r.node, r.gpus) for r in replicas_by_node_to_match(content))
        news.subtract((r.key, r.node, r.gpus) for r in there)
        started = sum(count * len(gpus) for (_, _, gpus), count in news.items() if count > 0)
    return {
        "usd_per_gpu": price.usd,
        "hours": price.hours,
        "running": [{"option": at[r.key], "node": r.node, "gpus": list(r.gpus)} for r in there],
        "gpus": started,
        "usd": None if started is None else price.usd * started,
        "usd_per_h": None if started is None else price.usd_per_h * started,
    }


def running_options_content(runs: PlanContent) -> list[RunningOptionContent]:
    """What a plan with a setup runs, by option."""
    return [
        {
            "llm": llm,
            "pool": pool,
            "tp_degree": degree,
            **option_slice_content(part),
            "replicas": count,
        }
        for (llm, pool, degree, part), count in counted_by_option(runs).items()
    ]


def counted_by_option(content: PlanContent) -> Counter[OptionKey]:
    """Replicas of each option."""
    counted: Counter[OptionKey] = Counter()
    for entry in content["options"]:
        counted[option_key(entry)] += entry["replicas"]
    return counted


def _replicas(content: PlanContent) -> int:
    return sum(entry["replicas"] for entry in content["options"])
