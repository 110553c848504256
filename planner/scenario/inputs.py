"""Tables of a scenario, read from the files it names, from a workbook's sheets, or from memory;
also those of a faulty scenario.

Faults go to the findings, so that those of all tables are raised together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.scenario.demand.class_scores import ScoreSource, check_named_class_scores
from profiles.class_rows import CLASS, split_profile_rows_by_class
from profiles.curves import ProfileTable, parse_curves, read_profiles
from profiles.io.faults import DataError, Fault, ProfileError, ScenarioError, ScoresError
from profiles.io.table_files import read_table_file
from profiles.io.tables import Table
from profiles.io.workbook_guard import is_workbook
from profiles.profile_columns import KNOWN
from profiles.records import Scores
from profiles.score_tables.scores import parse_scores, read_score_table

if TYPE_CHECKING:
    from planner.scenario.load import Scenario
    from planner.scenario.workbook_headers import InputBook

__all__ = [
    "InputFindings",
    "InputTables",
    "add_once",
    "check_named_input_tables",
    "open_input_book",
    "read_input_profiles",
    "read_input_profiles_by_class",
    "read_input_scores",
    "read_input_tables",
]


@dataclass(frozen=True)
class InputTables:
    """The tables of a scenario as they were read, so that what writes them again reads no file.

    profiles: checked and sorted; scores: cell by cell, also prompts that lack a score; sheets:
    those of `profiles` and `scores` that are sheets of the scenario's own workbook.

    of_classes: profile rows of classes by name; class_scores: by the name that the scenario has
    for it every score table that a class uses. Both empty where there are no classes.
    """

    profiles: ProfileTable
    scores: Table
    sheets: frozenset[str] = frozenset()
    of_classes: Mapping[str, ProfileTable] = field(default_factory=dict)
    class_scores: Mapping[str, Table] = field(default_factory=dict)


@dataclass
class InputFindings:
    """What is collected while reading.

    scenario, profiles, scores: faults by file; notices and warnings: sentences.
    """

    scenario: list[Fault] = field(default_factory=list)
    profiles: list[Fault] = field(default_factory=list)
    scores: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    book: "InputBook | None" = None

    def table(self, key: str, name: object, given: Table | None) -> tuple[Table | None, bool]:
        """The table given, else that of the workbook's sheet of this name; and whether such a sheet
        is faulty.
        """
        if (
            given is not None
            or self.book is None
            or name != self.book.content.get(key)
            or name not in self.book.tables
        ):
            return given, False
        table = self.book.tables[name]
        return table, table is None

    def known_scores(self, name: str, given: Table | None) -> dict[str, Table | None]:
        """The scenario's score table by its name where it is no file: given, or a sheet of the
        workbook, None for a faulty one.
        """
        known = self.sheets_of_classes()
        table, faulty = self.table("scores", name, given)
        return known | ({name: table} if table is not None or faulty else {})

    def sheets_of_classes(self) -> dict[str, Table | None]:
        """The workbook's score tables by name, but for the scenario's own."""
        if self.book is None:
            return {}
        others = {self.book.content.get(key) for key in ("profiles", "scores", "demand")}
        return {name: table for name, table in self.book.tables.items() if name not in others}

    def sheets(self, profiles: str, scores: str) -> frozenset[str]:
        """Which of the tables named are sheets of the workbook: `profiles`, `scores`."""
        known = {} if self.book is None else self.book.tables
        names = {"profiles": profiles, "scores": scores}
        return frozenset(key for key, name in names.items() if name in known)

    def raise_any(self) -> None:
        """Raise the narrowest error that holds all faults, if there are any; those of a workbook by
        cell.
        """
        if self.book is not None:
            self.scenario, self.profiles, self.scores = map(
                self.book.by_cell, (self.scenario, self.profiles, self.scores)
            )
        kinds = [
            (ScenarioError, self.scenario),
            (ProfileError, self.profiles),
            (ScoresError, self.scores),
        ]
        faulty = [kind for kind, faults in kinds if faults]
        if faulty:
            error = faulty[0] if len(faulty) == 1 else DataError
            raise error(
                [*self.scenario, *self.profiles, *self.scores], [*self.notices, *self.warnings]
            )


def add_once(sentences: list[str], sentence: str) -> None:
    """Add a sentence unless it is there."""
    if sentence not in sentences:
        sentences.append(sentence)


def open_input_book(path: Path, findings: InputFindings) -> None:
    """Read a workbook once for scenario and tables; raise when there is nothing to go on with."""
    # Imported here because only workbooks need openpyxl.
    from planner.scenario.workbook import read_workbook

    findings.book = read_workbook(path, findings.scenario)
    if findings.book is None:
        findings.raise_any()
    else:
        findings.notices.extend(findings.book.notices)


def read_input_profiles(
    path: Path, name: object, given: Table | None, findings: InputFindings
) -> ProfileTable | None:
    """The profile table: given, a workbook's sheet, or the file; None when it is faulty."""
    table, faulty = findings.table("profiles", name, given)
    if faulty:
        return None
    return (
        read_profiles(path, findings.profiles)
        if table is None
        else parse_curves(table, findings.profiles)
    )


