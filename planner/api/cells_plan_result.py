"""What `planner.plan` returns of a scenario with classes and cases: a plan with its tables, its
files and its scenario.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.api.plan_figures import PlanFigures, plan_figures_by_gpu
from planner.api.scenario import LoadedScenario
from planner.export.cells.cells_report_files import write_cells_report_files
from planner.plans.cells.cells_plan import CellsPlan, CellsPlanAndScenario
from planner.plans.plan_and_scenario import scenario_with_plan_nodes
from planner.plans.plan_file import write_plan_content
from planner.presentation.cells.case_results import case_limits_table, case_results_table
from planner.presentation.cells.cell_prices import cell_shadow_prices_table
from planner.presentation.cells.class_results import (
    class_prices_table,
    class_results_table,
    loss_results_table,
)
from planner.presentation.cells.setup_results import (
    MAP_HEADS,
    SERVES,
    lane_results_table,
    setup_map_tables,
    setup_pools_table,
    setup_results_table,
)

__all__ = ["CellsPlanResult"]


@dataclass(frozen=True, repr=False, eq=False)
class CellsPlanResult(PlanFigures):
    """A plan of classes and cases, as `planner.plan` returns it. It has passed the independent
    verifier.

    Tables are DataFrames with units in their headers, the same as in the workbook and on the page;
    a plan without a setup (infeasible, or stopped too early) has tables without rows, but for
    `cases` and `pools`.
    """

    scenario: LoadedScenario
    record: CellsPlan

    @property
    def content(self) -> Mapping[str, Any]:
        """The content of plan.json: every number by its name and unit (docs/plan-json.md)."""
        return self.record.content

    @property
    def cases(self) -> pd.DataFrame:
        """One row per case: hours, rates (req/s), quality (mean score), GPUs, cost (USD/h), and the
        limit with least room.
        """
        return case_results_table(self.content, self.with_scenario().demand).infer_objects()

    @property
    def cells(self) -> pd.DataFrame:
        """One row per class in a case (of lost nodes in every routed loss): rate (req/s), quality
        (mean score), the part that each LLM answers (%).
        """
        return class_results_table(self.content).infer_objects()

    @property
    def setups(self) -> pd.DataFrame:
        """One row per deployed option of every setup: replicas, highest load in any case (req/s),
        memory (GiB).
        """
        return setup_results_table(self.content).infer_objects()

    @property
    def lanes(self) -> pd.DataFrame:
        """One row per lane, i.e. equally loaded replicas of an option in a case: rates by class and
        load (req/s), latencies (ms).
        """
        return lane_results_table(self.content).infer_objects()

    @property
    def losses(self) -> pd.DataFrame:
        """One row per kind of lost nodes: the quality then (mean score); all of them hold."""
        return loss_results_table(self.content, self.with_scenario().demand).infer_objects()

    @property
    def limits(self) -> pd.DataFrame:
        """One row per limit in every case: SLOs, floors of quality, rates outside, loads; limit,
        value and how much of it is used (%).
        """
        return case_limits_table(self.content, self.with_scenario().demand).infer_objects()

    @property
    def slo(self) -> pd.DataFrame:
        """The rows of `limits` that are SLOs (ms)."""
        limits = self.limits
        return limits[limits["Unit"] == "ms"].reset_index(drop=True).infer_objects()

    @property
    def prices(self) -> pd.DataFrame:
        """One row per class in a case: what the router takes off the score of each LLM."""
        return class_prices_table(self.content).infer_objects()

    @property
    def placement(self) -> pd.DataFrame:
        """One row per shard of a replica: the node and GPU it runs on, in every setup."""
        maps = setup_map_tables(self.content)
        rows = [
            (name, *shard)
            for name, frame in maps
            for shard in frame.itertuples(index=False, name=None)
        ]
        whole = pd.DataFrame(rows, columns=[SERVES, *MAP_HEADS])
        return whole if len(maps) > 1 else whole.drop(columns=SERVES)

    @property
    def gpu_map(self) -> pd.DataFrame:
        """One row per GPU of the cluster in every setup, idle ones too: what runs there, compute
        (%) and memory (GiB) in use.
        """
        pools, frames = self.content["context"]["pools"], []
        for name, shards in setup_map_tables(self.content):
            frames.append(plan_figures_by_gpu(pools, shards))
            if len(self.content["setups"]) > 1:
                frames[-1].insert(0, SERVES, name)
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    @property
    def pools(self) -> pd.DataFrame:
        """One row per pool of every setup: nodes (those that the plan has decided), GPUs in use,
        price (USD per GPU and h).
        """
        return setup_pools_table(self.content).infer_objects()

    @property
    def shadow_prices(self) -> pd.DataFrame:
        """Change of the objective for one more unit of each limit in each case; estimates from the
        relaxation.
        """
        return cell_shadow_prices_table(self.content)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write plan.json (docs/plan-json.md), which every command that takes a PLAN reads.

        It names the scenario's file; of a scenario from memory, keep one by `scenario.to_folder`.
        Raises OSError when the file cannot be written.
        """
        write_plan_content(self.content, path)

    def to_excel(self, path: str | os.PathLike[str]) -> None:
        """Write the report as a workbook with live costs and checks (docs/report.md).

        Raises OSError when the file cannot be written.
        """
        source = self.with_scenario()
        write_cells_report_files(source.plan.content, source.loaded, os.fspath(path), None)

    def with_scenario(self) -> CellsPlanAndScenario:
        """The plan with its scenario, whose nodes are those that the plan has decided."""
        loaded = scenario_with_plan_nodes(self.scenario.result, self.content)
        return CellsPlanAndScenario(self.record, loaded)

    @property
    def _shown(self) -> pd.DataFrame:
        return self.cases
