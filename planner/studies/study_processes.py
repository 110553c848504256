"""Independent parts of a study, planned in this process or spread over others.

Parts are handed to joblib: processes of this machine, or the active backend (a Dask cluster, see
docs/sweeps.md). Every process reads the tables once and keeps the quality cuts of the scores, which
depend on nothing else (`planner.studies.quality_cache`).
"""

import os
import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import LokyBackend, get_active_backend

from planner.process_pool import end_with_parent

__all__ = ["run_study_processes"]

STUDY_MARK = "PLANNER_STUDY_PROCESS"
"""Environment of the processes that plan parts: the id of the process whose study it is."""

LEAK_FILTER = "ignore:resource_tracker"

Result = TypeVar("Result")


def run_study_processes(
    call: Callable[..., Result],
    parts: Sequence[tuple[Any, ...]],
    *,
    jobs: int,
    cancel: threading.Event | None,
) -> Iterator[Result]:
    """The results of `call(*part)` as they finish; cancelled, those that are finished. A caller
    that has seen enough closes it, or leaves its loop.

    call: a function of a module that also takes the keyword `cancel`. jobs: processes, 0 = one per
    core; 1 = this one, where a part is stopped while it is planned and then is not finished.
    """
    # A cluster's backend counts its own workers and takes no notice of `jobs`.
    if jobs == 1 and isinstance(get_active_backend()[0], LokyBackend):
        for part in parts:
            result = call(*part, cancel=cancel)
            if cancel is not None and cancel.is_set():
                return
            yield result
            if cancel is not None and cancel.is_set():
                return
        return
    if not parts:
        return
    _prepare_study_environment()
    tasks = (delayed(_call_in_study_process)(os.getpid(), call, part) for part in parts)
    # No more processes than parts: joblib starts all that it may at once.
    processes = min(jobs, len(parts)) or -1
    results = Parallel(n_jobs=processes, return_as="generator_unordered")(tasks)
    for result in _until_study_processes_end(results, cancel):
        yield result
        if cancel is not None and cancel.is_set():
            return


def _prepare_study_environment() -> None:
    """Of the processes that plan parts: whose they are; and no word of the lock that Pyomo makes
    when it is imported, which Python's tracker reports as leaked when a worker is ended.
    """
    os.environ[STUDY_MARK] = str(os.getpid())
    filters = os.environ.get("PYTHONWARNINGS", "").split(",")
    if LEAK_FILTER not in filters:
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [*filters, LEAK_FILTER]))


def _until_study_processes_end(
    results: Generator[Result, None, None], cancel: threading.Event | None
) -> Iterator[Result]:
    """The results as they come. A signal to the whole group ends the workers too; then the study
    has been cancelled, and what is done is kept.
    """
    try:
        # No `yield from`: where the caller has seen enough, that would close them with a warning.
        for result in results:  # noqa: UP028
            yield result
    except TerminatedWorkerError:
        if cancel is None or not cancel.is_set():
            raise
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that tasks are cancelled is what is wanted
            results.close()


def _call_in_study_process(
    parent: int, call: Callable[..., Result], part: tuple[Any, ...]
) -> Result:
    """Plan a part in a process that ends with the study's own. parent: its process id."""
    # A cluster's workers may have inherited the mark, too, but they are no children of the study.
    if os.environ.get(STUDY_MARK) == str(parent) == str(os.getppid()):
        end_with_parent(parent)
    return call(*part)
