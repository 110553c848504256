"""The same scenario gives the same plan to the last bit, whatever the order of its tables' rows and
columns, the names of its LLMs and prompts, and the hash seed of the process.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.instance import Instance
from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.paths import HOME
from tests.support.scenarios.instance_tables import write_tables
from tests.support.walls import first_fast

SEEDS = {"convex": 502, "two_pools": 503, "cost": 503}

RENAMED = {"llm-a": "zebra", "llm-b": "mule", "llm-c": "ant"}


def write_renamed(instance: Instance, folder: Path, seed: int) -> Path:
    """The instance with other names of LLMs and prompts and shuffled tables."""
    path = write_tables(instance, folder, None)
    rng = np.random.default_rng(seed)
    for file in (path, folder / "profiles.csv", folder / "scores.csv"):
        text = file.read_text(encoding="utf-8")
        for name, other in RENAMED.items():
            text = text.replace(name, other)
        file.write_text(text, encoding="utf-8")
    for table in ("profiles.csv", "scores.csv"):
        shuffle_table(folder / table, rng)
    return path


def shuffle_table(path: Path, rng: np.random.Generator) -> None:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if "prompt_id" in rows[0]:
        for k, row in enumerate(rows):
            row["prompt_id"] = f"{9999 - 7 * k}"
    columns = list(rows[0])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [columns[k] for k in rng.permutation(len(columns))])
        writer.writeheader()
        writer.writerows(rows[k] for k in rng.permutation(len(rows)))


def answer(path: Path) -> str:
    """All of a plan that is not the time it took."""
    solution = solve_joint(assemble_instance(path).instance, Settings(), explain=False)
    assert solution.has_plan
    parts = (solution.status, solution.value, solution.bound, solution.replicas.tolist())
    routing = (solution.routed_rates.tolist(), solution.fractions.tolist(), solution.ties)
    return repr((*parts, *routing, solution.dual_prices.tolist(), solution.placement))


@pytest.mark.parametrize("kind", first_fast(KINDS))
def test_rows_and_names_change_nothing(kind: str, tmp_path: Path) -> None:
    instance = random_instance(SEEDS.get(kind, 500), kind)
    first = answer(write_tables(instance, tmp_path, None))
    assert answer(write_renamed(instance, tmp_path, 1)) == first


@pytest.mark.slow
def test_neither_does_the_hash_seed(tmp_path: Path) -> None:
    path = write_tables(random_instance(SEEDS["convex"], "convex"), tmp_path, None)
    code = (
        "import sys; from pathlib import Path;"
        "from tests.walls.test_same_answer import answer; print(answer(Path(sys.argv[1])))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONHASHSEED": "4294967295"},
        cwd=HOME,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == answer(path)
