"""What the page Router computes in a worker: the policy, prices over load, and the test on
other prompts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from app_pages.jobs.messages import JobContext
from models.router import Router
from planner.errors import DataError
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.operation.price_table import build_price_table
from planner.operation.router_policy import build_router_policy
from planner.operation.routing_cost import routing_cost_of_plan
from planner.operation.samples import read_sample
from planner.plans.plan_and_scenario import PlanAndScenario, scenario_with_plan_nodes
from planner.plans.plan_file import plan_file_text
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.presentation.out_of_sample import (
    out_of_sample_advice_lines,
    out_of_sample_basis_lines,
    out_of_sample_cost_lines,
    out_of_sample_gain_line,
    out_of_sample_verdict_line,
)
from planner.presentation.out_of_sample_tables import (
    out_of_sample_comparisons_table,
    out_of_sample_fractions_table,
    out_of_sample_limits_table,
    out_of_sample_routings_table,
)
from planner.presentation.router import (
    router_held_rate_line,
    router_llm_prices_table,
    router_price_frame,
    router_prices_table,
    router_ties_table,
)
from planner.scenario.assemble import assemble_instance
from profiles.io.faults import Fault

__all__ = ["router_evaluation_job", "router_policy_job", "router_prices_job"]

MOST_PROMPTS = 200
"""Shown one by one."""


def router_policy_job(
    path: str, overrides: Mapping[str, Any], content: PlanContent, *, job: JobContext
) -> dict[str, Any]:
    """The plan's policy (content and JSON), its cost, tables of prices and ties, and some prompts:
    (id, scores by LLM).
    """
    source = _source(path, overrides, content)
    instance, scores = source.loaded.instance, source.loaded.instance.scores
    policy = build_router_policy(content, instance)
    columns = scores.values[:, :MOST_PROMPTS].T.tolist()
    return {
        "policy": policy,
        "json": plan_file_text(policy),
        "cost": routing_cost_of_plan(source),
        "prices": router_prices_table(content, Router(policy), scores),
        "ties": router_ties_table(content),
        "prompts": [
            (str(name), dict(zip(scores.llms, row, strict=True)))
            for name, row in zip(scores.prompt_ids, columns, strict=False)
        ],
        "all_prompts": len(scores.prompt_ids),
    }


def router_prices_job(
    path: str, overrides: Mapping[str, Any], content: PlanContent, *, job: JobContext
) -> dict[str, Any]:
    """Prices from 50 to 150 % of the planned rate: tables, how far the SLOs are held, and the
    policy with the price table in it.
    """
    source = _source(path, overrides, content)
    table = build_price_table(source, progress=job.progress, cancel=job.cancel)
    return {
        "rates": router_price_frame(table),
        "by_llm": router_llm_prices_table(table),
        "held": router_held_rate_line(table),
        "held_pct": 100 * table.held_up_to / table.planned,
        "json": plan_file_text(build_router_policy(content, source.loaded.instance, table=table)),
    }


def router_evaluation_job(
    path: str,
    overrides: Mapping[str, Any],
    content: PlanContent,
    files: Mapping[str, tuple[str, bytes]],
    split: float | None,
    seed: int,
    *,
    job: JobContext,
) -> dict[str, Any]:
    """The test on other prompts (`planner.operation.out_of_sample`): verdict, tables, sentences,
    notices.

    files: `scores` and `grades`, where they are given, each (name, bytes). split: share of the
    prompts that prices are computed on.
    """
    source = _source(path, overrides, content)
    known, spec = source.loaded.instance.scores, source.loaded.scenario.spec
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        paths = {
            key: Path(folder) / f"{key}{PurePath(name).suffix.lower()}"
            for key, (name, _) in files.items()
        }
        for key, place in paths.items():
            place.write_bytes(files[key][1])
        names = {str(place): files[key][0] for key, place in paths.items()}
        try:
            sample, notices = read_sample(
                known, paths.get("scores"), paths.get("grades"), spec.scores_missing
            )
        except DataError as error:
            raise DataError(_renamed(error.faults, names)) from error
    job.files_read()
    test = evaluate_out_of_sample(
        source,
        sample,
        source.loaded.settings,
        split=split,
        seed=seed,
        progress=job.progress,
        cancel=job.cancel,
    )
    return {
        "verdict": test.verdict,
        "lines": [
            out_of_sample_verdict_line(test),
            *out_of_sample_cost_lines(test),
            *out_of_sample_advice_lines(test, on_page=True),
            out_of_sample_gain_line(test),
        ],
        "prompts": sample.prompts if test.fitted is None else test.sample.prompts,
        "graded": sample.graded,
        "fractions": out_of_sample_fractions_table(test),
        "limits": out_of_sample_limits_table(test),
        "routings": out_of_sample_routings_table(test),
        "comparisons": out_of_sample_comparisons_table(test),
        "cost": test.cost,
        "basis": out_of_sample_basis_lines(test),
        "notices": [_with_names(notice, names) for notice in notices],
    }


def _source(path: str, overrides: Mapping[str, Any], content: PlanContent) -> PlanAndScenario:
    loaded = assemble_instance(Path(path), dict(overrides), sizing=True)
    return PlanAndScenario(Plan(content), scenario_with_plan_nodes(loaded, content))


def _renamed(faults: Sequence[Fault], names: Mapping[str, str]) -> list[Fault]:
    """Faults of files by the names that they were handed over with."""
    return [replace(fault, file=names.get(fault.file, fault.file)) for fault in faults]


def _with_names(notice: str, names: Mapping[str, str]) -> str:
    for place, name in names.items():
        notice = notice.replace(place, name)
    return notice
