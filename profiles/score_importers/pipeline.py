"""Files of benchmarks -> one table of grades, a row for each prompt that every LLM has a grade of.

    find     files, and files under folders; what is no file of grades is a fault where it was
             named and passed over in a folder
    choose   of several runs of one LLM on one task the newest
    read     grades by LLM and prompt; ids carry the name of the data set
    rename   LLMs as the scenario calls them, and only those that are wanted
    join     prompts that some LLM lacks are left out and counted

What comes out was graded, not predicted: the column `provenance` says so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from profiles.importers.discover import expand_discovered_paths
from profiles.io.faults import Fault, ScoresError, fault_spelling_guess
from profiles.plugins.entry_points import load_plugins, plugin_failure
from profiles.plugins.own_entry_points import PluginGroup
from profiles.records import ScoreProvenance
from profiles.score_importers.detect import detect_grade_format
from profiles.score_importers.grades import Grade, Grades
from profiles.score_importers.scorer_protocol import ImportChoices
from profiles.score_tables.score_columns import PROVENANCE, RESERVED

__all__ = ["ImportChoices", "ImportedGrades", "import_grades"]


@dataclass(frozen=True)
class ImportedGrades:
    """frame: the table; lines: what was read; notices: what was left out."""

    frame: pd.DataFrame
    lines: Sequence[str]
    notices: Sequence[str]


def import_grades(paths: Sequence[Path], choices: ImportChoices) -> ImportedGrades:
    """Make the table. ScoresError with every fault."""
    faults: list[Fault] = []
    notices: list[str] = []
    grades = Grades()
    files, taken = Counter[str](), Counter[str]()
    for path, kind in _newest_grade_files(_found_grade_files(paths, faults, notices), notices):
        rows = _read_grade_file(path, kind, choices)
        taken[kind] += grades.add_grades(str(path), rows, faults)
        files[kind] += 1
    if not files and not faults:
        problem = "there is no file of grades"
        faults.append(Fault("scores import", "", "", problem, "name files of a known benchmark"))
    names = _named_graded_llms(grades, choices.llms, faults) if files else {}
    if faults:
        raise ScoresError(faults, notices)
    frame = _joined_grades(grades, names, notices)
    lines = [
        f"{kind}: {files[kind]:,} file{'s' * (files[kind] > 1)}, {taken[kind]:,} grades"
        for kind in files
    ]
    return ImportedGrades(frame, lines, notices)


def _found_grade_files(
    paths: Sequence[Path], faults: list[Fault], notices: list[str]
) -> list[tuple[Path, str]]:
    """Files of grades and their formats; other files of folders are counted."""
    found: list[tuple[Path, str]] = []
    passed: list[Fault] = []
    for path, named in expand_discovered_paths(paths, faults):
        kind = detect_grade_format(path)
        if not isinstance(kind, Fault):
            found.append((path, kind))
        elif named:
            faults.append(kind)
        else:
            passed.append(kind)
    if passed:
        notices.append(
            f"{len(passed):,} other files passed over, e.g. {passed[0].file}: {passed[0].problem}"
        )
    return found


def _newest_grade_files(
    found: Sequence[tuple[Path, str]], notices: list[str]
) -> list[tuple[Path, str]]:
    """Of the runs of one LLM on one task the newest alone."""
    newest: dict[tuple, tuple[str, Path]] = {}
    for path, kind in found:
        run, date = _run_of_grade_file(path, kind)
        key = (kind, *run)
        newest[key] = max(newest.get(key, (date, path)), (date, path))
    kept = [(path, kind) for path, kind in found if path in {path for _, path in newest.values()}]
    if len(kept) < len(found):
        older = len(found) - len(kept)
        notices.append(f"{older:,} older runs of an LLM on the same task passed over")
    return kept


def _run_of_grade_file(path: Path, kind: str) -> tuple[tuple[str, ...], str]:
    plugin = load_plugins(PluginGroup.SCORERS).found[kind]
    if plugin.is_own:
        return plugin.made.run_of(path)
    try:
        run, date = plugin.made.run_of(path)
    except Exception:  # another's code: reading the file says what is wrong with it
        return (str(path),), ""
    return tuple(map(str, run)), str(date)


def _read_grade_file(path: Path, kind: str, choices: ImportChoices) -> Iterator[Grade | Fault]:
    """Grades of one file; a fault where a plug-in ends in an error, or gives what is no grade."""
    plugin = load_plugins(PluginGroup.SCORERS).found[kind]
    if plugin.is_own:
        yield from plugin.made.read_grades(path, choices)
        return
    failure, fix = "", f"ask who makes {plugin.distribution}, or leave the file out"
    try:
        for grade in plugin.made.read_grades(path, choices):
            if not isinstance(grade, Grade | Fault):
                failure = f"gave {type(grade).__name__}, which is no Grade"
                break
            yield grade
    except Exception as error:  # another's code must not end the planner
        failure = f"failed ({plugin_failure(error)})"
    if failure:
        problem = f"scorer {plugin.name} of {plugin.distribution} {failure}"
        yield Fault(str(path), "", "", problem, fix)


def _named_graded_llms(
    grades: Grades, wanted: Mapping[str, str], faults: list[Fault]
) -> dict[str, str]:
    """LLMs of the files -> their columns; faults for names that the files lack, that no LLM may
    have, and that two would have.
    """
    known = sorted(grades.sums)
    if not known and not faults:
        fix = "check --filter, and whether the runs have ended"
        faults.append(Fault("scores import", "", "", "the files hold no grade", fix))
        return {}
    names = dict(wanted) or {llm: llm for llm in known}
    for llm in names:
        if llm not in grades.sums:
            fix = f"{fault_spelling_guess(llm, known)}the files have {', '.join(known[:40])}"
            faults.append(Fault("--llm", "", repr(llm), "no file has grades of this LLM", fix))
    for column, count in Counter(names.values()).items():
        if not column or column in (*RESERVED, PROVENANCE):
            problem, fix = "no LLM may be called so", "rename it: --llm NAME=NEW"
            faults.append(Fault("--llm", "", repr(column), problem, fix))
        if count > 1:
            problem = f"{count} LLMs would have this name"
            faults.append(Fault("--llm", "", repr(column), problem, "give each one its own"))
    return names


def _joined_grades(grades: Grades, names: Mapping[str, str], notices: list[str]) -> pd.DataFrame:
    """The table; ScoresError where no prompt has a grade of every LLM."""
    of_llm = {llm: grades.sums[llm] for llm in names}
    every = set[str]().union(*of_llm.values())
    kept = sorted(every.intersection(*of_llm.values()) - grades.alien)
    alien, lacking = (
        len(every & grades.alien),
        {llm: len(every - of_llm[llm].keys()) for llm in names},
    )
    worst = max(lacking, key=lambda llm: lacking[llm])
    if alien:
        notices.append(
            f"{alien:,} prompts are not the same for all LLMs (another version of the data set?)"
            " and are left out"
        )
    left = len(every) - len(kept) - alien
    if left > 0:
        notices.append(
            f"{left:,} of {len(every):,} prompts lack the grade of some LLM and are left out;"
            f" {worst} lacks {lacking[worst]:,}"
        )
    if grades.repeated:
        notices.append(f"{grades.repeated:,} grades repeat a prompt; the table has their means")
    if not kept:
        problem = "no prompt has a grade of every LLM"
        fix = f"leave out LLMs by --llm; {worst} lacks {lacking[worst]:,} of {len(every):,} prompts"
        raise ScoresError([Fault("scores import", "", "", problem, fix)], notices)
    columns = {
        names[llm]: np.array([grades.sums[llm][p][0] / grades.sums[llm][p][1] for p in kept])
        for llm in sorted(names, key=lambda llm: names[llm])
    }
    return pd.DataFrame({"prompt_id": kept, PROVENANCE: ScoreProvenance.GRADED.value, **columns})
