"""The command `profile gaps`: scenario -> options that were not measured and matter, with the
command that measures each.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from planner.cli.terminal.frame import EXIT_CODES, framed_command, framed_csv_write, notify
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_table,
    plain_output_console,
    print_heading,
    printable_output,
)
from planner.cli.terminal.progress import with_progress
from planner.plans.plan_content import build_plan_content
from planner.presentation.gaps import benchmark_command, gaps_headline, gaps_table
from planner.presentation.plan.verdict import verdict_line
from planner.profiling.gaps import Gaps, find_gaps
from planner.scenario.assemble import LoadResult, assemble_instance
from profiles.catalogue import load_catalogue_llms
from profiles.io.writing import check_writable

__all__ = ["run_profile_gaps"]


@framed_command
def run_profile_gaps(
    scenario: Path,
    overrides: Sequence[str],
    csv: str | None,
    top: int,
    interrupt: Interrupt,
    *,
    quiet: bool,
) -> int:
    """Judge, print and write; return the exit code: that of the plan, since without a plan there is
    nothing to judge by.
    """
    if csv is not None:
        check_writable(Path(csv), "--csv")
    loaded = assemble_instance(scenario, overrides)
    notify([*loaded.notices, *loaded.instance.warnings], quiet=quiet)
    gaps = with_progress(
        lambda progress, cancel: find_gaps(
            loaded.instance, loaded.settings, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    console = plain_output_console()
    plan = build_plan_content(loaded, gaps.plan, loaded.settings, {})
    output_line(console, f"{loaded.scenario.spec.name}: {verdict_line(plan.content)}")
    if not gaps.plan.has_plan:
        output_line(
            console, "Without a plan there is no decision to judge by; see what `plan` says first."
        )
        return EXIT_CODES[gaps.plan.status]
    output_line(console, gaps_headline(gaps), "bold")
    frame = gaps_table(
        gaps, loaded.instance, "USD/h" if loaded.instance.objective == "cost" else "mean score"
    )
    _print_profile_gaps(console, frame, gaps, loaded, top)
    return framed_csv_write(frame, csv, "options")


def _print_profile_gaps(
    console: Console, frame: pd.DataFrame, gaps: Gaps, loaded: LoadResult, top: int
) -> None:
    """Print the options that matter, and how to measure the first of them."""
    matter = frame[[gap.value > 0 for gap in gaps.gaps]].head(top)
    matching = [gap for gap in gaps.gaps if gap.value > 0][: len(matter)]
    if not len(matter):
        return
    gain, regret = frame.columns[6], frame.columns[7]
    columns: list[Column] = [
        ("LLM", "LLM", str),
        ("Option", "option", str),
        ("Provenance", "curve", str),
    ]
    columns += [
        ("Assumed error (%)", "off by\n(%)", _number(0)),
        ("In the plan", "in\nplan", lambda value: "yes" if value else ""),
    ]
    columns += [(gain, "gain if\nbetter", _number(5)), (regret, "regret if\nworse", _number(5))]
    output_table(
        console,
        f"What to measure next ({frame.columns[6].partition('(')[2].rstrip(')')})",
        matter,
        columns,
    )
    breaking = [
        f"{row['LLM']} {row['Option']}"
        for (_, row), gap in zip(matter.iterrows(), matching, strict=True)
        if gap.breaks
    ]
    if breaking:
        output_line(
            console,
            f"If worse than assumed, these break a limit of the plan: {', '.join(breaking)}.",
            indent=2,
        )
    specs = load_catalogue_llms()
    print_heading(console, "How to measure the first of them (then `profile import` the files)")
    for gap in gaps.gaps[: min(3, len(matter))]:
        option = loaded.instance.options[gap.option]
        spec = specs.get(loaded.instance.llms[option.llm].name)
        for line in benchmark_command(gap, loaded.instance, None if spec is None else spec.hf_id):
            console.print(
                Text(f"  {printable_output(line)}"), soft_wrap=True
            )  # whole, to be copied


def _number(digits: int) -> Callable[[Any], str]:
    return lambda value: "-" if value is None or pd.isna(value) else f"{value:,.{digits}f}"
