"""What can go wrong, as a short tree; front ends catch the two roots, everything else is a bug.

    DataError                   the input is at fault (every fault listed)              exit code 2
      ScenarioError             the scenario file or an override
      ProfileError              the profile table
      ScoresError               the scores table
      CatalogueError            the GPU and LLM catalogues
      LibraryError              no such record, or a library that cannot be used
    SolveError                  the input is sound, but there is no plan to return
      InfeasibleError           no plan keeps all limits; a conflict and repairs exist  exit code 3
      NoPlanInTimeError         stopped by a limit before a plan was found              exit code 5
      ProcessEndedError         one of the program's own processes is gone              exit code 5
    VerificationError           a plan broke its own rules: a bug of the planner        exit code 1

`VerificationError` is deliberately outside both roots: no front end may treat it as an answer.
`plan` returns infeasible and unknown results as plans; `SolveError` is for work that needs a setup,
such as a simulation (`Plan.demand_setup`).
"""

from collections.abc import Sequence

from profiles.io.faults import CatalogueError, DataError, ProfileError, ScenarioError, ScoresError

__all__ = [
    "CatalogueError",
    "DataError",
    "InfeasibleError",
    "LibraryError",
    "NoPlanInTimeError",
    "ProcessEndedError",
    "ProfileError",
    "ScenarioError",
    "ScoresError",
    "SolveError",
    "VerificationError",
]


class LibraryError(DataError):
    """There is no such record in the library, or the library cannot be read or written."""


class SolveError(Exception):
    """There is no plan to return; the message says why."""


class InfeasibleError(SolveError):
    """No plan keeps all limits at once; the message lists the conflicting ones."""


class NoPlanInTimeError(SolveError):
    """The time limit or an interrupt came before a plan was found."""


class ProcessEndedError(SolveError):
    """A process that did part of the work is gone, e.g. killed for its memory."""


class VerificationError(Exception):
    """The independent verifier rejects a plan before it is returned.

    `problems`: its findings in words.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(
            "The plan fails its own check, so it is not returned; this is a bug of the"
            f" planner:\n{listed}"
        )
