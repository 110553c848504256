"""What is collected while a scenario and its tables are read: faults by file, and sentences for the reader."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.io.faults import DataError, Fault, ProfileError, ScenarioError, ScoresError
from profiles.io.tables import Table

if TYPE_CHECKING:
    from planner.scenario.workbook_headers import Book

__all__ = ["Findings", "once"]


@dataclass
class Findings:
    """What is collected on the way. scenario, profiles, scores: faults by file; notices and warnings: sentences."""

    scenario: list[Fault] = field(default_factory=list)
    profiles: list[Fault] = field(default_factory=list)
    scores: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    book: "Book | None" = None

    def table(self, key: str, name: object, given: Table | None) -> tuple[Table | None, bool]:
        """The table given, else that of the workbook's sheet of this name; and whether such a sheet is faulty."""
        if given is not None or self.book is None or name != self.book.content.get(key) or name not in self.book.tables:
            return given, False
        table = self.book.tables[name]
        return table, table is None

    def raise_any(self) -> None:
        """Raise the narrowest error that holds all faults, if there are any; those of a workbook by cell."""
        if self.book is not None:
            self.scenario, self.profiles, self.scores = map(self.book.tell, (self.scenario, self.profiles, self.scores))
        kinds = [(ScenarioError, self.scenario), (ProfileError, self.profiles), (ScoresError, self.scores)]
        faulty = [kind for kind, faults in kinds if faults]
        if faulty:
            error = faulty[0] if len(faulty) == 1 else DataError
            raise error([*self.scenario, *self.profiles, *self.scores], [*self.notices, *self.warnings])


def once(sentences: list[str], sentence: str) -> None:
    """Add a sentence unless it is there."""
    if sentence not in sentences:
        sentences.append(sentence)
