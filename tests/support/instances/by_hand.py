"""Instances made by hand, and solves whose plans pass the verifier."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.joint.solve import Settings, solve_joint
from planner.plans.setup_content import setup_content
from planner.solution import Solution
from planner.verification.verifier import run_verifier
from profiles.records import Curve, Scores
from tests.support.instances.tiny import KINDS, random_instance

EXACT = Settings(rel_gap=1e-6)

MEAN = ("ttft", "mean")

NOISE = 1e-6
"""Score units: the effect of the verifier's slack of 1e-7 of a limit."""


def flat(seconds: float, top: float, **percentiles: float) -> Curve:
    """The same latency at every rate up to the top."""
    columns = {MEAN: np.array([seconds])} | {
        ("ttft", name): np.array([value]) for name, value in percentiles.items()
    }
    return Curve(np.array([top]), columns, ("measured",))


def line(points: Sequence[tuple[float, float]]) -> Curve:
    rates, mean = np.array(points, dtype=float).T
    return Curve(rates, {MEAN: mean}, ("measured",) * rates.size)


def option(
    llm: int, curve: Curve, share: float = 1.0, *, tp: int = 1, memory: float = 10.0, pool: int = 0
) -> Option:
    return Option(llm=llm, pool=pool, tp_degree=tp, mps_share=share, memory=memory, curve=curve)


def make(
    options: Sequence[Option],
    rate: float,
    *,
    slos: Sequence[Slo] = (),
    gpus: int = 2,
    nodes: int = 1,
    llms: Sequence[Llm] = (Llm("good"), Llm("poor")),
    pools: Sequence[Pool] = (),
    values: Sequence[Sequence[float]] = ((1.0,), (0.0,)),
    **more: Any,
) -> Instance:
    """Two LLMs unless stated otherwise: "good" scores 1 and "poor" 0 on every prompt, so that
    quality is the fraction of "good".
    """
    table = np.array(values, dtype=float)
    prompts = table.shape[1]
    scores = Scores(
        np.array([f"p{x}" for x in range(prompts)]),
        tuple(k.name for k in llms),
        table,
        np.full(prompts, 1 / prompts),
    )
    pools = tuple(pools) or (
        Pool(name="only", gpu="gpu", nodes=nodes, gpus_per_node=gpus, memory=80.0, price=2.0),
    )
    ordered = tuple(sorted(options, key=lambda o: (o.llm, o.pool, o.tp_degree, o.mps_share)))
    return Instance(
        llms=tuple(llms),
        pools=pools,
        options=ordered,
        slos=tuple(slos),
        arrival_rate=rate,
        scores=scores,
        **more,
    )


def checked(instance: Instance, settings: Settings = EXACT, **how: Any) -> Solution:
    """Solve; any plan must pass the verifier and lie on its side of its bound."""
    solution = solve_joint(instance, settings, **how)
    check(instance, solution, settings.rel_gap)
    return solution


def check(instance: Instance, solution: Solution, rel_gap: float) -> None:
    if not solution.has_plan:
        assert solution.status in ("infeasible", "unknown")
        return
    value, bound = float(solution.value), float(solution.bound)  # type: ignore[arg-type]
    quality = instance.objective == "quality"
    objective = {
        "sense": "maximize" if quality else "minimize",
        "of": "quality" if quality else "cost",
        "value": value,
        "bound": bound,
        "rel_gap": abs(bound - value) / max(abs(value), 1e-9),
    }
    plan = {"status": solution.status, "objective": objective, **setup_content(instance, solution)}
    assert not run_verifier(plan, instance, rel_gap_target=rel_gap)


def best(instance: Instance) -> float:
    solution = checked(instance)
    assert solution.status == "optimal"
    return float(solution.value)  # type: ignore[arg-type]


def gpus_used(instance: Instance, solution: Solution) -> int:
    return len({(instance.options[s.option].pool, s.node, s.gpu) for s in solution.placement})


def gap(solution: Solution) -> float:
    return abs(float(solution.bound) - float(solution.value))  # type: ignore[arg-type]


SOME = [(kind, seed) for kind in KINDS for seed in (200, 203, 206)]


@cache
def tiny(kind: str, seed: int) -> tuple[Instance, Solution]:
    instance = random_instance(seed, kind)
    return instance, checked(instance, Settings(), explain=False)


def check_same(
    first: Solution, second: Solution, factor: float = 1.0, shift: float = 0.0, noise: float = NOISE
) -> None:
    """Equal status; values equal up to both gaps; neither value beyond the other's bound."""
    assert first.status == second.status
    if first.has_plan:
        expected = factor * float(first.value) + shift  # type: ignore[arg-type]
        tolerance = factor * gap(first) + gap(second) + noise * factor
        assert second.value == pytest.approx(expected, abs=tolerance, rel=0)


def sorted_options(options: Sequence[Option]) -> tuple[Option, ...]:
    return tuple(sorted(options, key=lambda o: (o.llm, o.pool, o.tp_degree, o.mps_share)))


@cache
def busy() -> Instance:
    """Four LLMs on two nodes of eight GPUs, 10 % shares, replicas free: takes a second or more."""
    rng = np.random.default_rng(5)
    options = []
    for i in range(4):
        for tp in (1, 2, 4):
            for share in (0.2, 0.3, 0.5, 0.7, 1.0):
                top = 12.0 * tp**0.85 * share / (1 + i)
                rho = np.linspace(0, 0.97, 8)
                base = (0.05 + 0.05 * i) / (tp * share) ** 0.6
                options.append(
                    option(
                        i,
                        line(list(zip(rho * top, base * (1 + 0.6 * rho / (1 - rho)), strict=True))),
                        share,
                        tp=tp,
                        memory=15.0,
                    )
                )
    values = np.clip(0.35 + 0.12 * np.arange(4)[:, None] + rng.normal(0, 0.15, (4, 400)), 0, 1)
    llms = tuple(Llm(f"llm-{i}") for i in range(4))
    return make(
        options, 70, gpus=8, nodes=2, llms=llms, values=values, slos=[Slo("ttft", "mean", 0.35)]
    )


@cache
def fleet() -> Instance:
    """Many small nodes, so that whole replicas hardly matter: 3 LLMs, 160 nodes of 2 GPUs."""
    rng = np.random.default_rng(8)
    rho = np.linspace(0, 0.95, 10)
    options = [
        option(
            i,
            line(
                list(
                    zip(
                        rho * 10.0 / (1 + i),
                        (0.05 + 0.07 * i) * (1 + 0.6 * rho / (1 - rho)),
                        strict=True,
                    )
                )
            ),
        )
        for i in range(3)
    ]
    values = np.clip(0.4 + 0.15 * np.arange(3)[:, None] + rng.normal(0, 0.15, (3, 2000)), 0, 1)
    llms = tuple(Llm(f"llm-{i}") for i in range(3))
    return make(
        options, 1300, gpus=2, nodes=160, llms=llms, values=values, slos=[Slo("ttft", "mean", 0.25)]
    )
