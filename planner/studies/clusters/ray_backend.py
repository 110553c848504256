"""The parts of a study as tasks of a Ray cluster.

Ray's own backend for joblib (ray.util.joblib) hands results over only when all are there, and a
worker that dies takes the whole study with it. So parts are plain Ray tasks here: each result comes
as soon as it is finished, and the task of a worker that died is given to another one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from joblib import parallel_config
from joblib.parallel import ParallelBackendBase

from planner.studies.clusters.cluster_fault import cluster_fault, cluster_package_fault

__all__ = ["RayTasks", "ray_joblib_backend"]

TRIES_AGAIN = 3
"""Times that a task is given to another worker after its own died."""


class RayTasks(ParallelBackendBase):
    """joblib's backend that makes a Ray task of every call."""

    supports_retrieve_callback = True

    def __init__(self, ray: Any) -> None:
        """ray: the module, connected to a cluster."""
        super().__init__()
        self._ray = ray
        self._going_on: dict[Future[Any], Any] = {}

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Tasks at once: `n_jobs`, or one on each of the cluster's CPUs."""
        every = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return every if n_jobs is None or n_jobs < 0 else n_jobs

    def submit(
        self, func: Callable[[], Any], callback: Callable[[Future[Any]], None] | None = None
    ) -> Future[Any]:
        """A future of `func()`, which runs in a worker."""
        reference = self._ray.remote(max_retries=TRIES_AGAIN)(_call_in_ray_worker).remote(func)
        future: Future[Any] = reference.future()
        self._going_on[future] = reference
        future.add_done_callback(lambda done: self._going_on.pop(done, None))
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Future[Any]) -> Any:
        """The result of a future, or its exception."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:  # noqa: FBT001, FBT002
        """Cancel the tasks that have no result."""
        for reference in list(self._going_on.values()):
            self._ray.cancel(reference, force=True)
        self._going_on.clear()


def _call_in_ray_worker(func: Callable[[], Any]) -> Any:
    """A call of joblib's, at the top of a module so that workers find it."""
    return func()


@contextmanager
def ray_joblib_backend(address: str) -> Iterator[None]:
    """Within, joblib hands tasks to the Ray cluster at the address (`auto`: the one that runs on
    this machine). DataError when ray is not installed or no cluster answers.
    """
    try:
        # Only for those who have a cluster: the package is not needed otherwise.
        import ray
    except ImportError:
        raise cluster_package_fault("--ray", address, "ray", "ray") from None
    try:
        ray.init(address=address, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        problem = f"no cluster answers there ({error})"
        fix = "start one with `ray start --head`, or leave --ray out"
        raise cluster_fault("--ray", address, problem, fix) from error
    try:
        with parallel_config(backend=RayTasks(ray)):
            yield
    finally:
        ray.shutdown()
