"""Tables of a scenario, read from the files it names, from a workbook's sheets, or from memory; also those of a faulty scenario.

Faults go to the findings, so that those of all tables are told together.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planner.findings import Findings
from profiles.curves import ProfileTable, parse_profiles, read_profiles
from profiles.io.tables import Table
from profiles.records import Scores
from profiles.scores import parse_scores, read_scores

__all__ = ["open_book", "profile_table", "salvage", "score_table"]


def open_book(path: Path, found: Findings) -> None:
    """Read a workbook once for scenario and tables; raise when there is nothing to go on with."""
    # Imported here because only workbooks need openpyxl.
    from planner.scenario.workbook import read_book

    found.book = read_book(path, found.scenario)
    if found.book is None:
        found.raise_any()
    else:
        found.notices.extend(found.book.notices)


def profile_table(path: Path, name: object, given: Table | None, found: Findings) -> ProfileTable | None:
    """The profile table: given, a workbook's sheet, or the file; None when it is faulty."""
    table, faulty = found.table("profiles", name, given)
    if faulty:
        return None
    return read_profiles(path, found.profiles) if table is None else parse_profiles(table, found.profiles)


def score_table(path: Path, name: object, given: Table | None, llms: Sequence[str], missing: str, found: Findings) -> Scores | None:
    """The score table of these LLMs, found as the profile table is; None when it is faulty. missing: error or drop."""
    table, faulty = found.table("scores", name, given)
    if faulty:
        return None
    if table is None:
        return read_scores(path, llms, missing, found.scores, found.notices)
    return parse_scores(table, llms, missing, found.scores, found.notices)


def salvage(path: Path, content: Any, profiles: Table | None, scores: Table | None, found: Findings) -> None:
    """Check the tables a faulty scenario names as far as it can be understood, so that all faults are told at once."""
    if not isinstance(content, Mapping):
        return

    def named(key: str) -> Path | None:
        value = content.get(key)
        return path.parent / value if isinstance(value, str) and value else None

    if profiles is not None or named("profiles"):
        profile_table(named("profiles") or path, content.get("profiles"), profiles, found)
    llms = content.get("llms")
    names = [llm.get("name") if isinstance(llm, Mapping) else None for llm in llms] if isinstance(llms, list) else []
    sound = [name for name in names if isinstance(name, str)]
    if (scores is not None or named("scores")) and sound and len(set(sound)) == len(names):
        missing = "drop" if content.get("scores_missing") == "drop" else "error"
        score_table(named("scores") or path, content.get("scores"), scores, sound, missing, found)
