"""One plan over a table too large for memory, in a process of its own: `python -m
bench.scores.large_case SCENARIO` prints a line of JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from models.quality import Quality
from planner.joint.solve import solve_joint
from planner.operation.all_prompts import check_on_all_prompts
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import assemble_instance
from profiles.score_tables.score_batches import PROMPTS_OF_BATCH

__all__ = ["measure_large_case"]


def measure_large_case(scenario: Path) -> dict[str, Any]:
    """Load, plan and hold the plan against all prompts; seconds of the processor."""
    began = time.process_time()
    file = pq.ParquetFile(scenario.parent / "scores.parquet", buffer_size=1 << 20, pre_buffer=False)
    for _ in file.iter_batches(PROMPTS_OF_BATCH):
        pass
    decoded = time.process_time()
    loaded = assemble_instance(scenario)
    read = time.process_time()
    instance = loaded.instance
    quality = Quality(instance.scores)
    solution = solve_joint(instance, loaded.settings, quality=quality)
    build_plan_content(loaded, solution, loaded.settings, {})
    solved = time.process_time()
    whole = instance.scores.whole
    held = None if whole is None else check_on_all_prompts(instance, solution, quality)
    checked = time.process_time()
    return {
        "prompts": file.metadata.num_rows,
        "standing": instance.scores.weights.size,
        "exact": whole is None or whole.exact,
        "decode_s": decoded - began,
        "read_s": read - decoded,
        "solve_s": solved - read,
        "check_s": checked - solved,
        "cuts": quality.cuts_made,
        "value": solution.value,
        "bound": solution.bound,
        "quality_of_all": None if held is None else held.quality,
        "bound_of_all": None if held is None else held.bound,
        "off_pct": None if held is None else 100.0 * held.off,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


if __name__ == "__main__":
    print(json.dumps(measure_large_case(Path(sys.argv[1]))))
