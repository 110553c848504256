"""Curves of a new scenario: benchmark files looked at and imported, and estimates of what nobody
measured.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobContext
from app_pages.jobs.new_files import refused_new_files, unpack_new_files
from models.serving.workload import lognormal_workload
from planner.errors import DataError, NoPlanInTimeError
from planner.profiling.estimate import COLUMNS, estimate_requests, estimate_table
from planner.profiling.known_errors import known_error_notices, why_not_estimated
from planner.profiling.measured_errors import (
    NOTHING_HELD,
    MeasuredErrors,
    hold_estimates_against_measured,
)
from planner.profiling.simulated_load import OfferedLoad
from planner.scenario.starting.curve_coverage import curve_coverage_gaps
from planner.scenario.starting.file_kinds import FileKind
from planner.settings import Progress
from profiles.catalogue import (
    CatalogueGpu,
    CatalogueLlm,
    load_catalogue_gpus,
    load_catalogue_llms,
)
from profiles.importers.discover import discover_files
from profiles.importers.file_options import (
    FileOption,
    file_option_faults,
    file_options,
    given_of_file_options,
)
from profiles.importers.pipeline import Imported, pipeline_lines, run_import_pipeline
from profiles.importers.table import own_table_rows
from profiles.io.faults import Fault

__all__ = [
    "USE",
    "EstimateChoice",
    "NewCurves",
    "NewRuns",
    "estimate_new_curves_job",
    "identify_new_runs_job",
    "import_new_curves_job",
]

BENCHMARKS = (FileKind.BENCHMARK, FileKind.PROFILES)
AGAINST = "held against load tests that others have published"
USE = "use"
"""Key of a file's row: whether its runs are used."""
ANY_OPTION: Mapping[str, Any] = {"llm": "llm", "gpu": "gpu", "tp": 1, "share": 100}
"""What a person may still say of a profile table that lacks a column of the option."""


@dataclass(frozen=True, kw_only=True)
class NewCurves:
    """frame: a profile table; files: what became of each file, or which options were left out;
    notices: sentences. noted: of files those with a run left out or a notice, such as of a
    statistic that stays blank; summary: of all files; errors: how far estimates lie from the
    measured points.
    """

    frame: pd.DataFrame
    files: Sequence[str]
    notices: Sequence[str]
    noted: Sequence[str] = ()
    summary: str = ""
    errors: MeasuredErrors = NOTHING_HELD


@dataclass(frozen=True, kw_only=True)
class NewRuns:
    """options: what each file measured, without profile tables, which say it; refused: files that
    are not used, and why.
    """

    options: Sequence[FileOption]
    refused: Sequence[Fault]


@dataclass(frozen=True, kw_only=True)
class EstimateChoice:
    """What is estimated: pairs of LLM and GPU type, each with these tensor-parallel degrees and MPS
    shares (%); requests of these mean tokens; percentiles of `requests` simulated ones a rate.
    """

    pairs: tuple[tuple[str, str], ...]
    tp_degrees: tuple[int, ...]
    shares_pct: tuple[int, ...]
    input_tokens: int
    output_tokens: int
    requests: int = 5000


def identify_new_runs_job(
    folder: str, files: Sequence[tuple[str, str]], *, job: JobContext
) -> NewRuns:
    """Unpack benchmark files into an empty folder, and say of each what it measured. Files that
    cannot be used are taken out of it and named; DataError with every fault where none is left.
    """
    job.progress(Progress(0.0, "reading"))
    faults: list[Fault] = []
    paths = _unpack_new_runs(Path(folder), files, faults)
    read = discover_files(paths, faults)
    for table in read.tables:
        own_table_rows(table, ANY_OPTION, faults)
    refused = {fault.file for fault in faults}
    options = [one for one in file_options(read) if one.file not in refused]
    if not options and refused.issuperset(map(str, read.tables)):
        if not faults:
            problem = f"there are no load tests in {len(paths)} file{'s' * (len(paths) > 1)}"
            faults.append(Fault(paths[0].name, "", "", problem, "give the JSON files of the tool"))
        raise refused_new_files(DataError(faults), paths, BENCHMARKS)
    return NewRuns(options=options, refused=_take_out_new_runs(faults, Path(folder)))


def _unpack_new_runs(
    folder: Path, files: Sequence[tuple[str, str]], faults: list[Fault]
) -> list[Path]:
    """What every file has become; faults of archives that cannot be unpacked are added."""
    paths = []
    for file in files:
        try:
            paths += unpack_new_files(folder, [file])
        except DataError as error:
            faults += error.faults
    return paths


def _take_out_new_runs(faults: Sequence[Fault], folder: Path) -> list[Fault]:
    """Remove files that have faults; what each of them is, or its faults."""
    refused: list[Fault] = []
    for name in dict.fromkeys(fault.file for fault in faults):
        path = Path(name)
        own = DataError([fault for fault in faults if fault.file == name])
        if path.is_relative_to(folder) and path != folder:
            refused += refused_new_files(own, [path], BENCHMARKS).faults
            rmtree(path) if path.is_dir() else path.unlink()
        else:
            refused += own.faults
    return refused


