"""One day, one process: python -m bench.demand.measure SCENARIO SECONDS prints one JSON object."""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.cells.solve import solve_cells
from planner.plans.cells.cells_content import build_cells_plan
from planner.scenario.assemble import assemble_instance


def measure_day(scenario: Path, limit: float) -> dict[str, Any]:
    """Search and verification of one day; loading is not counted."""
    loaded = assemble_instance(scenario, cells=True)
    demand = loaded.demand
    if demand is None:
        raise AssertionError("a day has classes or cases")
    settings = replace(loaded.settings, time_limit=limit)
    began, cpu = time.perf_counter(), time.process_time()
    solution = solve_cells(demand, settings)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    content = build_cells_plan(loaded, demand, solution, settings, {})
    return {
        "status": str(solution.status),
        "value": solution.value,
        "bound": solution.bound,
        "gap": content["objective"]["rel_gap"],
        "cpu_s": cpu,
        "wall_s": wall,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "phases_s": dict(solution.effort.seconds),
        "masters": solution.effort.milp_solves,
        "verified": content["checks"]["verified"] if solution.plan is not None else None,
    }


if __name__ == "__main__":
    print(json.dumps(measure_day(Path(sys.argv[1]), float(sys.argv[2]))))
