"""The options that a plan deploys, read back by name, and whether they are the instance's.

Independent of `planner.plans.option_index`: what is checked must not be read by what it was written
with.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.instance import Instance
from planner.verification.tolerances import MATCH_TOL_PCT, RESTATE_TOL

__all__ = [
    "OptionIndex",
    "StatedOption",
    "check_deployed_options_exist",
    "check_restated_options",
    "check_stated_options",
    "deployed_option_name",
    "find_deployed_option",
    "index_deployed_options",
    "read_deployed_options",
]


@dataclass(frozen=True)
class StatedOption:
    """One entry of plan["options"] read back.

    position: in Instance.options; rate: req/s of all replicas together.
    """

    entry: Mapping[str, Any]
    position: int
    replicas: int
    rate: float
    name: str

    @property
    def rate_per_replica(self) -> float:
        """req/s of one replica."""
        return self.rate / self.replicas


OptionIndex = dict[tuple[str, str, int], list[tuple[float | str, int]]]


def check_deployed_options_exist(
    plan: Mapping[str, Any], instance: Instance, index: OptionIndex
) -> Iterator[str]:
    """Check that status is known and every entry names one option of the instance, appears once and
    has at least one replica.
    """
    if plan["status"] not in ("optimal", "feasible"):
        yield f"status: unknown word {plan['status']}"
    yield from check_stated_options(plan["options"], index)
    if not plan["options"]:
        yield f"options: none deployed, {instance.arrival_rate:.6g} req/s are not served"


def check_stated_options(options: Sequence[Mapping[str, Any]], index: OptionIndex) -> Iterator[str]:
    """Every entry names one option of the instance, appears once and has at least one replica."""
    seen: Counter[int] = Counter()
    for entry in options:
        position = find_deployed_option(entry, index)
        if position is None:
            yield f"{deployed_option_name(entry)}: no such option in the instance"
            continue
        seen[position] += 1
        if seen[position] == 2:
            yield f"{deployed_option_name(entry)}: the option appears more than once"
        if entry["replicas"] < 1:
            yield f"{deployed_option_name(entry)}: {entry['replicas']} replicas, fewer than 1"


def index_deployed_options(instance: Instance) -> OptionIndex:
    """Positions of all options, with their MPS shares in per cent or their MIG profiles, by (llm,
    pool, tp_degree).
    """
    index: OptionIndex = defaultdict(list)
    for position, option in enumerate(instance.options):
        key = (instance.llms[option.llm].name, instance.pools[option.pool].name, option.tp_degree)
        part = 100 * option.mps_share if option.mig is None else option.mig.name
        index[key].append((part, position))
    return index


def find_deployed_option(entry: Mapping[str, Any], index: OptionIndex) -> int | None:
    """Position of the option that an entry of options or placement names, or None."""
    stated = entry.get("mig_profile", entry["mps_share_pct"])
    # A profile beside a share names two things at once.
    if stated is None or ("mig_profile" in entry and entry["mps_share_pct"] is not None):
        return None
    for part, position in index.get((entry["llm"], entry["pool"], entry["tp_degree"]), []):
        if isinstance(part, str) or isinstance(stated, str):
            if part == stated:
                return position
        elif abs(part - stated) <= MATCH_TOL_PCT:
            return position
    return None


def deployed_option_name(entry: Mapping[str, Any]) -> str:
    """What messages call an entry of options or placement."""
    stated = entry["mps_share_pct"]
    share = "no share" if stated is None else f"share {stated:g} %"
    part = f"MIG {entry['mig_profile']}" if "mig_profile" in entry else share
    return f"option {entry['llm']} on {entry['pool']}, tp {entry['tp_degree']}, {part}"


def read_deployed_options(plan: Mapping[str, Any], index: OptionIndex) -> tuple[StatedOption, ...]:
    """plan["options"] by position; every entry must name an option
    (`check_deployed_options_exist`).
    """
    entries = [(entry, find_deployed_option(entry, index)) for entry in plan["options"]]
    return tuple(
        StatedOption(e, p, e["replicas"], float(e["rate_rps"]), deployed_option_name(e))
        for e, p in entries
        if p is not None
    )


def check_restated_options(instance: Instance, deployed: Sequence[StatedOption]) -> Iterator[str]:
    """GPU, memory and, where it is stated, highest rate of every option are the instance's."""
    for d in deployed:
        option = instance.options[d.position]
        if d.entry["gpu"] != instance.pools[option.pool].gpu:
            yield (
                f"{d.name}: gpu {d.entry['gpu']} but the pool has {instance.pools[option.pool].gpu}"
            )
        if abs(d.entry["memory_gib_per_gpu"] - option.memory) > RESTATE_TOL * option.memory:
            yield (
                f"{d.name}: memory_gib_per_gpu {d.entry['memory_gib_per_gpu']:.9g} but the instance"
                f" says {option.memory:.9g}"
            )
        stated = d.entry.get("max_rate_per_replica_rps", option.curve.max_rate)
        if abs(stated - option.curve.max_rate) > RESTATE_TOL * option.curve.max_rate:
            yield (
                f"{d.name}: max_rate_per_replica_rps {stated:.9g} but the curve ends at"
                f" {option.curve.max_rate:.9g}"
            )
