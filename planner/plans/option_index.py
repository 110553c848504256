"""Which option of an instance an entry of plan.json names: by LLM, pool, tensor-parallel degree and
what of a GPU it runs on, an MPS share of each of its GPUs or an instance of a MIG profile;
`mps_share_pct` is null where `mig_profile` is stated.

The verifier has its own index: what it checks must not be read by the code that is checked.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.instance import Instance, Option
from models.packing.mig_slots import mig_layout
from planner.plans.numbers import percent, tidy
from planner.plans.schema import (
    DroppedContent,
    OptionContent,
    ReplicaChangeContent,
    ShardContent,
    SliceContent,
    SlotContent,
)
from profiles.records import MIG_COMPUTE_SLICES

__all__ = [
    "PROFILE_HEADER",
    "SHARE_HEADER",
    "DeployedOption",
    "OptionIndex",
    "OptionKey",
    "OptionSlice",
    "any_mig_option",
    "option_compute_pct",
    "option_key",
    "option_key_order",
    "option_slice",
    "option_slice_content",
    "option_slice_of",
    "option_slice_pct",
    "option_slice_text",
    "option_slice_words",
    "option_start_contents",
    "with_option_profiles",
]

OptionSlice = float | str
"""MPS share in per cent, or MIG profile."""

OptionKey = tuple[str, str, int, OptionSlice]
"""(llm, pool, tp_degree, mps_share_pct or mig_profile)."""

NamedOption = OptionContent | ShardContent | DroppedContent | ReplicaChangeContent

SHARE_HEADER, PROFILE_HEADER = "MPS share (%)", "MIG profile"
"""Headers of tables. The share of an instance is its part of the compute slices."""

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
        self._by_key: dict[tuple[str, str, int], list[tuple[OptionSlice, int]]] = defaultdict(list)
        for position, option in enumerate(instance.options):
            key = (
                instance.llms[option.llm].name,
                instance.pools[option.pool].name,
                option.tp_degree,
            )
            part = 100 * option.mps_share if option.mig is None else option.mig.name
            self._by_key[key].append((part, position))

    def position(self, entry: OptionContent | ShardContent) -> int | None:
        """Position of the option that an entry of options or placement names; None where the
        instance has no such option.
        """
        stated = option_slice(entry)
        for part, position in self._by_key.get(
            (entry["llm"], entry["pool"], entry["tp_degree"]), []
        ):
            if _is_same_slice(part, stated):
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


def _is_same_slice(one: OptionSlice, other: OptionSlice) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return abs(one - other) <= SAME_SHARE_PCT


def option_key(entry: NamedOption | Mapping[str, Any]) -> OptionKey:
    """What names the option of an entry of plan.json."""
    return entry["llm"], entry["pool"], entry["tp_degree"], option_slice(entry)


def option_slice_content(part: OptionSlice) -> SliceContent:
    """The keys of an option or a shard that say what of a GPU it runs on."""
    if isinstance(part, str):
        return {"mps_share_pct": None, "mig_profile": part}
    return {"mps_share_pct": part}


def option_slice_of(option: Option) -> OptionSlice:
    """What of a GPU an option of an instance runs on."""
    return percent(option.mps_share) if option.mig is None else option.mig.name


def option_slice(entry: Mapping[str, Any]) -> OptionSlice:
    """What of a GPU an option or a shard of plan.json runs on."""
    share: float = entry["mps_share_pct"]
    return entry.get("mig_profile", share)


def option_slice_text(part: OptionSlice) -> str:
    """It in words: `50 %` or `3g.40gb`."""
    return part if isinstance(part, str) else f"{tidy(part):g} %"


def option_slice_words(entry: Mapping[str, Any]) -> str:
    """The same of an option or a shard of plan.json."""
    return option_slice_text(option_slice(entry))


def option_slice_pct(part: OptionSlice) -> float:
    """Per cent of the compute of each GPU; of an instance its part of the compute slices."""
    if isinstance(part, str):
        return tidy(100.0 * int(part.partition("g")[0]) / MIG_COMPUTE_SLICES)
    return part


def option_compute_pct(entry: Mapping[str, Any]) -> float:
    """The same of an option or a shard of plan.json."""
    return option_slice_pct(option_slice(entry))


def option_key_order(key: OptionKey) -> tuple[str, str, int, float, str]:
    """By which options are sorted, those with shares beside those on instances."""
    return *key[:3], option_slice_pct(key[3]), key[3] if isinstance(key[3], str) else ""


def with_option_profiles(frame: pd.DataFrame, entries: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The table with a column of MIG profiles behind that of shares, where an entry has one.

    entries: of plan.json, one a row.
    """
    if any_mig_option(entries):
        at = list(frame.columns).index(SHARE_HEADER) + 1
        frame.insert(at, PROFILE_HEADER, [entry.get("mig_profile", "") for entry in entries])
    return frame


def any_mig_option(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any option or shard is on a MIG instance."""
    return any("mig_profile" in entry for entry in entries)


def option_start_contents(gpu: Sequence[Option]) -> list[SlotContent]:
    """The first memory slice of each shard of one GPU, in their order; nothing of shares."""
    shapes = tuple(option.mig.masks for option in gpu if option.mig is not None)
    layout = mig_layout(shapes)
    if layout is None:
        raise ValueError("the MIG instances of a GPU do not fit side by side")
    starts = iter((mask & -mask).bit_length() - 1 for mask in layout)
    return [{} if option.mig is None else {"mig_start": next(starts)} for option in gpu]
