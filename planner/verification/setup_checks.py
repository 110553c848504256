"""Checks of how many replicas run and at which rates: replica limits, compute, quotas, rates."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.instance import Instance
from planner.verification.deployed_options import StatedOption
from planner.verification.headroom import highest_rate_to_verify, rate_to_verify
from planner.verification.tolerances import RANGE_TOL, RATE_TOL

__all__ = [
    "check_setup_quotas",
    "check_setup_rates",
    "check_setup_replica_limits",
    "check_setup_utilization",
]


WITH_HEADROOM = " less the headroom"


def check_setup_replica_limits(
    instance: Instance, deployed: Sequence[StatedOption]
) -> Iterator[str]:
    """min_replicas <= replicas of an LLM over all its options <= max_replicas."""
    replicas: Counter[int] = Counter()
    for d in deployed:
        replicas[instance.options[d.position].llm] += d.replicas
    for i, llm in enumerate(instance.llms):
        if replicas[i] < llm.min_replicas:
            yield f"{llm.name}: {replicas[i]} replicas, fewer than min_replicas {llm.min_replicas}"
        if llm.max_replicas is not None and replicas[i] > llm.max_replicas:
            yield f"{llm.name}: {replicas[i]} replicas, more than max_replicas {llm.max_replicas}"


def check_setup_utilization(instance: Instance, deployed: Sequence[StatedOption]) -> Iterator[str]:
    """sum_o replicas * tp_degree * mps_share >= min_utilization * all GPUs."""
    options = [(instance.options[d.position], d.replicas) for d in deployed]
    used = (
        sum(option.tp_degree * option.mps_share * replicas for option, replicas in options)
        / instance.gpus
    )
    if used < instance.min_utilization - RANGE_TOL:
        yield (
            f"utilization: {100 * used:.6g} % of all GPUs, below min_gpu_utilization_pct"
            f" {100 * instance.min_utilization:.6g}"
        )


def check_setup_quotas(instance: Instance, deployed: Sequence[StatedOption]) -> Iterator[str]:
    """sum_o weight_o * replicas_o <= most, for every quota (baselines only)."""
    for quota in instance.quotas:
        held = sum(quota.weight[d.position] * d.replicas for d in deployed)
        if held > quota.most * (1 + RANGE_TOL):
            yield f"{quota.what}: {held:.9g} is above the quota {quota.most:.9g}"


def check_setup_rates(
    plan: Mapping[str, Any], instance: Instance, deployed: Sequence[StatedOption]
) -> Iterator[str]:
    """Replicas share their option's rate equally, stay on their curve, and the rates of an LLM sum
    to its fraction of the arrival rate, both with the headroom.
    """
    routed: dict[str, float] = defaultdict(float)
    served = rate_to_verify(instance)
    slack = RATE_TOL * served
    for d in deployed:
        routed[d.entry["llm"]] += d.rate
        most = highest_rate_to_verify(instance, instance.options[d.position].curve)
        if d.rate < 0:
            yield f"{d.name}: negative rate {d.rate:.9g} req/s"
        stated = d.entry["rate_per_replica_rps"]
        if abs(stated - d.rate_per_replica) > slack:
            yield (
                f"{d.name}: rate_per_replica_rps {stated:.9g} but {d.rate:.9g} / {d.replicas} ="
                f" {d.rate_per_replica:.9g}"
            )
        if d.rate_per_replica > most * (1 + RANGE_TOL):
            yield (
                f"{d.name}: {d.rate_per_replica:.9g} req/s per replica is above the highest"
                f" profiled rate {most:.9g}{WITH_HEADROOM if instance.headroom.utilization else ''}"
            )
    for llm in instance.llms:
        wanted = plan["routing"].get(llm.name, 0.0) * served
        if abs(routed[llm.name] - wanted) > slack:
            yield (
                f"{llm.name}: rates sum to {routed[llm.name]:.9g} req/s but its routing fraction"
                f" needs {wanted:.9g}"
            )
