"""The plan as a record."""

from dataclasses import dataclass
from typing import cast

from planner.errors import InfeasibleError, NoPlanInTimeError
from planner.plans.schema import (
    AllPromptsContent,
    AlternativesContent,
    ChangeContent,
    ContextContent,
    LostNodeContent,
    MarginalContent,
    PlanContent,
    RobustnessContent,
    SimulatedContent,
)
from planner.program import PROGRAM

__all__ = [
    "REWRITE",
    "SCHEMA",
    "Plan",
    "best_effort_change",
]


SCHEMA = 1


REWRITE = f"write it again with `{PROGRAM} plan SCENARIO --json PATH`"


@dataclass(frozen=True)
class Plan:
    """A plan, or why there is none.

    content: plan.json as plain dicts, lists, text and finite numbers; names and file units (ms,
    req/s, GiB, %, USD/h).
    """

    content: PlanContent

    @property
    def status(self) -> str:
        """One of optimal, feasible, infeasible, unknown."""
        return str(self.content["status"])

    @property
    def best_effort(self) -> "Plan | None":
        """The plan of the nearest feasible case of a conflict, or None.

        What makes it feasible: `best_effort_change` of its content.
        """
        conflict = self.content.get("conflict")
        effort = None if conflict is None else conflict["best_effort"]
        if effort is None:
            return None
        head = {key: value for key, value in self.content.items() if key != "conflict"}
        return Plan(cast("PlanContent", {**head, **effort}))

    def with_simulated(self, simulated: SimulatedContent) -> "Plan":
        """The plan with what was simulated of the SLOs that it nearly uses up."""
        context: ContextContent = {**self.content["context"], "simulated": simulated}
        return Plan({**self.content, "context": context})

    def with_robustness(self, robustness: RobustnessContent) -> "Plan":
        """The plan with the search for the headroom that it has."""
        context: ContextContent = {**self.content["context"], "robustness": robustness}
        return Plan({**self.content, "context": context})

    def with_all_prompts(self, all_prompts: AllPromptsContent) -> "Plan":
        """The plan with what of it holds on all prompts, for some of which it was made."""
        context: ContextContent = {**self.content["context"], "all_prompts": all_prompts}
        return Plan({**self.content, "context": context})

    def with_lost_nodes(self, lost: list[LostNodeContent]) -> "Plan":
        """The plan with what the loss of any one node does to its setup."""
        context: ContextContent = {**self.content["context"], "lost_nodes": lost}
        return Plan({**self.content, "context": context})

    def with_marginals(self, marginals: list[MarginalContent]) -> "Plan":
        """The plan with the value of one unit more or less of each limit."""
        context: ContextContent = {**self.content["context"], "marginals": marginals}
        return Plan({**self.content, "context": context})

    def with_alternatives(self, others: AlternativesContent) -> "Plan":
        """The plan with other setups nearly as good."""
        context: ContextContent = {**self.content["context"], "alternatives": others}
        return Plan({**self.content, "context": context})

    def demand_setup(self) -> "Plan":
        """Give the plan back when it has a setup; else raise InfeasibleError (with the conflict) or
        NoPlanInTimeError.
        """
        if self.status == "infeasible":
            raise InfeasibleError(
                "\n".join(self.content["conflict"]["limits"]) or "no plan keeps all limits"
            )
        if self.status == "unknown":
            raise NoPlanInTimeError(
                f"stopped ({self.content['solver']['termination']}) before a plan was found"
            )
        return self


def best_effort_change(content: PlanContent) -> ChangeContent | None:
    """What makes a best effort feasible; None of a plan of the scenario as it is."""
    return cast("ChangeContent | None", content.get("change"))
