"""The independent verifier: recomputes everything a plan claims from the instance, with numpy alone
and none of the optimiser's code.

`verify` reads like a table of contents: one check is one function that yields problems in plain
words with their numbers. Curves and SLOs are read in `verify_slo`, the quality certificates in
`verify_routing`. Names and units are those of plan.json (ms, per cent, GiB, USD/h).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.instance import Instance
from planner.verification.plan_shape import PLAN_SHAPE, check_shape, check_strict_json
from planner.verification.routing_certificate import check_fractions, check_router
from planner.verification.slo_checks import (
    RESTATE_TOL,
    Deployed,
    check_latencies,
    check_provenance,
    check_slos,
)

__all__ = ["index_options", "read_options", "verify"]

RATE_TOL = 1e-7
"""Times the arrival rate: an LLM's rates against its fraction.

What a linear solver leaves; it moves no SLO by more than its own slack.
"""
RANGE_TOL = 1e-9
"""Relative slack on the highest profiled rate, GPU shares, GPU memory, utilisation and the side of
the bound: float noise of short sums.
"""
MATCH_TOL_PCT = 1e-6
"""Per cent points within which a stated MPS share names an option."""
FLOOR_TOL = 1e-6
"""Slack on quality_at_least (contract)."""
GAP_TOL = 1e-9
"""Absolute slack on rel_gap (and RESTATE_TOL of it): float noise of one subtraction of numbers near
1.
"""
CLOSED_RANGE = 1e-6
"""The gap counts as closed within this part of the score range (contract)."""

OptionIndex = dict[tuple[str, str, int], list[tuple[float, int]]]


def verify(
    plan: Mapping[str, Any], instance: Instance, *, rel_gap_target: float = 1e-4
) -> tuple[str, ...]:
    """Problems of a plan (the content of plan.json) for its instance, in plain words with numbers;
    empty when all is right.

    rel_gap_target: the scenario's solver.rel_gap, at which a gap counts as closed. Of a plan with
    status infeasible or unknown only strict JSON and its emptiness are checked;
    conflict.best_effort is a plan of another instance and is left to the caller. Never raises on a
    malformed plan: what is missing or of the wrong kind is reported, and the rest is then not
    checked.
    """
    problems = list(check_strict_json(plan))
    if plan.get("status") in ("infeasible", "unknown"):
        return tuple(problems + list(check_nothing_told(plan)))
    problems += check_shape(plan, PLAN_SHAPE)
    if problems:
        return tuple(problems)
    index = index_options(instance)
    problems += check_options_exist(plan, instance, index)
    if problems:
        return tuple(problems)
    deployed = read_options(plan, index)
    problems += check_restated(instance, deployed)
    problems += check_replica_limits(instance, deployed)
    problems += check_utilization(instance, deployed)
    problems += check_quotas(instance, deployed)
    problems += check_rates(plan, instance, deployed)
    problems += check_latencies(instance, deployed)
    problems += check_provenance(instance, deployed)
    problems += check_slos(plan, instance, deployed)
    problems += check_shards(plan, instance, index, deployed)
    problems += check_gpu_room(plan, instance, index)
    problems += check_totals(plan, instance)
    problems += check_fractions(plan, instance)
    problems += check_router(plan, instance)
    problems += check_objective(plan, instance)
    problems += check_gap(plan, instance, rel_gap_target)
    return tuple(problems)


def check_nothing_told(plan: Mapping[str, Any]) -> Iterator[str]:
    """Check that a plan without a setup deploys nothing, places nothing and has no value."""
    for key in ("options", "placement"):
        if plan.get(key):
            yield f"{key}: {len(plan[key])} entries in a plan with status {plan['status']}"
    objective = plan.get("objective") or {}
    if objective.get("value") is not None:
        yield f"objective: value {objective['value']} in a plan with status {plan['status']}"


def check_options_exist(
    plan: Mapping[str, Any], instance: Instance, index: OptionIndex
) -> Iterator[str]:
    """Check that status is known and every entry names one option of the instance, stands once and
    has at least one replica.
    """
    if plan["status"] not in ("optimal", "feasible"):
        yield f"status: unknown word {plan['status']}"
    seen: Counter[int] = Counter()
    for entry in plan["options"]:
        position = find_option(entry, index)
        if position is None:
            yield f"{_name(entry)}: no such option in the instance"
            continue
        seen[position] += 1
        if seen[position] == 2:
            yield f"{_name(entry)}: the option stands more than once"
        if entry["replicas"] < 1:
            yield f"{_name(entry)}: {entry['replicas']} replicas, a deployed option has at least 1"
    if not plan["options"]:
        yield f"options: none deployed, {instance.arrival_rate:.6g} req/s are not served"


def index_options(instance: Instance) -> OptionIndex:
    """Positions of all options, with their MPS shares in per cent, by (llm, pool, tp_degree)."""
    index: OptionIndex = defaultdict(list)
    for position, option in enumerate(instance.options):
        key = (instance.llms[option.llm].name, instance.pools[option.pool].name, option.tp_degree)
        index[key].append((100 * option.mps_share, position))
    return index


def find_option(entry: Mapping[str, Any], index: OptionIndex) -> int | None:
    """Position of the option that an entry of options or placement names, or None."""
    for share_pct, position in index.get((entry["llm"], entry["pool"], entry["tp_degree"]), []):
        if abs(share_pct - entry["mps_share_pct"]) <= MATCH_TOL_PCT:
            return position
    return None


def _name(entry: Mapping[str, Any]) -> str:
    return (
        f"option {entry['llm']} on {entry['pool']}, tp {entry['tp_degree']}, share"
        f" {entry['mps_share_pct']:g} %"
    )


def read_options(plan: Mapping[str, Any], index: OptionIndex) -> tuple[Deployed, ...]:
    """plan["options"] by position; every entry must name an option (`check_options_exist`)."""
    found = [(entry, find_option(entry, index)) for entry in plan["options"]]
    return tuple(
        Deployed(e, p, e["replicas"], float(e["rate_rps"]), _name(e))
        for e, p in found
        if p is not None
    )


def check_restated(instance: Instance, deployed: Sequence[Deployed]) -> Iterator[str]:
    """GPU, memory and highest rate of every option are the instance's."""
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
        if (
            abs(d.entry["max_rate_per_replica_rps"] - option.curve.max_rate)
            > RESTATE_TOL * option.curve.max_rate
        ):
            stated = d.entry["max_rate_per_replica_rps"]
            yield (
                f"{d.name}: max_rate_per_replica_rps {stated:.9g} but the curve ends at"
                f" {option.curve.max_rate:.9g}"
            )


