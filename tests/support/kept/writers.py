"""Run by test_concurrent_writers in a process of its own, on the library of the environment:
writers at once, and writers that are killed. It imports the planner once and forks for each writer.

    python -m tests.support.kept.writers FOLDER     a folder for the scenario

Prints one JSON object of what was seen; the library is then as the writers have left it.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from planner.library.kept_record import KeptAs
from planner.library.library_database import open_library_database
from planner.library.record_changes import remove_records, rename_record, tag_record
from planner.library.record_keeping import keep_plan, keep_scenario, keep_study
from planner.library.record_search import list_records
from tests.support.kept.kept_plans import small_plan

WRITERS, ROUNDS = 2, 5


def main() -> None:
    plans = [small_plan(Path(sys.argv[1]), arrival_rate_rps=rate) for rate in (2, 3)]
    seen: dict[str, Any] = {"journals": []}
    for late in (False, True):
        seen["journals"].append(kill_a_writer(plans[0], late=late))
        library = open_library_database()
        seen[f"after {'late' if late else 'early'} kill"] = [
            record.name for record in list_records(library)
        ]
    children = [fork(lambda k=k: write_much(plans, k)) for k in range(WRITERS)]
    seen["codes"] = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps(seen))


def write_much(plans: list[Any], writer: int) -> None:
    """What one of several writers does: the same scenarios as the others, plans of its own, and
    studies that it removes again, whose files the others need.
    """
    library = open_library_database()
    for k in range(ROUNDS):
        plan = plans[k % 2]
        loaded = plan.scenario.result
        keep_scenario(library, loaded, KeptAs(tags=(f"w{writer}",)))
        name = f"w{writer}-{k}"
        content = {**plan.content, "cost_usd_per_h": writer + k / 100.0}
        record = keep_plan(library, content, loaded, KeptAs(name, owner=f"w{writer}"))
        shared = keep_study(library, "sweep", {"round": k}, loaded, KeptAs(owner=f"w{writer}"))
        tag_record(library, record.number, ["mine"])
        rename_record(library, record.number, f"{name}!")
        remove_records(library, [shared.number])


def kill_a_writer(plan: Any, *, late: bool) -> int:
    """Kill a writer in the middle of a save, or right after it; bytes of SQLite's journal then."""
    ready, tell = os.pipe()
    child = fork(lambda: write_and_stop(plan, tell, late=late))
    os.read(ready, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    file = open_library_database().location.file
    journal = None if file is None else Path(f"{file}-journal")
    return journal.stat().st_size if journal is not None and journal.exists() else 0


def write_and_stop(plan: Any, tell: int, *, late: bool) -> None:
    """Keep more than SQLite holds in memory; wait to be killed before the commit, or after it."""
    library = open_library_database()
    library.check_library_writable()
    if not late:
        event.listen(library._engine, "commit", lambda _: stop(tell))
    noise = os.urandom(3_000_000).hex()
    keep_study(library, "sweep", {"noise": noise}, plan.scenario.result, KeptAs("killed"))
    stop(tell)


def stop(tell: int) -> None:
    os.write(tell, b".")
    signal.pause()


def fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
