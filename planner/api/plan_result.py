"""What `planner.plan` returns: a plan with its tables, its files and its scenario."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.linear import LinearProgram
from planner.api.plan_figures import PlanFigures, plan_figures_by_gpu
from planner.api.scenario import LoadedScenario
from planner.export.report_files import write_report_files
from planner.joint.solver.model_file import write_model_file
from planner.plans.plan_and_scenario import PlanAndScenario, scenario_with_plan_nodes
from planner.plans.plan_file import write_plan_file
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.plans.tables import plan_tables

__all__ = ["PlanResult"]

NO_PROGRAM = "this plan has no program: it was read from a file, or no number of nodes has a plan"


@dataclass(frozen=True, repr=False, eq=False)
class PlanResult(PlanFigures):
    """A plan of one class in one case, as `planner.plan` returns it. It has passed the independent
    verifier.

    Tables are DataFrames with units in their headers, the same as in the workbook and on the page;
    a plan without a setup (infeasible, or stopped too early) has tables without rows.
    """

    scenario: LoadedScenario
    record: Plan
    program: LinearProgram | None
    """The last mixed-integer program of the search, with the names of docs/formulation.md; None of
    a plan that was read from a file, and where no number of nodes has a plan.
    """

    @property
    def content(self) -> PlanContent:
        """The content of plan.json: every number by its name and unit (docs/plan-json.md)."""
        return self.record.content

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
        return plan_figures_by_gpu(self.content["context"]["pools"], self.placement)

    @property
    def shadow_prices(self) -> pd.DataFrame:
        """Change of the objective for one more unit of each limit; estimates from the last
        relaxation.
        """
        return self._tables["shadow_prices"]

    def with_scenario(self) -> PlanAndScenario:
        """The plan with its scenario, whose nodes are those that the plan has decided."""
        loaded = scenario_with_plan_nodes(self.scenario.result, self.content)
        return PlanAndScenario(self.record, loaded)

    @property
    def _shown(self) -> pd.DataFrame:
        return self.options.iloc[:, :8]

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
        write_report_files(self.with_scenario(), os.fspath(path), None)

    def to_model(self, path: str | os.PathLike[str]) -> None:
        """Write the last program of the search for other solvers (docs/formulation.md).

        path: ends with .mps or .lp. Raises ValueError for another ending and where there is no
        program, OSError when the file cannot be written.
        """
        if self.program is None:
            raise ValueError(NO_PROGRAM)
        write_model_file(self.program, Path(path))
