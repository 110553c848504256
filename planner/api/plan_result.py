"""What `planner.plan` returns: a plan with its tables, its files and its scenario."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from models.linear import LinearProgram
from planner.api.scenario import LoadedScenario
from planner.export.report_files import write_report_files
from planner.joint.solver.model_file import write_model_file
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan_and_scenario
from planner.plans.plan_file import read_plan_file, write_plan_file
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.plans.tables import plan_tables
from planner.presentation.plan.verdict import verdict_line
from planner.solution import Status

__all__ = ["PlanResult", "PlanSource", "content_with_setup", "plan_and_scenario"]


@dataclass(frozen=True, repr=False, eq=False)
class PlanResult:
    """A plan, as `planner.plan` returns it. It has passed the independent verifier.

    Tables are DataFrames with units in their headers, the same as in the workbook and on the page;
    a plan without a setup (infeasible, or stopped too early) has tables without rows.
    """

    scenario: LoadedScenario
    record: Plan
    program: LinearProgram
    """The last mixed-integer program of the search, with the names of docs/formulation.md."""

    @property
    def content(self) -> PlanContent:
        """The content of plan.json: every number by its name and unit (docs/plan-json.md)."""
        return self.record.content

    @property
    def status(self) -> Status:
        """optimal (gap closed), feasible (stopped by a limit), infeasible or unknown."""
        return Status(self.record.status)

    @property
    def objective(self) -> float | None:
        """Quality (mean score) or cost (USD/h) of the plan; None without a plan."""
        return self.content["objective"]["value"]

    @property
    def bound(self) -> float | None:
        """Proven limit of the objective: no plan is better. Same unit; None where unknown."""
        return self.content["objective"]["bound"]

    @property
    def gap(self) -> float | None:
        """|bound - objective| / |objective|; None where one of them is unknown."""
        return self.content["objective"]["rel_gap"]

    @property
    def conflict(self) -> tuple[str, ...]:
        """Of an infeasible scenario: the limits that cannot hold at once."""
        conflict = self.content.get("conflict")
        return () if conflict is None else tuple(conflict["limits"])

    @property
    def repairs(self) -> pd.DataFrame:
        """Of an infeasible scenario: changes each of which makes it feasible, as overrides."""
        conflict = self.content.get("conflict")
        repairs = [] if conflict is None else conflict["repairs"]
        rows = [(repair["change"], repair["from"], repair["to"]) for repair in repairs]
        return pd.DataFrame(rows, columns=["Override", "From", "To"])

    @property
    def summary(self) -> pd.DataFrame:
        """The headline: objective, bound, gap, quality, cost, GPUs, demand."""
        return self._tables["summary"]

    @property
    def options(self) -> pd.DataFrame:
        """One row per deployed option: replicas, rates (req/s), latencies (ms), memory (GiB)."""
        return self._tables["setup"]

    @property
    def routing(self) -> pd.DataFrame:
        """One row per LLM: fraction of the requests (%), rate (req/s), dual price (score)."""
        return self._tables["routing"]

    @property
    def slo(self) -> pd.DataFrame:
        """One row per SLO: limit and achieved latency (ms), headroom (%), whether it binds."""
        return self._tables["slo"]

    @property
    def placement(self) -> pd.DataFrame:
        """One row per shard of a replica: the node and GPU it runs on."""
        return self._tables["gpu_map"]

    @property
    def gpu_map(self) -> pd.DataFrame:
        """One row per GPU of the cluster, idle ones too: what runs there, compute (%) and memory
        (GiB) in use.
        """
        shards: dict[tuple[str, int, int], list[tuple[Any, ...]]] = defaultdict(list)
        for pool, node, gpu, *shard in self.placement.itertuples(index=False):
            shards[pool, node, gpu].append(tuple(shard))
        rows = [
            (one["name"], node, gpu, *_plan_result_in_use(shards[one["name"], node, gpu]))
            for one in self.content["context"]["pools"]
            for node in range(one["nodes"])
            for gpu in range(one["gpus_per_node"])
        ]
        heads = ["Pool", "Node", "GPU", "Runs", "Compute (%)", "Memory (GiB)"]
        return pd.DataFrame(rows, columns=heads)

    @property
    def shadow_prices(self) -> pd.DataFrame:
        """Change of the objective for one more unit of each limit; estimates from the last
        relaxation.
        """
        return self._tables["shadow_prices"]

    @property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return plan_tables(self.content)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write plan.json (docs/plan-json.md), which every command that takes a PLAN reads.

        It names the scenario's file; of a scenario from memory, keep one by `scenario.to_folder`.
        Raises OSError when the file cannot be written.
        """
        write_plan_file(self.record, path)

    def to_excel(self, path: str | os.PathLike[str]) -> None:
        """Write the report as a workbook with live costs and checks (docs/workbook.md).

        Raises OSError when the file cannot be written.
        """
        write_report_files(
            PlanAndScenario(self.record, self.scenario.result), os.fspath(path), None
        )

    def to_model(self, path: str | os.PathLike[str]) -> None:
        """Write the last program of the search for other solvers (docs/formulation.md).

        path: ends with .mps or .lp. Raises ValueError for another ending, OSError when the file
        cannot be written.
        """
        write_model_file(self.program, Path(path))

    def __repr__(self) -> str:
        return f"PlanResult({self.content['scenario']}: {self._headline()})"

    def _repr_html_(self) -> str:
        head = f"<b>{escape(self.content['scenario'])}</b>: {escape(self._headline())}"
        if self.conflict:
            limits = "".join(f"<li>{escape(limit)}</li>" for limit in self.conflict)
            return f"<p>{head}</p><ul>{limits}</ul>{self.repairs.to_html(index=False)}"
        table = self.options.iloc[:, :8].to_html(index=False, float_format="{:.4g}".format)
        return f"<p>{head}</p>{table}"

    def _headline(self) -> str:
        """Verdict with objective, bound and gap; GPUs."""
        gpus = f"{self.content['gpus_used']} of {self.content['gpus_total']} GPUs"
        return verdict_line(self.content) + (f"; {gpus}" if self.objective is not None else "")


PlanSource = PlanResult | str | os.PathLike[str]
"""A plan, or its file (plan.json)."""


def _plan_result_in_use(shards: Sequence[tuple[Any, ...]]) -> tuple[str, float, float]:
    """What runs on a GPU, its compute (%) and its memory (GiB)."""
    words = [f"{llm} tp{degree} {share:g} %" for llm, degree, share, *_ in shards]
    compute, memory = (float(sum(shard[at] for shard in shards)) for at in (2, 3))
    return " + ".join(words), compute, memory


def content_with_setup(source: PlanSource) -> PlanContent:
    """The content of a plan with a setup; InfeasibleError or NoPlanInTimeError else."""
    record = source.record if isinstance(source, PlanResult) else read_plan_file(source)
    return record.demand_setup().content


def plan_and_scenario(
    source: PlanSource, scenario: str | os.PathLike[str] | None = None
) -> PlanAndScenario:
    """A plan with its scenario. scenario: the scenario's file, where the path in the plan's file
    does not lead to it.
    """
    if isinstance(source, PlanResult):
        return PlanAndScenario(source.record, source.scenario.result)
    return load_plan_and_scenario(Path(source), None if scenario is None else Path(scenario))
