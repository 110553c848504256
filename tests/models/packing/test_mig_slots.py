"""Instances on one GPU against a search over all starts; configurations against all multisets."""

from itertools import combinations_with_replacement, product

import numpy as np

from models.packing.mig_slots import (
    covers_mig_shape,
    largest_mig_configurations,
    mig_layout,
)
from profiles.mig_geometry import mig_geometry

PROFILES = list(mig_geometry("H100-SXM-80GB").values())
SHAPES = tuple(one.masks for one in PROFILES)


def fits_by_hand(chosen: tuple[int, ...]) -> bool:
    """Whether some choice of starts puts no slice into two instances."""
    for starts in product(*(PROFILES[k].starts for k in chosen)):
        slices = [
            piece
            for k, start in zip(chosen, starts, strict=True)
            for piece in range(start, start + PROFILES[k].size)
        ]
        if len(set(slices)) == len(slices):
            return True
    return False


def test_layouts_agree_with_all_starts() -> None:
    rng = np.random.default_rng(3)
    fitting = 0
    for _ in range(300):
        chosen = tuple(rng.integers(len(PROFILES), size=rng.integers(1, 5)).tolist())
        layout = mig_layout(tuple(SHAPES[k] for k in chosen))
        assert (layout is not None) == fits_by_hand(chosen), chosen
        if layout is not None:
            fitting += 1
            assert (
                sum(mask.bit_count() for mask in layout) == np.bitwise_or.reduce(layout).bit_count()
            )
            assert all(mask in SHAPES[k] for mask, k in zip(layout, chosen, strict=True))
    assert 50 < fitting < 250


def test_four_of_seven_slices_twice_fit_by_no_sum_of_slots() -> None:
    # Both must begin at slice 0, and fill half the memory each.
    four = mig_geometry("H100-SXM-80GB")["4g.40gb"].masks
    assert mig_layout((four, four)) is None


def test_configurations_are_the_largest_multisets_that_fit() -> None:
    some = (0, 2, 3, 4)
    fitting = {
        tuple(chosen.count(k) for k in some)
        for size in range(8)
        for chosen in combinations_with_replacement(some, size)
        if mig_layout(tuple(SHAPES[k] for k in chosen)) is not None
    }
    largest = {
        one
        for one in fitting
        if not any(
            other != one and all(a >= b for a, b in zip(other, one, strict=True))
            for other in fitting
        )
    }
    assert set(largest_mig_configurations(tuple(SHAPES[k] for k in some))) == largest


def test_what_covers_another_may_always_give_way_to_it() -> None:
    names = [one.name for one in PROFILES]
    covers = {
        (a, b)
        for a, b in product(names, names)
        if covers_mig_shape(SHAPES[names.index(a)], SHAPES[names.index(b)])
    }
    assert {("4g.40gb", "3g.40gb"), ("3g.40gb", "1g.20gb"), ("2g.20gb", "1g.10gb")} <= covers
    assert ("3g.40gb", "4g.40gb") not in covers
    assert ("1g.20gb", "2g.20gb") not in covers
