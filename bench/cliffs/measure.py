"""One hard instance, one process: python -m bench.cliffs.measure SCENARIO SECONDS prints one JSON
object.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from planner.postponed_imports import postpone_imports

postpone_imports()  # as every process of the planner's own does: 26 MiB

from planner.joint.solve import solve_joint  # noqa: E402
from planner.plans.plan_content import build_plan_content  # noqa: E402
from planner.scenario.assemble import assemble_instance  # noqa: E402
from planner.settings import Settings  # noqa: E402


def measure_cliff(scenario: Path, limit: float) -> dict[str, Any]:
    """Search and verification of one instance; loading is not counted."""
    loaded = assemble_instance(scenario)
    spec = loaded.scenario.spec.solver
    settings = Settings(spec.rel_gap, limit, spec.threads, spec.seed)
    began, cpu = time.perf_counter(), time.process_time()
    solution = solve_joint(loaded.instance, settings)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    content = build_plan_content(loaded, solution, settings, {}).content
    conflict = solution.conflict
    return {
        "status": str(solution.status),
        "value": solution.value,
        "bound": solution.bound,
        "gap": content["objective"]["rel_gap"],
        "cpu_s": cpu,
        "wall_s": wall,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "phases_s": dict(solution.effort.seconds),
        "repairs": None if conflict is None else len(conflict.repairs),
        "proved": None if conflict is None else sum(one.proved for one in conflict.repairs),
        "verified": content["checks"]["verified"] if solution.has_plan else None,
    }


if __name__ == "__main__":
    print(json.dumps(measure_cliff(Path(sys.argv[1]), float(sys.argv[2]))))
