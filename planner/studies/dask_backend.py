"""Where the points of a sweep are planned: on a Dask cluster, or in processes of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from planner.errors import DataError
from profiles.io.faults import Fault

__all__ = ["dask_joblib_backend"]

SCHEDULER_WAIT = "10s"


@contextmanager
def dask_joblib_backend(dask: str | None) -> Iterator[None]:
    """Within, joblib hands tasks to the Dask cluster at the address; None: to processes of this
    machine. DataError when dask is not installed or no scheduler answers.
    """
    if dask is None:
        yield
        return
    try:
        # Only for those who have a cluster: neither package is needed otherwise.
        from dask.distributed import Client
        from joblib import parallel_config
    except ImportError:
        raise DataError(
            [
                Fault(
                    "--dask",
                    "",
                    dask,
                    "dask is not installed",
                    "pip install distributed, here and on the workers",
                )
            ]
        ) from None
    try:
        client = Client(dask, timeout=SCHEDULER_WAIT)
    except (OSError, ValueError) as error:
        raise DataError(
            [
                Fault(
                    "--dask",
                    "",
                    dask,
                    f"no scheduler answers there ({error})",
                    "start one, or leave --dask out",
                )
            ]
        ) from error
    with client, parallel_config(backend="dask", wait_for_workers_timeout=30):
        yield
