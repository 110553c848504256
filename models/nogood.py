"""No-goods: what a setup that cannot be placed says about all that are at least as hard.

As in logic-based Benders decomposition (Hooker and Ottosson, Math. Program. 96, 2003) a failed
placement becomes a cut of the master; lifted from the minimal conflict over whole classes of
options, one cut bars many setups.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from models.instance import Instance, Option
from models.packing.first_fit import Item
from models.packing.mig_slots import Shape, covers_mig_shape


@dataclass(frozen=True)
class NoGood:
    """A multiset of replicas that cannot be placed: not all of `counts` may be reached at once.

    members: per literal the options whose replicas are counted; counts: the numbers that all
    literals together must not reach. gpus: when given, the statement holds only while the pool uses
    at most this many GPUs; replicas: only while the setup has at most this many in total. A setup
    that must not appear again is a no-good too, over all pools.
    """

    pool: int
    members: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]
    gpus: int | None = None
    replicas: int | None = None

    def forbids(self, replicas: np.ndarray) -> bool:
        """Whether a setup (O,) reaches all counts. Not for one that holds on few GPUs only."""
        if self.replicas is not None and replicas.sum() > self.replicas:
            return False
        return all(
            replicas[list(hard)].sum() >= count
            for hard, count in zip(self.members, self.counts, strict=True)
        )


def lifted_no_good(
    instance: Instance, p: int, core: list[Item], present: dict[int, int], gpus: int | None
) -> NoGood:
    """A no-good from a minimal conflict, stated over all options at least as hard as each of its
    kinds where that still cuts.

    p: the pool. core: the conflict. present: option -> replicas of the setup that it came from.
    gpus: the most GPUs for which it holds, any number where None.

    Per degree the kinds are ordered by falling share; literal j counts the options of that degree
    that are at least as hard as each of the kinds from j on (with at least the share and the
    memory), and must not reach the replicas of the kinds up to j: whoever reaches all literals
    holds, kind by kind, replicas at least as hard as the conflict's. MIG instances are ordered by
    themselves: at least as hard is one in whose place the other may always stand.
    """
    options = instance.options
    of_pool = [o for o, option in enumerate(options) if option.pool == p]
    members: list[tuple[int, ...]] = []
    counts: list[int] = []
    for degree, divided in sorted({(item.shards, bool(item.mig)) for item in core}):
        kinds: Counter[tuple[float, float, Shape]] = Counter()
        for item in core:
            if (item.shards, bool(item.mig)) == (degree, divided):
                kinds[item.share, item.memory if not divided else 0.0, item.mig] += item.count
        ordered = sorted(kinds, key=lambda kind: (-kind[0], -kind[1], kind[2]))
        total = 0
        for j, kind in enumerate(ordered):
            total += kinds[kind]
            hard = tuple(
                o
                for o in of_pool
                if options[o].tp_degree == degree
                and all(_at_least_as_hard(options[o], other) for other in ordered[j:])
            )
            members.append(hard)
            counts.append(total)
    # Kinds of less share but more memory raise the memory that all before them must have, so the
    # lifted statement may miss the very setup; then it is stated over the conflict's own options.
    if all(
        sum(present.get(o, 0) for o in hard) >= count
        for hard, count in zip(members, counts, strict=True)
    ):
        return NoGood(p, tuple(members), tuple(counts), gpus)
    alone = sorted(core, key=lambda item: item.key)
    return NoGood(
        p, tuple((item.key,) for item in alone), tuple(item.count for item in alone), gpus
    )


def _at_least_as_hard(option: Option, kind: tuple[float, float, Shape]) -> bool:
    """Whether a replica of the option takes whatever one of a kind (share, memory, shape) takes."""
    share, memory, shape = kind
    if option.mig is not None or shape:
        return option.mig is not None and bool(shape) and covers_mig_shape(option.mig.masks, shape)
    return option.mps_share >= share - 1e-9 and option.memory >= memory - 1e-9