def import_new_curves_job(
    folder: str,
    options: Sequence[FileOption],
    stated: Mapping[str, Mapping[str, Any]],
    defaults: Mapping[str, Any],
    *,
    job: JobContext,
) -> NewCurves:
    """Make curves of the files that `identify_new_runs_job` unpacked. DataError with every fault.

    stated, defaults: as of `given_of_file_options`; files that are stated with USE false are passed
    over.
    """
    job.progress(Progress(0.0, "reading"))
    faults: list[Fault] = []
    used = [one for one in options if stated.get(one.file, {}).get(USE, True)]
    said = {
        file: {key: value for key, value in row.items() if key != USE}
        for file, row in stated.items()
    }
    given = given_of_file_options(used, said, defaults, faults)
    faults += file_option_faults(used, given)
    if faults:
        raise DataError(faults)
    try:
        imported = run_import_pipeline(
            sorted(Path(folder).iterdir()),
            given,
            unused=[one.file for one in options if one not in used],
        )
    except DataError as error:
        # Where no run is left, the notices say why: on the page nothing stands above the faults.
        reasons = (Fault("left out", "", "", reason, "") for reason in error.notices)
        raise DataError([*error.faults, *reasons]) from None
    lines = ["; ".join(map(str.strip, pipeline_lines(file))) for file in imported.files]
    passed = [f"{file}: passed over: {reason}" for file, reason in imported.passed]
    noted = [
        line
        for line, file in zip(lines, imported.files, strict=True)
        if file.left_out or file.notices
    ]
    return NewCurves(
        frame=imported.frame,
        files=[*lines, *passed],
        notices=list(dict.fromkeys(imported.notices)),
        noted=[*noted, *passed],
        summary=_curves_summary(imported),
        errors=hold_estimates_against_measured(imported.frame),
    )


def _curves_summary(imported: Imported) -> str:
    """Points, runs left out, and the statistics that each curve lacks."""
    left = sum(len(file.left_out) for file in imported.files)
    points = f"{len(imported.frame)} point{'s' * (len(imported.frame) > 1)} taken"
    parts = [points, f"{left} run{'s' * (left > 1)} left out"] if left else [points]
    return ". ".join(["; ".join(parts), *curve_coverage_gaps(imported.frame)]) + "."


def estimate_new_curves_job(choice: EstimateChoice, *, job: JobContext) -> NewCurves:
    """Curves from the catalogues. DataError where nothing can be estimated."""
    began = time.perf_counter()
    left: list[str] = []
    known = _known_pairs(choice.pairs, left)
    offered = OfferedLoad(
        lengths=lognormal_workload(choice.input_tokens, choice.output_tokens),
        requests=choice.requests,
    )
    wanted = [
        request
        for llm, gpu in known
        for request in estimate_requests(
            [llm], [gpu], choice.tp_degrees, choice.shares_pct, offered
        )
    ]

    def report(done: int) -> None:
        elapsed = time.perf_counter() - began
        job.progress(Progress(elapsed, f"{done} of {len(wanted)} options simulated"))

    estimate = estimate_table(wanted, 1, report, job.cancel)
    if not estimate.complete:
        raise NoPlanInTimeError("Stopped; nothing was estimated.")
    left += [
        f"{one.llm} on {one.gpu}, TP {one.tp_degree}, {one.mps_share_pct:g} %: {one.reason}"
        for one in estimate.left_out
    ]
    if not estimate.rows:
        problem, fix = "nothing can be estimated", "; ".join(left[:5]) or "choose an LLM and a GPU"
        raise DataError([Fault("estimate", "", "", problem, fix)])
    return NewCurves(
        frame=pd.DataFrame(estimate.rows, columns=list(COLUMNS)),
        files=left,
        notices=known_error_notices(known, choice.shares_pct, AGAINST),
    )


def _known_pairs(
    pairs: Sequence[tuple[str, str]], left: list[str]
) -> list[tuple[CatalogueLlm, CatalogueGpu]]:
    """Pairs that the catalogues know and estimates are made of; why others are left out is added,
    once for each reason.
    """
    llms, gpus = load_catalogue_llms(), load_catalogue_gpus()
    found = []
    for llm, gpu in pairs:
        unknown = [name for name, known in ((llm, llms), (gpu, gpus)) if name not in known]
        reasons = [f"{name}: not in the catalogue; measure it" for name in unknown]
        if not unknown and (error := why_not_estimated(gpus[gpu])):
            reasons = [f"{gpu}: {error}; measure it"]
        left += [reason for reason in reasons if reason not in left]
        found += [] if reasons else [(llms[llm], gpus[gpu])]
    return found
