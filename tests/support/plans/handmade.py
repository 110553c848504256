"""Hand-made records to test with: sound by construction, so that the real verifier accepts them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from models.instance import Dropped, Instance, Llm, Option, Pool, Slo
from planner.solution import (
    Conflict,
    Effort,
    Repair,
    ShadowPrices,
    Shard,
    Solution,
    Status,
)
from profiles.records import Curve, Scores

SETTINGS: Any = SimpleNamespace(rel_gap=1e-4)
TTFT = ("ttft", "mean")


def curve(
    mean_s: float,
    provenance: tuple[str, ...] = ("measured", "measured", "estimated"),
    source: str = "bench of May",
) -> Curve:
    """Three points at 0, 10 and 40 req/s; percentiles are multiples of the mean."""
    rates, mean = np.array([0.0, 10.0, 40.0]), mean_s * np.array([1.0, 1.5, 4.0])
    columns = {
        TTFT: mean,
        ("ttft", "p50"): 0.9 * mean,
        ("ttft", "p90"): 1.5 * mean,
        ("ttft", "p99"): 3.0 * mean,
        ("e2e", "mean"): 10.0 * mean,
    }
    return Curve(rates, columns, provenance, source)


def scores(names: tuple[str, ...], prompts: int) -> Scores:
    """Prompt k is best answered by LLM k mod M: 0.9 against 0.5; so Q is 0.9 at equal fractions,
    with no tie at dual prices 0.
    """
    values = np.full((len(names), prompts), 0.5)
    values[np.arange(prompts) % len(names), np.arange(prompts)] = 0.9
    return Scores(
        np.array([f"p{k}" for k in range(prompts)]), names, values, np.full(prompts, 1.0 / prompts)
    )


def trio(
    names: tuple[str, ...] = ("mistral-7b", "wizardlm-13b", "yi-34b"),
    slos: tuple[Slo, ...] | None = None,
) -> Instance:
    """Three LLMs on one node of four GPUs, 60 req/s."""
    options = (
        Option(llm=0, pool=0, tp_degree=1, mps_share=0.3, memory=20.0, curve=curve(0.02)),
        Option(
            llm=1,
            pool=0,
            tp_degree=1,
            mps_share=0.7,
            memory=30.5,
            curve=curve(0.05, ("measured",) * 3),
        ),
        Option(
            llm=2,
            pool=0,
            tp_degree=4,
            mps_share=0.2,
            memory=20.4,
            curve=curve(0.08, ("estimated",) * 3, "roofline estimate"),
        ),
    )
    dropped = (
        Dropped(names[2], "a100", 1, 100.0, "needs 75.6 GiB on each GPU, 72 GiB may be filled"),
        Dropped(names[2], "a100", 2, 100.0, "needs 73.1 GiB on each GPU, 72 GiB may be filled"),
        Dropped(names[0], "a100", 1, 10.0, "no mean TTFT, which an SLO limits"),
    )
    slos = (
        slos
        if slos is not None
        else (Slo("ttft", "mean", 0.5), Slo("ttft", "p99", 1.5, "each_llm"))
    )
    llms = tuple(Llm(name, 0, 2) for name in names)
    pools = (
        Pool(name="a100", gpu="A100-PCIe-80GB", nodes=1, gpus_per_node=4, memory=80.0, price=1.8),
    )
    return Instance(
        llms=llms,
        pools=pools,
        options=options,
        slos=slos,
        arrival_rate=60.0,
        scores=scores(names, 30),
        dropped=dropped,
        warnings=("no KV cache is counted for yi-34b",),
    )


def effort(termination: str = "gap") -> Effort:
    return Effort(
        wall=1.4,
        seconds={"build": 0.2, "lp": 0.4, "milp": 0.8},
        milp_solves=2,
        quality_cuts=31,
        nodes=120,
        termination=termination,
        solver_version="1.16.0",
    )


def solved(instance: Instance, **changes: Any) -> Solution:
    """One replica of every option of `trio`, a third of the requests each: quality 0.9, surely the
    best.
    """
    shards = [
        Shard(0, 0, 0, 0, 0),
        Shard(1, 0, 0, 0, 0 if instance.options[1].mps_share <= 0.5 else 1),
    ]
    shards += [Shard(2, 0, k, 0, k) for k in range(4)]
    known = Solution(
        status=Status.OPTIMAL,
        value=0.9,
        bound=0.9,
        effort=effort(),
        replicas=np.ones(3, dtype=int),
        routed_rates=np.full(3, instance.arrival_rate / 3),
        fractions=np.full(3, 1 / 3),
        quality=0.9,
        dual_prices=np.zeros(3),
        placement=tuple(shards),
        shadow_prices=ShadowPrices(
            -0.0012,
            (0.08, None)[: len(instance.slos)],
            (0.031,),
            ("from the relaxation: replicas may be fractions",),
        ),
    )
    return replace(known, **changes)


def unsolved(status: str, termination: str, conflict: Conflict | None = None) -> Solution:
    return Solution(
        status=status,
        value=None,
        bound=0.91 if status == "unknown" else None,
        effort=effort(termination),
        conflict=conflict,
    )


def infeasible(instance: Instance) -> Solution:
    """A conflict whose first repair makes `solved` the plan."""
    repairs = (
        Repair("slo.0.limit_ms", 10.0, 412.5),
        Repair("pools.0.nodes", 1, 2, proved=True),
        Repair("arrival_rate_rps", 60.0, 41.3),
    )
    limits = (
        "mean TTFT of all requests at most 10 ms",
        "60 req/s are served by 4 GPUs of pool a100",
    )
    return unsolved(
        "infeasible", "infeasible", Conflict(limits, repairs, solved(instance), repairs[0])
    )


def loaded(instance: Instance, path: str = "scenario.yaml", **overrides: Any) -> Any:
    """The wrapper that `planner.scenario.assemble.assemble_instance` gives, as far as telling reads
    it.
    """
    setups = SimpleNamespace(tp_degrees=None, mps_shares_pct=(10, 20, 100), mig_profiles=None)
    scenario = SimpleNamespace(
        spec=SimpleNamespace(name="trio", setups=setups), path=Path(path), overrides=overrides
    )
    return SimpleNamespace(
        scenario=scenario,
        instance=instance,
        sha256="0" * 64,
        table_sha256={"curves": "1" * 64, "scores": "2" * 64},
        notices=("column `other` of scores.csv is ignored",),
    )


def fleet(nodes: int = 128, kinds: int = 3) -> tuple[Instance, Solution]:
    """`nodes` nodes of eight GPUs; every LLM of `kinds` has a tp-8 replica on each of its nodes,
    node d belongs to LLM d mod kinds.
    """
    names = tuple(f"llm-{i:02d}-with-a-rather-long-name" for i in range(kinds))
    options = tuple(
        Option(
            llm=i,
            pool=0,
            tp_degree=8,
            mps_share=1.0,
            memory=40.0,
            curve=curve(0.02, ("measured",) * 3),
        )
        for i in range(kinds)
    )
    pools = (
        Pool(
            name="h100", gpu="H100-SXM-80GB", nodes=nodes, gpus_per_node=8, memory=80.0, price=None
        ),
    )
    rate = 3.0 * nodes
    instance = Instance(
        llms=tuple(Llm(n) for n in names),
        pools=pools,
        options=options,
        slos=(),
        arrival_rate=rate,
        scores=scores(names, 10 * kinds),
    )
    replicas = np.array([len(range(i, nodes, kinds)) for i in range(kinds)])
    shards = tuple(Shard(d % kinds, d // kinds, g, d, g) for d in range(nodes) for g in range(8))
    solution = replace(
        solved(trio()),
        replicas=replicas,
        routed_rates=np.full(kinds, rate / kinds),
        fractions=np.full(kinds, 1 / kinds),
        dual_prices=np.zeros(kinds),
        placement=shards,
        shadow_prices=ShadowPrices(0.0, (), (0.0,)),
    )
    return instance, solution
