"""One instance, one process: from the scenario file to the verified plan, with the time split into
parts that do not overlap.

Called by `python -m bench` as `python -m bench.measure SCENARIO [--replan]`; prints one JSON
object. The parts are measured by wrapping the planner's own functions: time counts for the
innermost wrapped function that runs, but HiGHS's own time is always HiGHS's, and everything else
below the searches that break ties is theirs. What no wrapper sees is `other`.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

IMPORTS_BEGAN = time.perf_counter()

from models.quality import Quality  # noqa: E402 - the imports are timed
from planner.joint import search  # noqa: E402
from planner.joint import solve as joint  # noqa: E402
from planner.joint.programs import restricted_milp  # noqa: E402
from planner.joint.setups import primal_heuristics, search_state  # noqa: E402
from planner.joint.solver import highs  # noqa: E402
from planner.plans import plan_content, solved_content  # noqa: E402
from planner.scenario import assemble  # noqa: E402

IMPORTED = time.perf_counter() - IMPORTS_BEGAN

PARTS = (
    "load",
    "curves",
    "cuts",
    "relax",
    "build",
    "highs",
    "placement",
    "routing",
    "ties",
    "verify",
    "other",
)


class Meter:
    """Exclusive seconds per part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self.stack: list[str] = ["other"]
        self.since = time.perf_counter()

    def turn(self) -> None:
        """Book the time since the last turn."""
        now = time.perf_counter()
        part = self.stack[-1]
        if part != "highs" and "ties" in self.stack:
            part = "ties"
        self.seconds[part] += now - self.since
        self.since = now

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Count the calls of a function or method for a part.

        What the planner does not have (any more) stays in `other`.
        """
        inner: Callable[..., Any] | None = getattr(owner, name, None)
        if inner is None:
            print(f"bench: {owner} has no {name}; its time is reported as other", file=sys.stderr)
            return

        def timed(*args: Any, **kwargs: Any) -> Any:
            self.turn()
            self.stack.append(part)
            try:
                return inner(*args, **kwargs)
            finally:
                self.turn()
                self.stack.pop()

        setattr(owner, name, timed)

    def taken(self) -> dict[str, float]:
        """Seconds so far; then restart."""
        self.turn()
        seconds, self.seconds = self.seconds, dict.fromkeys(PARTS, 0.0)
        return seconds


def watched() -> Meter:
    """Wrap what the parts are made of."""
    meter = Meter()
    meter.wrap(assemble, "assemble_instance", "load")
    meter.wrap(search_state.SearchState, "__post_init__", "curves")
    for name in ("__init__", "price", "settle"):
        meter.wrap(Quality, name, "cuts")
    meter.wrap(search, "relax_root", "relax")
    for name in ("build_program", "compile_program"):
        meter.wrap(restricted_milp, name, "build")
    meter.wrap(highs.highspy.Highs, "run", "highs")
    meter.wrap(search.Search, "_place", "placement")
    meter.wrap(primal_heuristics, "route_setup", "routing")
    meter.wrap(joint, "break_ties", "ties")
    meter.wrap(solved_content, "run_verifier", "verify")
    return meter


def measure(scenario: Path, replans: bool) -> dict[str, Any]:
    """Solve as the command `plan` does; with replans also after a change of rate and of SLO, once
    with kept cuts and once without.
    """
    meter = watched()
    meter.taken()
    loaded = assemble.assemble_instance(scenario)
    began = time.perf_counter()
    limits = loaded.scenario.spec.solver
    settings = joint.Settings(limits.rel_gap, limits.time_limit_s, limits.threads, limits.seed)
    quality = Quality(loaded.instance.scores)
    solution = joint.solve_joint(loaded.instance, settings, quality=quality)
    content = plan_content.build_plan_content(loaded, solution, settings, {}).content
    wall = time.perf_counter() - began
    measured = {
        "scenario": loaded.scenario.spec.name,
        "status": solution.status,
        "value": solution.value,
        "bound": solution.bound,
        "rel_gap": content["objective"]["rel_gap"],
        "wanted_gap": limits.rel_gap,
        "gpus_used": content["gpus_used"],
        "wall_s": wall,
        "parts_s": meter.taken(),
        "quality_cuts": solution.effort.quality_cuts,
        "milp_solves": solution.effort.milp_solves,
        "nodes": solution.effort.nodes,
        "options": len(loaded.instance.options),
        "import_s": IMPORTED,
        "highs": solution.effort.solver_version,
    }
    measured["highs_s"] = measured["parts_s"]["highs"]
    measured["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured["replans"] = (
        [replan(loaded.instance, settings, quality, words, change) for words, change in CHANGES]
        if replans
        else []
    )
    return measured


CHANGES: tuple[tuple[str, Callable[[Any], dict[str, Any]]], ...] = (
    ("arrival rate + 10 %", lambda i: {"arrival_rate": 1.1 * i.arrival_rate}),
    (
        "SLO limit - 10 %",
        lambda i: {"slos": tuple(replace(slo, limit=0.9 * slo.limit) for slo in i.slos)},
    ),
)


def replan(
    instance: Any,
    settings: Any,
    quality: Quality,
    words: str,
    change: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Solve the changed instance with the cuts kept and from nothing."""
    changed = replace(instance, **change(instance))
    cuts = len(quality.cuts)
    began = time.perf_counter()
    warm = joint.solve_joint(changed, settings, quality=quality, explain=False)
    between = time.perf_counter()
    cold = joint.solve_joint(changed, settings, explain=False)
    ended = time.perf_counter()
    return {
        "change": words,
        "kept_cuts": cuts,
        "new_cuts": len(quality.cuts) - cuts,
        "kept_s": between - began,
        "fresh_s": ended - between,
        "kept_value": warm.value,
        "fresh_value": cold.value,
        "status": warm.status,
    }


def main() -> None:
    """Print the measurement of one scenario as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.measure", description=__doc__)
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--replan", action="store_true")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.scenario, arguments.replan)))


if __name__ == "__main__":
    main()
