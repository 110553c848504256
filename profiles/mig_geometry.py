"""MIG geometries: into which instances a GPU type can be divided, and where these may stand.

`mig.csv`  one row a profile of a GPU type. A GPU has 7 compute slices and 8 memory slices; an
           instance of a profile holds `compute_slices` of the first and `memory_slices` of the
           second, which begin at one of `starts`. Instances of one GPU stand side by side: no
           memory slice is in two of them. `memory_gib` is what an instance has: as the driver
           reports it (`nvidia-smi mig -lgip`), or a lower estimate where `memory_basis` says so.

Left out are the profiles with media extensions (`+me`), which serve no LLM, and compute instances
within an instance.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from profiles.records import MigProfile

__all__ = ["load_mig_geometries", "mig_geometry"]


@cache
def load_mig_geometries() -> Mapping[str, Mapping[str, MigProfile]]:
    """Profiles by name, of every GPU type of the catalogue that can be divided."""
    geometries: dict[str, dict[str, MigProfile]] = {}
    with (Path(__file__).parent / "mig.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            geometries.setdefault(row["gpu"], {})[row["mig_profile"]] = MigProfile(
                name=row["mig_profile"],
                compute=int(row["compute_slices"]),
                memory=float(row["memory_gib"]),
                size=int(row["memory_slices"]),
                starts=tuple(map(int, row["starts"].split())),
            )
    return MappingProxyType(geometries)


def mig_geometry(gpu: str) -> Mapping[str, MigProfile]:
    """Profiles of a GPU type by name; none where it cannot be divided, or is not known."""
    return load_mig_geometries().get(gpu, {})
