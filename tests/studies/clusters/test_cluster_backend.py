"""Studies on clusters, all of them local processes here: the same results, also when a worker dies,
and what is said where there is no cluster.
"""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.library.kept_record import KeptAs, RecordKind
from planner.library.library_database import open_library_database
from planner.library.record_keeping import keep_plan
from planner.library.record_search import RecordSearch, list_records
from planner.operation.simulation_outcomes import Demand
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.studies.clusters import dask_backend
from planner.studies.clusters.cluster_backend import cluster_joblib_backend
from planner.studies.replanning.record_replan import RecordVerdict, replan_records
from planner.studies.robustness import plan_robustly
from planner.studies.study_processes import run_study_processes
from planner.studies.sweep import sweep
from tests.support.kept.kept_plans import small_plan
from tests.support.paths import HOME

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"
POINTS = [{"arrival_rate_rps": rate} for rate in (50.0, 60.0)]
NUMBERS = [(number,) for number in range(6)]


def double_or_die(number: int, mark: str, *, cancel: threading.Event | None = None) -> int:
    """Twice a number; the first worker that gets number 2 dies of it."""
    del cancel
    if number == 2 and not os.path.exists(mark):
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


@contextmanager
def dask_cluster(workers: int, *, processes: bool) -> Iterator[str]:
    distributed = pytest.importorskip(
        "distributed", reason="NOT RUN: the package distributed is not installed"
    )
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=processes, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


def assert_sweep_is_as_here(dask: str | None = None, ray: str | None = None) -> None:
    """Each plan lies between the other's and the other's bound: cuts that a process has kept from
    another point move a plan within its gap.
    """
    with cluster_joblib_backend(dask, ray):
        there = sweep(TRIO, [], POINTS, jobs=1)
    here = sweep(TRIO, [], POINTS, jobs=1)
    for one, other in ((here, there), (there, here)):
        assert [point.status for point in one] == ["optimal", "optimal"]
        for a, b in zip(one, other, strict=True):
            assert (a.number, a.values) == (b.number, b.values)
            found, best = a.numbers["Found (mean score)"], b.numbers["Best possible (mean score)"]
            assert found <= best + 1e-9


def test_a_dask_cluster_plans_the_same() -> None:
    with dask_cluster(1, processes=False) as address:
        assert_sweep_is_as_here(dask=address)


@pytest.mark.slow
def test_a_dask_worker_that_dies_loses_nothing(tmp_path: Path) -> None:
    parts = [(*number, str(tmp_path / "died")) for number in NUMBERS]
    with dask_cluster(2, processes=True) as address, cluster_joblib_backend(address, None):
        done = list(run_study_processes(double_or_die, parts, jobs=0, cancel=None))
    assert sorted(done) == [0, 2, 4, 6, 8, 10]
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_kept_plans_are_made_again_on_workers_that_have_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dask_cluster(2, processes=True) as address:
        # Only now there is a library, of which the workers, started before, have not heard.
        monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "library"))
        library = open_library_database()
        for rate in (1.0, 2.0):
            plan = small_plan(tmp_path / "s", arrival_rate_rps=rate)
            keep_plan(library, plan.content, plan.scenario.result, KeptAs(f"at {rate:g}"))
        shutil.rmtree(tmp_path / "s")
        records = list_records(library, RecordSearch(kind=RecordKind.PLAN))
        with cluster_joblib_backend(address, None):
            replanned = list(replan_records(library, records, ()))
    assert sorted(one.record.name for one in replanned) == ["at 1", "at 2"]
    assert {one.verdict for one in replanned} == {RecordVerdict.AS_BEFORE}


@pytest.mark.slow
def test_replays_of_a_robust_plan_are_the_same_on_a_cluster(tmp_path: Path) -> None:
    for name, text in TEMPLATE_TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    loaded, demand = assemble_instance(tmp_path / "scenario.yaml"), Demand(30.0, 2.0)
    here = plan_robustly(loaded, loaded.settings, demand)
    with dask_cluster(2, processes=True) as address, cluster_joblib_backend(address, None):
        there = plan_robustly(loaded, loaded.settings, demand)
    for one, other in ((here.without, there.without), (here.robust, there.robust)):
        assert one is not None
        assert other is not None
        assert (one.key, one.percent, one.kept) == (other.key, other.percent, other.kept)


@pytest.mark.slow
def test_a_ray_cluster_plans_the_same_also_when_a_worker_dies(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="NOT RUN: the package ray is not installed")
    parts = [(*number, str(tmp_path / "died")) for number in NUMBERS]
    assert_sweep_is_as_here(ray="local")
    with cluster_joblib_backend(None, "local"):
        done = list(run_study_processes(double_or_die, parts, jobs=0, cancel=None))
    assert sorted(done) == [0, 2, 4, 6, 8, 10]
    assert (tmp_path / "died").exists()


def test_no_dask_cluster_at_the_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="NOT RUN: the package distributed is not installed")
    monkeypatch.setattr(dask_backend, "SCHEDULER_WAIT", "1s")
    with (
        pytest.raises(DataError, match="no scheduler answers there"),
        cluster_joblib_backend("tcp://127.0.0.1:9", None),
    ):
        pass


@pytest.mark.parametrize(
    ("dask", "ray", "words"),
    [
        ("tcp://one:1", None, "dask is not installed"),
        (None, "auto", "ray is not installed"),
        ("tcp://one:1", "auto", "--dask is given, too"),
    ],
)
def test_what_a_cluster_needs_is_said(
    dask: str | None, ray: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("dask", "dask.distributed", "ray"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError, match=words), cluster_joblib_backend(dask, ray):
        pass
