"""What Kubernetes cannot do is refused with its reason."""

import pytest

from planner.errors import DataError
from planner.export.bundle import build_bundle
from tests.support.plans import export_cases
from tests.support.plans.bundle_cases import CASES, exported
from tests.support.plans.export_cases import ON


def test_what_kubernetes_cannot_do_is_refused_with_its_reason() -> None:
    found = exported("shared")
    reported = " ".join(found.left_out["kubernetes"])
    assert "unequal shares (40 %, 60 %)" in reported
    assert "degrees above 1 on shared GPUs" in reported
    assert not [path for path in found.files if path.startswith("kubernetes")]
    assert "degrees above 1 on shared GPUs" in found.files["README.md"]
    with pytest.raises(DataError, match="unequal shares"):
        build_bundle(CASES["shared"](), ON, ["kubernetes"])


def test_shares_that_are_no_equal_parts_are_refused() -> None:
    options = [("small", "TestGPU", 1, 40, 10.0, 20.0), ("large", "TestGPU", 1, 40, 5.0, 20.0)]
    source = export_cases.case(options, export_cases.TWO_POOLS[:1], 40.0)
    with pytest.raises(
        DataError, match="40 % of a GPU; the device plugin splits a GPU into equal parts"
    ):
        build_bundle(source, ON, ["kubernetes"])


def test_parts_with_too_little_memory_are_refused() -> None:
    options = [("small", "TestGPU", 1, 50, 10.0, 20.0), ("large", "TestGPU", 1, 50, 5.0, 45.0)]
    source = export_cases.case(options, export_cases.TWO_POOLS[:1], 30.0)
    with pytest.raises(DataError, match=r"needs 45 GiB of a GPU; each of 2 equal parts has 40\.0"):
        build_bundle(source, ON, ["kubernetes"])
