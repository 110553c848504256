"""Where the parts of a study are planned: in processes of this machine, or on a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager

from planner.studies.clusters.cluster_fault import cluster_fault
from planner.studies.clusters.dask_backend import dask_joblib_backend
from planner.studies.clusters.ray_backend import ray_joblib_backend

__all__ = ["cluster_joblib_backend"]


@contextmanager
def cluster_joblib_backend(dask: str | None, ray: str | None) -> Iterator[None]:
    """Within, joblib hands tasks to the cluster at an address, of one kind at most; without one to
    processes of this machine. DataError when it cannot be reached.
    """
    if dask is not None and ray is not None:
        raise cluster_fault("--ray", ray, "--dask is given, too", "leave one of them out")
    if dask is not None:
        with dask_joblib_backend(dask):
            yield
    elif ray is not None:
        with ray_joblib_backend(ray):
            yield
    else:
        yield