def check_replica_limits(instance: Instance, deployed: Sequence[Deployed]) -> Iterator[str]:
    """min_replicas <= replicas of an LLM over all its options <= max_replicas."""
    replicas: Counter[int] = Counter()
    for d in deployed:
        replicas[instance.options[d.position].llm] += d.replicas
    for i, llm in enumerate(instance.llms):
        if replicas[i] < llm.min_replicas:
            yield f"{llm.name}: {replicas[i]} replicas, fewer than min_replicas {llm.min_replicas}"
        if llm.max_replicas is not None and replicas[i] > llm.max_replicas:
            yield f"{llm.name}: {replicas[i]} replicas, more than max_replicas {llm.max_replicas}"


def check_utilization(instance: Instance, deployed: Sequence[Deployed]) -> Iterator[str]:
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


def check_quotas(instance: Instance, deployed: Sequence[Deployed]) -> Iterator[str]:
    """sum_o weight_o * replicas_o <= most, for every quota (baselines only)."""
    for quota in instance.quotas:
        held = sum(quota.weight[d.position] * d.replicas for d in deployed)
        if held > quota.most * (1 + RANGE_TOL):
            yield f"{quota.what}: {held:.9g} is above the quota {quota.most:.9g}"


def check_rates(
    plan: Mapping[str, Any], instance: Instance, deployed: Sequence[Deployed]
) -> Iterator[str]:
    """Replicas share their option's rate equally, stay on their curve, and the rates of an LLM sum
    to its fraction of the arrival rate.
    """
    routed: dict[str, float] = defaultdict(float)
    slack = RATE_TOL * instance.arrival_rate
    for d in deployed:
        routed[d.entry["llm"]] += d.rate
        most = instance.options[d.position].curve.max_rate
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
                f" profiled rate {most:.9g}"
            )
    for llm in instance.llms:
        wanted = plan["routing"].get(llm.name, 0.0) * instance.arrival_rate
        if abs(routed[llm.name] - wanted) > slack:
            yield (
                f"{llm.name}: rates sum to {routed[llm.name]:.9g} req/s but its routing fraction"
                f" asks for {wanted:.9g}"
            )


