"""The parts of a study as tasks of a Dask cluster, which gives the tasks of a worker that died to
others.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from planner.studies.clusters.cluster_fault import cluster_fault, cluster_package_fault

__all__ = ["dask_joblib_backend"]

SCHEDULER_WAIT = "10s"


@contextmanager
def dask_joblib_backend(address: str) -> Iterator[None]:
    """Within, joblib hands tasks to the Dask cluster at the address. DataError when dask is not
    installed or no scheduler answers.
    """
    try:
        # Only for those who have a cluster: neither package is needed otherwise.
        from dask.distributed import Client
        from joblib import parallel_config
    except ImportError:
        raise cluster_package_fault("--dask", address, "dask", "distributed") from None
    try:
        client = Client(address, timeout=SCHEDULER_WAIT)
    except (OSError, ValueError) as error:
        problem, fix = f"no scheduler answers there ({error})", "start one, or leave --dask out"
        raise cluster_fault("--dask", address, problem, fix) from error
    with client, parallel_config(backend="dask", wait_for_workers_timeout=30):
        yield