def read_input_profiles_by_class(
    path: Path, name: object, given: Table | None, findings: InputFindings
) -> tuple[ProfileTable | None, dict[str, ProfileTable]]:
    """The same for a scenario with classes: rows without a class, and those of each class."""
    table, faulty = findings.table("profiles", name, given)
    if table is None and not faulty:
        table = read_table_file(path, findings.profiles, only=(*KNOWN, CLASS))
    if table is None:
        return None, {}
    base, own = split_profile_rows_by_class(table, findings.profiles)
    parsed = {one: parse_curves(rows, findings.profiles) for one, rows in own.items()}
    return (
        None if base is None else parse_curves(base, findings.profiles),
        {one: rows for one, rows in parsed.items() if rows is not None},
    )


def read_input_scores(
    path: Path,
    name: object,
    given: Table | None,
    llms: Sequence[str],
    missing: str,
    findings: InputFindings,
) -> tuple[Table, Scores] | None:
    """The score table of these LLMs as it was read and as it is used, from where the profile table
    comes; None when it is faulty.

    missing: error or drop.
    """
    table, faulty = findings.table("scores", name, given)
    if faulty:
        return None
    table = table or read_score_table(path, llms, missing, findings.scores, findings.notices)
    if table is None:
        return None
    scores = parse_scores(table, llms, missing, findings.scores, findings.notices)
    return None if scores is None else (table, scores)


def read_input_tables(scenario: "Scenario") -> InputTables:
    """Read the tables of a scenario alone, whether or not they are sound for each other. DataError
    when one cannot be read.
    """
    findings = InputFindings()
    spec = scenario.spec
    if is_workbook(scenario.path):
        open_input_book(scenario.path, findings)
    profiles = read_input_profiles(scenario.profiles_path, spec.profiles, None, findings)
    scores, faulty = findings.table("scores", spec.scores, None)
    if scores is None and not faulty:
        llms, missing = [llm.name for llm in spec.llms], spec.scores_missing
        found, path = (findings.scores, findings.notices), scenario.scores_path
        scores = read_score_table(path, llms, missing, *found)
    findings.raise_any()
    if profiles is None or scores is None:
        raise AssertionError("a table that cannot be read has faults")
    own = {n: table for n, table in findings.sheets_of_classes().items() if table is not None}
    sheets = findings.sheets(spec.profiles, spec.scores) | set(own)
    if any(one.scores in (None, spec.scores) for one in spec.classes or ()):
        own = {spec.scores: scores} | own
    return InputTables(profiles, scores, sheets, class_scores=own)


def check_named_input_tables(
    path: Path, content: Any, profiles: Table | None, scores: Table | None, findings: InputFindings
) -> None:
    """Check the tables a faulty scenario names as far as it can be understood, so that all faults
    are raised at once.
    """
    if not isinstance(content, Mapping):
        return

    def named(key: str) -> Path | None:
        value = content.get(key)
        return path.parent / value if isinstance(value, str) and value else None

    if profiles is not None or named("profiles"):
        read = read_input_profiles_by_class if content.get("classes") else read_input_profiles
        read(named("profiles") or path, content.get("profiles"), profiles, findings)
    llms = content.get("llms")
    names = (
        [llm.get("name") if isinstance(llm, Mapping) else None for llm in llms]
        if isinstance(llms, list)
        else []
    )
    sound = [name for name in names if isinstance(name, str)]
    if not sound or len(set(sound)) < len(names):
        return
    missing = "drop" if content.get("scores_missing") == "drop" else "error"
    if (scores is not None or named("scores")) and not _classes_have_their_own(content):
        read_input_scores(
            named("scores") or path, content.get("scores"), scores, sound, missing, findings
        )
    known = findings.sheets_of_classes()
    source = ScoreSource(folder=path.parent, known=known, missing=missing)
    check_named_class_scores(content, sound, source, findings.scores)


def _classes_have_their_own(content: Mapping[str, Any]) -> bool:
    """Whether no class needs the scores of the scenario, or some class needs a part of them only:
    a sound scenario then says which.
    """
    classes = content.get("classes")
    return isinstance(classes, list | tuple) and any(
        isinstance(one, Mapping) and (one.get("scores") or one.get("llms")) for one in classes
    )