def check_shards(
    plan: Mapping[str, Any], instance: Instance, index: OptionIndex, deployed: Sequence[Deployed]
) -> Iterator[str]:
    """Every (option, replica) has shards 0 .. tp_degree - 1 once each, on different GPUs of one
    node of the option's pool.
    """
    shards: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for entry in plan["placement"]:
        position = find_option(entry, index)
        if position is None:
            yield f"placement: {_name(entry)}: no such option in the instance"
            continue
        pool = instance.pools[instance.options[position].pool]
        if not (0 <= entry["node"] < pool.nodes and 0 <= entry["gpu"] < pool.gpus_per_node):
            yield (
                f"placement: {_name(entry)}: node {entry['node']}, gpu {entry['gpu']} is outside"
                f" pool {pool.name} of {pool.nodes} nodes with {pool.gpus_per_node} GPUs"
            )
        shards[position, entry["replica"]].append((entry["shard"], entry["node"], entry["gpu"]))
    for d in deployed:
        tp = instance.options[d.position].tp_degree
        for replica in range(d.replicas):
            placed = shards.pop((d.position, replica), [])
            where = f"placement: {d.name}, replica {replica}"
            if sorted(shard for shard, _, _ in placed) != list(range(tp)):
                yield (
                    f"{where}: shards {sorted(shard for shard, _, _ in placed)} placed, needed are"
                    f" 0 to {tp - 1}"
                )
            if len({node for _, node, _ in placed}) > 1:
                yield (
                    f"{where}: its shards are on different nodes"
                    f" {sorted({node for _, node, _ in placed})}"
                )
            if len({(node, gpu) for _, node, gpu in placed}) < len(placed):
                yield f"{where}: two shards of one replica are on one GPU"
    for position, replica in sorted(shards):
        option = instance.options[position]
        yield (
            f"placement: replica {replica} of {instance.llms[option.llm].name}, tp"
            f" {option.tp_degree}, is placed but not deployed"
        )


def check_gpu_room(
    plan: Mapping[str, Any], instance: Instance, index: OptionIndex
) -> Iterator[str]:
    """Per GPU: MPS shares sum to at most 100 %, memory to at most (1 - headroom) of the GPU's."""
    share: dict[tuple[int, int, int], float] = defaultdict(float)
    memory: dict[tuple[int, int, int], float] = defaultdict(float)
    for entry in plan["placement"]:
        position = find_option(entry, index)
        if position is not None:
            option = instance.options[position]
            place = (option.pool, entry["node"], entry["gpu"])
            share[place] += option.mps_share
            memory[place] += option.memory
    for place in sorted(share):
        where = (
            f"placement: GPU {place[2]} of node {place[1]} in pool {instance.pools[place[0]].name}"
        )
        room = instance.room(place[0])
        if share[place] > 1 + RANGE_TOL:
            yield f"{where}: MPS shares sum to {100 * share[place]:.6g} %"
        if memory[place] > room * (1 + RANGE_TOL):
            yield f"{where}: memory {memory[place]:.6g} GiB is above the room of {room:.6g} GiB"


