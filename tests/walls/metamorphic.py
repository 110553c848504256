"""The metamorphic wall: what must not matter to the optimum does not.

Every random instance is solved with and without HiGHS's presolve and with three seeds; a part of
them also with two threads, from tables with shuffled rows, and in processes with other hash seeds.
Of one instance all runs must agree on whether there is a plan, every plan must pass the verifier,
and no value may lie beyond another run's bound. So any two values differ by their gaps at most.

    python -m tests.walls.metamorphic                     300 instances, 50 of them in all ways
    python -m tests.walls.metamorphic --instances 40 --wide 8
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from models.instance import Instance
from planner.joint.setups.search_state import SearchState
from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.verification.verifier import run_verifier
from tests.support.instances.by_hand import NOISE
from tests.support.instances.oracle_faults import plan_content_of
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.paths import HOME
from tests.support.scenarios.instance_tables import write_tables

__all__ = ["INSTANCES", "WIDE", "Outcome", "contradictions", "hash_outcomes", "outcomes"]

INSTANCES, WIDE = 300, 50
"""Instances of the whole wall, and how many of them are solved in all ways."""

FIRST_SEED = 1000
"""Beyond the instances that tests.walls.test_solve_random compares with brute force."""

SEEDS = (0, 1, 2)

HASH_SEEDS = (1, 4294967295)
"""PYTHONHASHSEED of the further processes."""


@dataclass(frozen=True)
class Outcome:
    """What one run says. how: in which way it was solved. problems: the verifier's."""

    how: str
    status: str
    value: float | None
    bound: float | None
    problems: tuple[str, ...] = ()


def instance_of(number: int) -> Instance:
    """The instance of a number: kinds take turns."""
    return random_instance(FIRST_SEED + number // len(KINDS), KINDS[number % len(KINDS)])


def outcomes(number: int, *, wide: bool) -> list[Outcome]:
    """All runs of an instance in this process; wide: with two threads and shuffled tables, too."""
    instance = instance_of(number)
    runs = []
    for presolve in (True, False):
        for seed in SEEDS:
            with _presolve(on=presolve):
                how = f"presolve {'on' if presolve else 'off'}, seed {seed}"
                runs.append(_outcome(how, instance, Settings(seed=seed)))
    if wide:
        runs.append(_outcome("2 threads", instance, Settings(threads=2)))
        runs.append(_from_tables("tables", number, None))
        runs.append(_from_tables("shuffled tables", number, np.random.default_rng(number)))
    return runs


def hash_outcomes(numbers: Sequence[int], hash_seed: int) -> list[Outcome]:
    """One run of every instance from its shuffled tables, in a process with this hash seed."""
    command = [sys.executable, "-m", "tests.walls.metamorphic", "--worker", str(hash_seed)]
    answer = subprocess.run(
        [*command, *map(str, numbers)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return [Outcome(**record) for record in json.loads(answer.stdout)]


def contradictions(runs: Sequence[Outcome], *, maximize: bool) -> list[str]:
    """What the runs of one instance say against each other and against the verifier."""
    found = [f"{run.how}: {problem}" for run in runs for problem in run.problems]
    planned = [run for run in runs if run.value is not None and run.bound is not None]
    if len(planned) < len(runs):
        words = {run.how: run.status for run in runs}
        return [*found, f"statuses {words}"] if len(set(words.values())) > 1 else found
    sign = 1.0 if maximize else -1.0
    best = max(planned, key=lambda run: sign * float(run.value or 0.0))
    least = min(planned, key=lambda run: sign * float(run.bound or 0.0))
    if sign * (float(best.value or 0.0) - float(least.bound or 0.0)) > NOISE:
        found.append(
            f"{best.how} reaches {best.value!r} beyond the bound {least.bound!r} of {least.how}"
        )
    open_gaps = {run.how: run.status for run in runs if run.status != "optimal"}
    return [*found, f"not closed: {open_gaps}"] if open_gaps else found


@contextmanager
def _presolve(*, on: bool) -> Iterator[None]:
    """Mixed-integer programs are solved with or without HiGHS's presolve."""
    settings = SearchState.settings

    def changed(state: SearchState, **changes: Any) -> Any:
        return settings(state, **{"presolve": on, **changes})

    with patch.object(SearchState, "settings", changed):
        yield


def _outcome(how: str, instance: Instance, settings: Settings) -> Outcome:
    solution = solve_joint(instance, settings, explain=False)
    if not solution.has_plan:
        return Outcome(how, str(solution.status), None, None)
    problems = run_verifier(
        plan_content_of(instance, solution), instance, rel_gap_target=settings.rel_gap
    )
    assert solution.value is not None
    assert solution.bound is not None
    return Outcome(
        how, str(solution.status), float(solution.value), float(solution.bound), problems
    )


def _from_tables(how: str, number: int, order: np.random.Generator | None) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        instance = assemble_instance(
            write_tables(instance_of(number), Path(folder), order)
        ).instance
    return _outcome(how, instance, Settings())


def _work(hash_seed: int, numbers: Sequence[int]) -> None:
    """Print the outcomes of some instances as JSON; this process has the hash seed."""
    how = f"shuffled tables, hash seed {hash_seed}"
    found = [_from_tables(how, n, np.random.default_rng([n, hash_seed])) for n in numbers]
    print(json.dumps([asdict(run) for run in found]))


def main() -> int:
    """Run the wall and print what it says; the exit code is 1 where runs contradict each other."""
    parser = argparse.ArgumentParser(prog="python -m tests.walls.metamorphic")
    parser.add_argument("--instances", type=int, default=INSTANCES)
    parser.add_argument("--wide", type=int, default=WIDE, help="of them solved in all ways")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("numbers", type=int, nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        _work(given.worker, given.numbers)
        return 0
    # The first instances are of all kinds, since the kinds take turns.
    wide = range(min(given.wide, given.instances))
    hashed = [hash_outcomes(wide, seed) for seed in HASH_SEEDS] if wide else []
    solves = plans = faults = 0
    for number in range(given.instances):
        runs = outcomes(number, wide=number in wide)
        runs += [batch[number] for batch in hashed if number in wide]
        solves, plans = solves + len(runs), plans + sum(run.value is not None for run in runs)
        kind = KINDS[number % len(KINDS)]
        for fault in contradictions(runs, maximize=kind != "cost"):
            faults += 1
            print(f"instance {number} ({kind}): {fault}", flush=True)
    used = os.times()
    seconds = time.process_time() + used.children_user + used.children_system
    print(
        f"{given.instances} instances ({len(wide)} in all ways), {solves} solves, {plans} plans,"
        f" {faults} violations, {seconds:.0f} s of CPU"
    )
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
