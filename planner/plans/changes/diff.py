"""From one plan to another: what stays, starts, stops and moves, and in which order.

A replica stays when the same option runs on the same GPUs in both plans, the new plan's nodes
and GPUs renamed onto the old one's (`node_matching`). What then has to go stops, what is new
starts; a replica whose option is in both on other GPUs moves, which is a start and a stop. Each
step (`step_order`) knows which LLMs are short after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from planner.plans.changes.node_matching import (
    PlacedReplica,
    match_nodes,
    node_shapes_to_match,
    replicas_by_node_to_match,
)
from planner.plans.changes.step_order import Action, MigrationStep, fillable_memory, order_steps
from planner.plans.option_index import OptionKey, option_key_order
from planner.plans.schema import PlanContent

__all__ = ["OptionChange", "PlanDiff", "diff_plans"]


@dataclass(frozen=True)
class OptionChange:
    """One option: replicas in both plans; how many stay, start, stop; moves: of these, pairs on
    other GPUs.
    """

    key: OptionKey
    before: int
    after: int
    stays: int
    moves: int


@dataclass(frozen=True)
class PlanDiff:
    """changes: options that differ; steps: in order; fractions: per LLM (before, after), 0..1.

    least: req/s that the LLMs which fall short can still serve at the worst moment. The new plan's
    GPUs are named as the old one's.
    """

    changes: tuple[OptionChange, ...]
    stays: tuple[PlacedReplica, ...]
    steps: tuple[MigrationStep, ...]
    fractions: Mapping[str, tuple[float, float]]
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def drops(self) -> bool:
        """Whether an LLM lacks capacity during the change."""
        return any(step.short for step in self.steps)

    @property
    def spares(self) -> tuple[PlacedReplica, ...]:
        """The replicas whose stop leaves their LLM short: with others like them on spare GPUs in
        the meantime no LLM falls short, for since an LLM was last not short, only such replicas of
        it have stopped.
        """
        return tuple(
            step.replica
            for step in self.steps
            if step.action is Action.STOP and step.replica.key[0] in step.short
        )


def diff_plans(old: PlanContent, new: PlanContent) -> PlanDiff:
    """Compare two plans with a setup each, also of different scenarios.

    Rates in req/s; the new plan's replicas bear the names of the old one's nodes and GPUs.
    """
    before, after = (
        replicas_by_node_to_match(old),
        match_nodes(
            replicas_by_node_to_match(old),
            replicas_by_node_to_match(new),
            node_shapes_to_match(old, new),
        ),
    )
    stays, stop, start = [], list(before), []
    for replica in after:
        same = next(
            (
                b
                for b in stop
                if (b.key, b.node, b.gpus) == (replica.key, replica.node, replica.gpus)
            ),
            None,
        )
        if same is None:
            start.append(replica)
        else:
            stop.remove(same)
            stays.append(replica)
    llms = dict.fromkeys([*old["routing"], *new["routing"]])
    fractions = {llm: (old["routing"].get(llm, 0.0), new["routing"].get(llm, 0.0)) for llm in llms}
    steps, least = order_steps(stays, start, stop, fillable_memory(old, new))
    return PlanDiff(
        _diff_changes(before, after, stays, start, stop),
        tuple(stays),
        tuple(steps),
        fractions,
        least,
    )


def _diff_changes(
    before: Sequence[PlacedReplica],
    after: Sequence[PlacedReplica],
    stays: Sequence[PlacedReplica],
    start: Sequence[PlacedReplica],
    stop: Sequence[PlacedReplica],
) -> tuple[OptionChange, ...]:
    """Options with something to start or to stop."""

    def count(replicas: Sequence[PlacedReplica], key: OptionKey) -> int:
        return sum(replica.key == key for replica in replicas)

    keys = sorted({replica.key for replica in (*start, *stop)}, key=option_key_order)
    return tuple(
        OptionChange(
            k,
            count(before, k),
            count(after, k),
            count(stays, k),
            min(count(start, k), count(stop, k)),
        )
        for k in keys
    )
