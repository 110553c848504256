"""Which option of an instance an entry of plan.json names: by LLM, pool, tensor-parallel degree and
MPS share.

The verifier has its own index: what it checks must not be read by the code that is checked.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from models.instance import Instance
from planner.plans.schema import (
    DroppedContent,
    OptionContent,
    ReplicaChangeContent,
    ShardContent,
)

__all__ = ["DeployedOption", "OptionIndex", "OptionKey", "option_key"]

OptionKey = tuple[str, str, int, float]
"""(llm, pool, tp_degree, mps_share_pct)."""

NamedOption = OptionContent | ShardContent | DroppedContent | ReplicaChangeContent

SAME_SHARE_PCT = 1e-6
"""Percentage points within which a stated MPS share names an option."""


@dataclass(frozen=True)
class DeployedOption:
    """One entry of plan["options"].

    position: in Instance.options; rate: req/s of all replicas together.
    """

    entry: OptionContent
    position: int
    replicas: int
    rate: float

    @property
    def rate_per_replica(self) -> float:
        """req/s of one replica."""
        return self.rate / self.replicas


class OptionIndex:
    """Positions of an instance's options by what plan.json calls them."""

    def __init__(self, instance: Instance) -> None:
        self._by_key: dict[tuple[str, str, int], list[tuple[float, int]]] = defaultdict(list)
        for position, option in enumerate(instance.options):
            key = (
                instance.llms[option.llm].name,
                instance.pools[option.pool].name,
                option.tp_degree,
            )
            self._by_key[key].append((100 * option.mps_share, position))

    def position(self, entry: OptionContent | ShardContent) -> int | None:
        """Position of the option that an entry of options or placement names; None where the
        instance has no such option.
        """
        for share_pct, position in self._by_key.get(
            (entry["llm"], entry["pool"], entry["tp_degree"]), []
        ):
            if abs(share_pct - entry["mps_share_pct"]) <= SAME_SHARE_PCT:
                return position
        return None

    def deployed(self, entries: Sequence[OptionContent]) -> tuple[DeployedOption, ...]:
        """The entries of plan["options"] that name an option, in their order; others are left
        out.
        """
        named = [(entry, self.position(entry)) for entry in entries]
        return tuple(
            DeployedOption(entry, at, entry["replicas"], float(entry["rate_rps"]))
            for entry, at in named
            if at is not None
        )


def option_key(entry: NamedOption) -> OptionKey:
    """What names the option of an entry of plan.json."""
    return entry["llm"], entry["pool"], entry["tp_degree"], entry["mps_share_pct"]