def check_totals(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """gpus_total, gpus_used and cost: every GPU with a shard costs its whole price; null where a
    used GPU has no price.
    """
    if plan["gpus_total"] != instance.gpus:
        yield f"gpus_total: {plan['gpus_total']} but the pools have {instance.gpus}"
    used = {(entry["pool"], entry["node"], entry["gpu"]) for entry in plan["placement"]}
    if plan["gpus_used"] != len(used):
        yield f"gpus_used: {plan['gpus_used']} but {len(used)} GPUs hold a shard"
    prices = {pool.name: pool.price for pool in instance.pools}
    used_prices = [prices.get(pool) for pool, _, _ in used]
    cost, stated = sum(p for p in used_prices if p is not None), plan["cost_usd_per_h"]
    if None in used_prices:
        if stated is not None:
            yield f"cost_usd_per_h: {stated} although a used GPU has no price"
    elif stated is None:
        if None not in prices.values():
            yield f"cost_usd_per_h: null but the used GPUs cost {cost:.9g}"
    elif abs(stated - cost) > RESTATE_TOL * cost:
        yield f"cost_usd_per_h: {stated:.9g} but the used GPUs cost {cost:.9g}"


def check_objective(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """Check that the objective is the instance's, its value the plan's quality or cost, and the
    quality floor kept.
    """
    objective = plan["objective"]
    sense, told = (
        ("maximize", plan["quality"])
        if instance.objective == "quality"
        else ("minimize", plan["cost_usd_per_h"])
    )
    if (objective["sense"], objective["of"]) != (sense, instance.objective):
        yield (
            f"objective: {objective['sense']} {objective['of']} but the instance says {sense}"
            f" {instance.objective}"
        )
    if told is None or abs(objective["value"] - told) > RANGE_TOL * (1 + abs(told)):
        yield (
            f"objective: value {objective['value']:.9g} but the plan's {instance.objective} is"
            f" {told}"
        )
    floor = instance.quality_floor
    if instance.objective == "cost" and floor is not None and plan["quality"] < floor - FLOOR_TOL:
        yield f"quality: {plan['quality']:.9g} is below quality_at_least {floor:.9g}"


def check_gap(plan: Mapping[str, Any], instance: Instance, rel_gap_target: float) -> Iterator[str]:
    """Check the side of the bound, rel_gap = |bound - value| / max(|value|, 1e-9), and that status
    is optimal just where it is closed.
    """
    value, bound, stated = (plan["objective"][key] for key in ("value", "bound", "rel_gap"))
    if bound is None:
        if stated is not None or plan["status"] == "optimal":
            yield f"objective: no bound, but rel_gap is {stated} and status {plan['status']}"
        return
    beyond = value - bound if instance.objective == "quality" else bound - value
    if beyond > RANGE_TOL * (1 + abs(value)):
        yield f"objective: bound {bound:.12g} is on the wrong side of the value {value:.12g}"
    gap = abs(bound - value) / max(abs(value), 1e-9)
    if stated is None or abs(stated - gap) > GAP_TOL + RESTATE_TOL * gap:
        yield f"objective: rel_gap {stated} but |bound - value| / |value| is {gap:.9g}"
    span = float(instance.scores.values.max() - instance.scores.values.min())
    closed = gap <= rel_gap_target * (1 + RESTATE_TOL) + GAP_TOL or abs(
        bound - value
    ) <= CLOSED_RANGE * span * (1 + RESTATE_TOL)
    if closed != (plan["status"] == "optimal"):
        yield (
            f"status: {plan['status']} but the gap {gap:.3g} is {'closed' if closed else 'open'} at"
            f" the target {rel_gap_target:.3g}"
        )
