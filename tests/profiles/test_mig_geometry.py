"""The catalogue of MIG geometries: what holds of every GPU type, and the layouts NVIDIA lists."""

import csv
from collections import Counter

import pytest

from models.packing.mig_slots import largest_mig_configurations
from profiles.catalogue import load_catalogue_gpus
from profiles.mig_geometry import load_mig_geometries, mig_geometry
from tests.support.paths import HOME

LAYOUTS_OF_A100 = {
    # NVIDIA MIG user guide, A100-40GB: the 19 configurations (without 1g.10gb).
    *("7", "43", "421", "4111", "33", "3211", "3111", "322", "32111", "31111"),
    *("2221", "22111", "211111", "1111111"),
}
"""By compute slices, as sets: configurations of the guide that differ in their order are one."""


def test_every_row_has_a_source_and_a_catalogued_gpu() -> None:
    with (HOME / "profiles" / "mig.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(row["source"] and row["memory_basis"] in ("driver", "estimate") for row in rows)
    assert {row["gpu"] for row in rows} == set(load_mig_geometries())
    assert set(load_mig_geometries()) <= set(load_catalogue_gpus())
    assert mig_geometry("L4-24GB") == {}


@pytest.mark.parametrize("gpu", load_mig_geometries())
def test_names_slices_and_memory_agree(gpu: str) -> None:
    total = load_catalogue_gpus()[gpu].memory_gib
    for name, profile in mig_geometry(gpu).items():
        compute, _, memory = name.partition("g.")
        assert profile.compute == int(compute)
        assert profile.memory <= total * profile.part * 1.001
        assert profile.memory >= 0.85 * int(memory.removesuffix("gb"))
        assert max(profile.starts) + profile.size <= 8


@pytest.mark.parametrize("gpu", load_mig_geometries())
def test_sums_of_slices_hold_in_every_configuration(gpu: str) -> None:
    # Bounds rest on it: shares and parts are sizes in every capacity row.
    profiles = list(mig_geometry(gpu).values())
    for held in largest_mig_configurations(tuple(one.masks for one in profiles)):
        for size in ("share", "part"):
            total = sum(n * getattr(one, size) for n, one in zip(held, profiles, strict=True))
            assert total <= 1 + 1e-12


def test_the_layouts_of_an_a100_are_those_of_the_guide() -> None:
    profiles = [one for one in mig_geometry("A100-SXM-40GB").values() if one.name != "1g.10gb"]
    found = set()
    for held in largest_mig_configurations(tuple(one.masks for one in profiles)):
        sizes = Counter(dict(zip((one.compute for one in profiles), held, strict=True)))
        found.add("".join(str(size) * sizes[size] for size in sorted(sizes, reverse=True)))
    assert found <= LAYOUTS_OF_A100
    assert {"7", "43", "421", "4111", "33", "322", "2221", "1111111"} <= found
