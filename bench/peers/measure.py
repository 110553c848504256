"""One way to plan one instance, one process: python -m bench.peers.measure SCENARIO SECONDS PEER
prints one JSON object.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bench.peers.greedy import greedy_plan
from bench.peers.melange import melange_plan
from bench.peers.peer_case import PeerAnswer, PeerCase, late_after
from bench.peers.textbook import has_bent_curves, textbook_plan
from models.instance import Instance
from models.quality import Quality
from planner.errors import VerificationError
from planner.joint.solve import solve_joint
from planner.plans.solved_content import solved_content
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.studies.baselines.solver import BaselineSolver
from planner.studies.baselines.two_stage import two_stage_baseline

PLANNER, TEXTBOOK, SOS2 = "planner", "textbook", "textbook, SOS2"
GREEDY, REPLACING = "greedy", "greedy, replacing"
TWO_STAGE, MELANGE = "two-stage", "Melange-style"
PEERS = (PLANNER, TEXTBOOK, SOS2, GREEDY, REPLACING, TWO_STAGE, MELANGE)

REL_GAP = 1e-3
"""Of every program of every peer, and of the planner."""

SLACK = 10.0
"""The clock on the wall ends what the limit of CPU seconds has not, on a busy machine."""


def peer_answer(
    instance: Instance, peer: str, settings: Settings, late: threading.Event
) -> PeerAnswer | None:
    """The answer of one of PEERS; None where it has no question to answer: two programs that are
    the same, or another objective than its own.

    late: ends whatever is being solved.
    """
    if peer == PLANNER:
        solution = solve_joint(instance, settings, cancel=late, explain=False)
        return PeerAnswer(solution if solution.has_plan else None, str(solution.status))
    cost = instance.objective == "cost"
    if peer == TWO_STAGE:
        return None if cost else _two_stage_answer(instance, settings, late)
    case = PeerCase(instance, settings, late=late)
    if peer == MELANGE:
        return melange_plan(case) if cost else None
    if peer in (GREEDY, REPLACING):
        return greedy_plan(case, replace=peer == REPLACING)
    if peer == SOS2:
        return textbook_plan(case, adjacent=True) if has_bent_curves(case) else None
    return textbook_plan(case)


def _two_stage_answer(instance: Instance, settings: Settings, late: threading.Event) -> PeerAnswer:
    """The best of the eight guesses of the planner's own baseline (docs/baselines.md)."""
    solver = BaselineSolver(settings=settings, quality=Quality(instance.scores), cancel=late)
    best, median = two_stage_baseline(solver, instance)
    value = "none" if median.value is None else f"{median.value:.6g}"
    if solver.unfinished():
        return PeerAnswer(None, "no plan in time")
    words = best.reason or f"best of eight guesses, median {value}"
    return PeerAnswer(best.solution, words, (best.variant,))


def measure_peer(scenario: Path, limit: float, peer: str) -> dict[str, Any] | None:
    """Value and time of one peer on one instance; loading and the verifier are not counted."""
    loaded = assemble_instance(scenario)
    spec = loaded.scenario.spec.solver
    settings = Settings(REL_GAP, SLACK * limit, spec.threads, spec.seed)
    began, cpu, late = time.perf_counter(), time.process_time(), late_after(limit)
    answer = peer_answer(loaded.instance, peer, settings, late)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    if answer is None:
        return None
    row: dict[str, Any] = {
        **{"objective": str(loaded.instance.objective), "value": None, "bound": None},
        **{"quality": None, "cost_usd_per_h": None, "gpus_used": None, "verified": None},
        **{"words": answer.words, "notes": list(answer.notes), "cpu_s": cpu, "wall_s": wall},
    }
    return row if answer.solution is None else {**row, **_checked(loaded.instance, answer)}


def _checked(instance: Instance, answer: PeerAnswer) -> dict[str, Any]:
    """What the verifier says of a plan, and its numbers."""
    assert answer.solution is not None  # noqa: S101 - the caller has looked
    try:
        content = solved_content(instance, answer.solution, REL_GAP)
    except VerificationError as error:
        return {"verified": False, "words": str(error)}
    return {
        "value": content["objective"]["value"],
        "bound": content["objective"]["bound"],
        "quality": content["quality"],
        "cost_usd_per_h": content["cost_usd_per_h"],
        "gpus_used": content["gpus_used"],
        "verified": True,
    }


if __name__ == "__main__":
    print(json.dumps(measure_peer(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])))
