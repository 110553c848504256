"""The instance: what the mathematics sees. Sets, arrays and SI units; nothing of files.

Every LLM, pool and option is known by its position in the tuples below; `Option.llm` and
`Option.pool` are such positions.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from profiles.records import Curve, MigProfile, Scores


class ObjectiveKind(StrEnum):
    """What a scenario optimises: quality is maximised, cost minimised above a floor of quality."""

    QUALITY = "quality"
    COST = "cost"


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Identical nodes.

    memory: GiB of one GPU (whole; the headroom is in `Instance`). price: USD/h of one GPU or None.

    What is paid, with V nodes of G GPUs and u of these in use (`models.formulation.FleetCost`):

        rented     price u
        reserved   reserved_price G R + price max(0, u - G R), with R = reserved nodes
        owned      price G V; with reserved nodes too reserved_price G R + price G max(0, V - R)

    sized: least and most nodes of a pool whose number is a decision; None where it is given. Until
    it is decided `nodes` is the most; then the nodes are paid as owned ones (`planner.sizing`).
    """

    name: str
    gpu: str
    nodes: int
    gpus_per_node: int
    memory: float
    price: float | None = None
    owned: bool = False
    reserved: int = 0
    reserved_price: float = 0.0
    sized: tuple[int, int] | None = None

    @property
    def undecided(self) -> bool:
        """Whether the number of nodes is still to be decided."""
        return self.sized is not None and not self.owned

    @property
    def gpus(self) -> int:
        """GPUs of the whole pool."""
        return self.nodes * self.gpus_per_node

    @property
    def gpus_reserved(self) -> int:
        """GPUs that are paid for at the price of the reservation, in use or not."""
        return self.reserved * self.gpus_per_node

    @property
    def gpus_owned(self) -> int:
        """GPUs that are paid for at the pool's price, in use or not."""
        return max(self.gpus - self.gpus_reserved, 0) if self.owned else 0

    def gpus_rented(self, used: int) -> int:
        """GPUs that are paid for at the pool's price because they are in use."""
        return 0 if self.owned else max(used - self.gpus_reserved, 0)


@dataclass(frozen=True)
class Llm:
    """min_replicas <= replicas over all its options <= max_replicas (None: no limit)."""

    name: str
    min_replicas: int = 0
    max_replicas: int | None = None


