"""The command `scores import`: files of benchmarks -> a table of grades."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.cli.terminal.frame import framed_command, framed_write, notify, warn
from profiles.io.faults import DataError, Fault
from profiles.plugins.entry_points import load_plugins
from profiles.plugins.own_entry_points import PluginGroup
from profiles.score_importers.pipeline import ImportChoices, import_grades
from profiles.score_tables.score_writing import check_scores_writable, write_scores_frame

__all__ = ["ScoresImportOptions", "run_scores_import"]


@dataclass(frozen=True, kw_only=True)
class ScoresImportOptions:
    """Options of the command. llms: NAME or NAME=NEW; metrics, answer_filter: see
    `ImportChoices`.
    """

    llms: Sequence[str] = ()
    metrics: Sequence[str] = ()
    answer_filter: str | None = None
    out: str = "-"
    quiet: bool = False


@framed_command
def run_scores_import(files: Sequence[Path], options: ScoresImportOptions) -> int:
    """Import, write and report; return the exit code: 0, or 2 for bad input (then nothing is
    written).
    """
    check_scores_writable(options.out)
    notify(load_plugins(PluginGroup.SCORERS).notices, quiet=options.quiet)
    choices = ImportChoices(
        llms=_llms_to_import(options.llms),
        metrics=options.metrics,
        answer_filter=options.answer_filter,
    )
    imported = import_grades(files, choices)
    notify(imported.notices, quiet=options.quiet)
    notices: list[str] = []
    if code := framed_write(
        options.out, lambda: notices.extend(write_scores_frame(imported.frame, options.out))
    ):
        return code
    notify(notices, quiet=options.quiet)
    if not options.quiet:
        where = "" if options.out == "-" else f", written to {options.out}"
        prompts, llms = len(imported.frame), len(imported.frame.columns) - 2
        warn([*imported.lines, f"{prompts:,} prompts with grades of {llms} LLMs{where}"])
    return 0


def _llms_to_import(llms: Sequence[str]) -> dict[str, str]:
    """Read --llm: name in the files -> name in the table. DataError for one that is named twice."""
    names: dict[str, str] = {}
    faults: list[Fault] = []
    for text in llms:
        name, sign, new = text.partition("=")
        if name in names:
            faults.append(Fault("--llm", "", repr(name), "this LLM is named twice", "name it once"))
        names[name] = (new if sign else name).strip()
    if faults:
        raise DataError(faults)
    return names
