"""Why a study cannot go to a cluster, as a fault of the option that names the cluster."""

from planner.errors import DataError
from profiles.io.faults import Fault

__all__ = ["cluster_fault", "cluster_package_fault"]


def cluster_fault(option: str, address: str, problem: str, fix: str) -> DataError:
    """The error for what is wrong at an address."""
    return DataError([Fault(option, "", address, problem, fix)])


def cluster_package_fault(option: str, address: str, name: str, package: str) -> DataError:
    """The error for a kind of cluster whose package is not here."""
    fix = f"pip install {package}, here and on the workers"
    return cluster_fault(option, address, f"{name} is not installed", fix)
