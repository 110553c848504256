"""`planner.load`: a scenario with its tables, read and checked."""

import os
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from planner.api.temporary_files import (
    TemporaryFiles,
    content_for_temporary_files,
    naming_temporary_files,
)
from planner.plans.numbers import percent
from planner.plans.option_index import (
    option_slice_content,
    option_slice_of,
    with_option_profiles,
)
from planner.presentation.cells.case_results import case_rate_header
from planner.scenario.archive import write_archive_folder
from planner.scenario.assemble import LoadResult, assemble_instance

__all__ = ["LoadedScenario", "ScenarioSource", "load"]


@dataclass(frozen=True, repr=False, eq=False)
class LoadedScenario:
    """A sound scenario: what `plan`, `sweep` and `baselines` take. Made by `planner.load`.

    result: the scenario, its instance (SI units) and notices. files: of what was in memory.
    """

    result: LoadResult
    files: tuple[TemporaryFiles, ...] = ()

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.result.scenario.spec.name

    @property
    def path(self) -> Path:
        """The scenario's file; of a mapping, a temporary one."""
        return self.result.scenario.path

    @property
    def overrides(self) -> Mapping[str, Any]:
        """Overrides of the file's values: dotted path -> value."""
        return self.result.scenario.overrides

    @property
    def notices(self) -> tuple[str, ...]:
        """Assumptions and warnings, one sentence each."""
        return tuple(dict.fromkeys([*self.result.notices, *self.result.instance.warnings]))

    @property
    def pools(self) -> pd.DataFrame:
        """One row per pool: GPU type, nodes (where a plan decides them the most), GPUs per node,
        memory and price of a GPU.
        """
        return pd.DataFrame(
            {
                "Pool": pool.name,
                "GPU": pool.gpu,
                "Nodes": pool.nodes,
                "GPUs per node": pool.gpus_per_node,
                "Memory (GiB per GPU)": pool.memory,
                "Price (USD/h per GPU)": pool.price,
            }
            for pool in self.result.instance.pools
        )

    @property
    def cases(self) -> pd.DataFrame:
        """One row per case: its duration (hours) and the rate of every class (req/s); no rows where
        there is one class in one case.
        """
        demand = self.result.demand
        if demand is None:
            return pd.DataFrame(columns=["Case", "Duration (hours)"])
        names = [case_rate_header(one.name) for one in demand.classes]
        return pd.DataFrame(
            {
                "Case": case.name,
                "Duration (hours)": case.hours,
                **dict(zip(names, case.rates, strict=True)),
            }
            for case in demand.cases
        )

    @property
    def options(self) -> pd.DataFrame:
        """One row per option that a plan may run: an LLM on GPUs of a pool, with its share."""
        instance = self.result.instance
        frame = pd.DataFrame(
            {
                "LLM": instance.llms[option.llm].name,
                "Pool": instance.pools[option.pool].name,
                "TP degree (GPUs)": option.tp_degree,
                "MPS share (%)": percent(option.mps_share),
                "Memory (GiB per GPU)": option.memory,
                "Highest rate per replica (req/s)": option.curve.max_rate,
            }
            for option in instance.options
        )
        parts = [option_slice_content(option_slice_of(option)) for option in instance.options]
        return with_option_profiles(frame, parts)

    def to_folder(self, folder: str | os.PathLike[str]) -> Path:
        """Write scenario.yaml, profiles and scores into a folder, overrides included.

        Returns the scenario's file. Raises OSError when the folder is not writable.
        """
        return write_archive_folder(self.result.scenario, Path(folder))

    def __repr__(self) -> str:
        instance = self.result.instance
        gpus = ", ".join(
            f"{'up to ' if p.undecided else ''}{p.nodes} x {p.gpus_per_node} {p.gpu}"
            for p in instance.pools
        )
        counts = f"{len(instance.llms)} LLMs, {len(instance.options)} options on {gpus}"
        demand = f"{instance.arrival_rate:g} req/s, {len(instance.scores.weights):,} prompts"
        if (cells := self.result.demand) is not None:
            parts = f"{_counted(cells.classes, 'class')} in {_counted(cells.cases, 'case')}"
            demand = f"{parts}, at most {instance.arrival_rate:g} req/s"
        return f"LoadedScenario({self.name}: {counts}; {demand})"


def _counted(of: Sized, word: str) -> str:
    """`1 class`, `2 classes`, `3 cases`."""
    plural = "" if len(of) == 1 else "es" if word.endswith("s") else "s"
    return f"{len(of)} {word}{plural}"


ScenarioSource: TypeAlias = LoadedScenario | Mapping[str, Any] | str | os.PathLike[str]
"""A loaded scenario, the content of one, or its file (.yaml or .xlsx)."""


def load(
    source: ScenarioSource, overrides: Mapping[str, Any] | None = None, **values: Any
) -> LoadedScenario:
    """Read a scenario and its tables, and check them.

    Parameters
    ----------
    source
        A scenario's file (.yaml or .xlsx); or its content as a mapping with the keys of the file
        (docs/inputs.md), where `profiles` and `scores` may be DataFrames; or a loaded scenario, to
        change it.
    overrides
        Dotted path -> value, e.g. `{"slo.0.limit_ms": 400}`. Units are those of the file: ms,
        req/s, GiB, per cent, USD per GPU and hour.
    values
        The same for keys at the top, e.g. `arrival_rate_rps=80`.

    Returns
    -------
    LoadedScenario
        What the other functions take. The source is not changed.

    Raises
    ------
    DataError
        With every fault of scenario, profiles and scores at once (`error.faults`); ScenarioError,
        ProfileError or ScoresError where all are of one kind.

    """
    changes = {**(overrides or {}), **values}
    own = TemporaryFiles()
    changes = content_for_temporary_files(own.write_tables(changes))
    kept: tuple[TemporaryFiles, ...] = (own,)
    if isinstance(source, LoadedScenario):
        path, changes = source.path, {**source.overrides, **changes}
        kept += source.files
    elif isinstance(source, Mapping):
        path = own.write_scenario(source)
    else:
        path = Path(source)
    with naming_temporary_files(kept):
        return LoadedScenario(assemble_instance(path, changes, cells=True, sizing=True), kept)