@dataclass(frozen=True)
class Slo:
    """metric: ttft | tpot | e2e; statistic: mean | p50 | p90 | p95 | p99; limit: s; scope: all |
    each_llm.
    """

    metric: str
    statistic: str
    limit: float
    scope: str = "all"


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to run one replica of one LLM.

    mps_share: 0..1 of each GPU's SMs; memory: GiB on each of its tp_degree GPUs.

    mig: the kind of MIG instance that it runs on, with a GPU of tp_degree 1; mps_share is then that
    of its compute slices. A GPU holds shards with MPS shares or instances, never both: the first
    share its memory and its bandwidth, the second have their own.
    """

    llm: int
    pool: int
    tp_degree: int
    mps_share: float
    memory: float
    curve: Curve
    mig: MigProfile | None = None

    @property
    def mig_profile(self) -> str:
        """The name of its MIG profile; "" where it has a share of a GPU."""
        return "" if self.mig is None else self.mig.name

    def taken_memory(self, room: float) -> float:
        """GiB of a GPU, of which `room` may be filled, that nothing else can fill: the memory of a
        shard, or the part of its instance.
        """
        return self.memory if self.mig is None else self.mig.part * room


def option_order(option: Option) -> tuple[int, int, int, float, str]:
    """By which options are sorted: by content, so that the order of a table changes no plan."""
    return option.llm, option.pool, option.tp_degree, option.mps_share, option.mig_profile


@dataclass(frozen=True)
class Quota:
    """A separate limit on the setup: sum_o weight_o * replicas_o <= most.

    weight: (O,) >= 0 by position in `Instance.options`.
    """

    what: str
    weight: tuple[float, ...]
    most: float


@dataclass(frozen=True, kw_only=True)
class Running:
    """The setup that a plan starts from.

    replicas: (O,) that run of each option, by position in `Instance.options`; gone: replicas whose
    option the instance does not have, which stop in any case. rates: (O,) req/s that each option
    is sent now. most: replicas that may start or stop in all, those that are gone included; None:
    as many as it takes. places: (option, node, GPUs) of every replica. start_price: USD/h of one
    shard of a replica that starts, since what runs has none of its option on the same GPUs.
    """

    replicas: tuple[int, ...]
    rates: tuple[float, ...]
    gone: int = 0
    most: int | None = None
    places: tuple[tuple[int, int, tuple[int, ...]], ...] = ()
    start_price: float = 0.0


@dataclass(frozen=True)
class Dropped:
    """An option that was considered and left out, with the reason in words."""

    llm: str
    pool: str
    tp_degree: int
    mps_share_pct: float
    reason: str
    mig_profile: str = ""


UNJUDGED = "an SLO"
"""Stands in the reason of every option that lacks a statistic of an SLO, and in no other reason."""


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """What a plan keeps free, in parts; `models.demand.headroom` says what of.

    slo: 0 <= slo < 1, of every SLO's limit. rate: >= 0, of the arrival rate, added to it.
    utilization: 0 <= utilization < 1, of the highest rate of every curve.
    """

    slo: float = 0.0
    rate: float = 0.0
    utilization: float = 0.0

    def __bool__(self) -> bool:
        """Whether anything is kept free."""
        return any((self.slo, self.rate, self.utilization))


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Everything the optimisation sees of a scenario.

    options: sorted by `option_order`. All of them fit an empty node of their pool (tp_degree <=
    gpus_per_node, memory <= (1 - memory_headroom) * memory of a GPU or MIG instance) and carry
    every column that an SLO needs; those that do not are in `dropped`.

    arrival_rate: req/s in all. scores: rows in the order of `llms`. quality_floor: mean score, of
    a cost objective. memory_headroom, min_utilization: 0..1. quotas: further limits on the setup;
    no scenario states any, baselines do (planner.studies.baselines).

    running: what runs when the plan begins; None where it begins with nothing. No scenario states
    it, `plan --from` does (planner.plans.changes.starting_plan).

    headroom: to be kept by a plan. slos, arrival_rate and curves are as stated; what a plan is
    made with is `models.demand.headroom.with_headroom(instance)`.
    """

    llms: tuple[Llm, ...]
    pools: tuple[Pool, ...]
    options: tuple[Option, ...]
    slos: tuple[Slo, ...]
    arrival_rate: float
    scores: Scores
    objective: ObjectiveKind = ObjectiveKind.QUALITY
    quality_floor: float | None = None
    memory_headroom: float = 0.10
    min_utilization: float = 0.0
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[str, ...] = ()
    quotas: tuple[Quota, ...] = ()
    running: Running | None = None
    headroom: Headroom = Headroom()

    def room(self, pool: int) -> float:
        """GiB of one GPU of the pool that shards may fill."""
        return (1.0 - self.memory_headroom) * self.pools[pool].memory

    @property
    def gpus(self) -> int:
        """GPUs of all pools."""
        return sum(pool.gpus for pool in self.pools)

    @property
    def prices_changes(self) -> bool:
        """Whether what starts in a change from what runs is paid for."""
        return self.running is not None and self.running.start_price > 0

    @property
    def start_prices(self) -> np.ndarray:
        """(O,) USD/h of one replica that starts in a change from what runs; 0 without a price."""
        return self.shards * (0.0 if self.running is None else self.running.start_price)

    @property
    def replicas_in_place(self) -> tuple[int, ...]:
        """(O,) replicas that run on GPUs that their pools still have: no others can stay there."""
        counts = [0] * len(self.options)
        for o, node, gpus in () if self.running is None else self.running.places:
            pool = self.pools[self.options[o].pool]
            counts[o] += node < pool.nodes and max(gpus) < pool.gpus_per_node
        return tuple(counts)

    @property
    def shards(self) -> np.ndarray:
        """(O,) GPUs that one replica of each option sits on."""
        return np.array([o.tp_degree for o in self.options], dtype=float)
