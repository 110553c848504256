"""The command `setups`: scenario -> every retained setup at its best -> counts, spread, histogram,
table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import EXIT_CODES, framed_command, framed_csv_write, notify
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.presentation.formatting import format_exact
from planner.presentation.setup_study import (
    setup_histogram_lines,
    setup_histogram_table,
    setup_spread_line,
    setup_study_counts_line,
    setup_study_table,
)
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.studies.journal_file import journal_path
from planner.studies.setup_rows import SetupStudy
from planner.studies.setup_study import study_setups
from profiles.io.writing import check_writable

__all__ = ["SetupsOptions", "run_setups"]

LLMS_ACROSS = 4
"""Above this number of LLMs, the terminal's table lists them in one column."""


@dataclass(frozen=True, kw_only=True)
class SetupsOptions:
    """Options of the command.

    top: rows on the terminal; jobs: processes, 0 = one per core.
    """

    csv: str | None
    top: int
    exact_packing: bool
    prune: bool
    jobs: int
    quiet: bool


@framed_command
def run_setups(
    scenario: Path, overrides: Sequence[str], options: SetupsOptions, interrupt: Interrupt
) -> int:
    """Study, print and write; return the exit code: 3 when no setup is feasible, 4 or 5 when
    stopped with or without some.
    """
    if options.csv is not None:
        check_writable(Path(options.csv), "--csv")
    loaded = assemble_instance(scenario, overrides)
    notify([*loaded.notices, *loaded.instance.warnings], quiet=options.quiet)
    # What is routed is kept in a journal beside the table until the study is complete.
    kept = None if options.csv is None or options.prune else journal_path(Path(options.csv))
    study = with_progress(
        lambda progress, cancel: study_setups(
            loaded.instance,
            exact_packing=options.exact_packing,
            prune=options.prune,
            jobs=options.jobs,
            journal=None if kept is None else (kept, loaded.sha256),
            progress=progress,
            cancel=cancel,
        ),
        interrupt,
        show=not options.quiet,
    )
    return max(_setups_exit_code(study), _output_setups(study, loaded, options))


def _setups_exit_code(study: SetupStudy) -> int:
    feasible = study.count("feasible") > 0
    if not study.complete:
        return EXIT_CODES["feasible" if feasible else "unknown"]
    return 0 if feasible or study.count("undecided") else EXIT_CODES["infeasible"]


def _output_setups(study: SetupStudy, loaded: LoadResult, options: SetupsOptions) -> int:
    """Print and write; 0, or BAD_INPUT when the file could not be written after all."""
    console, instance = plain_output_console(), loaded.instance
    pools = ", ".join(f"{pool.nodes} x {pool.gpus_per_node} {pool.gpu}" for pool in instance.pools)
    output_line(
        console,
        f"{loaded.scenario.spec.name}: {format_exact(instance.arrival_rate)} req/s on {pools}",
    )
    if not study.complete:
        kept = (
            f"; the same command goes on from there ({options.csv}.partial)"
            if options.csv and not options.prune
            else ""
        )
        output_line(
            console,
            f"stopped: {study.count('not routed'):,} setups were not routed{kept}",
            "bold yellow",
        )
    output_line(console, setup_study_counts_line(study, exact_packing=options.exact_packing))
    output_line(console, setup_spread_line(study), "bold")
    output_line(
        console,
        f"Every quality is within {study.tolerance:.2g} of the best that the setup allows, unless"
        " the table says otherwise.",
        "dim",
    )
    frame = setup_study_table(study, instance)
    if not options.quiet and study.count("feasible"):
        _print_top_setups(console, frame, loaded, options.top)
        output_lines(
            console,
            "Feasible setups by quality (mean score)",
            setup_histogram_lines(setup_histogram_table(study)) or ["all equal"],
        )
    return framed_csv_write(frame, options.csv, "setups")


def _print_top_setups(console: Console, frame: pd.DataFrame, loaded: LoadResult, top: int) -> None:
    """Print the best setups: quality, SLOs, compute, how each LLM is run and which part of the
    prompts it answers.
    """
    names = [llm.name for llm in loaded.instance.llms]
    best = frame[frame["Status"] == "feasible"].head(top)
    shown = pd.DataFrame(
        {"rank": range(1, len(best) + 1), "quality": best["Quality (mean score)"].to_numpy()}
    )
    columns: list[Column] = [
        ("rank", "#", str),
        ("quality", "quality", lambda value: f"{value:.5f}"),
    ]
    for header in [
        h for h in frame.columns if h.endswith("(ms)") or h.startswith("Requests above")
    ]:
        shown[header] = best[header].to_numpy()
        columns.append((header, header.replace(" (", "\n(", 1), lambda value: f"{value:,.1f}"))
    shown["compute"] = best["Utilisation (% of all compute)"].to_numpy()
    columns.append(("compute", "compute\n(%)", lambda value: f"{value:.0f}"))
    cells = [
        [
            _run(option, part)
            for option, part in zip(best[f"{n}: option"], best[f"{n}: fraction (%)"], strict=True)
        ]
        for n in names
    ]
    if len(names) <= LLMS_ACROSS:
        for name, column in zip(names, cells, strict=True):
            shown[name] = column
            columns.append((name, name, str))
    else:
        shown["setup"] = [
            "; ".join(f"{n} {cell}" for n, cell in zip(names, row, strict=True) if cell != "-")
            for row in zip(*cells, strict=True)
        ]
        columns.append(("setup", "setup", str))
    output_table(console, f"Top {len(best)} (option, part of the prompts)", shown, columns)


def _run(option: str, part: float) -> str:
    return "-" if option == "-" else f"{option}: {part:.1f} %"
