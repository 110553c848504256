"""MIG instances on one GPU: which of them fit side by side, and where each begins.

A shape is what an instance may cover: the memory slices at each of its legal starts, as bits
(`profiles.mig_geometry.MigProfile.masks`). Shapes fit one GPU where each can be given one of its
masks so that no slice is in two of them. That is a question of slots, not of sums: two instances of
4 slices that both must begin at slice 0 fill half a GPU each, and do not fit.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

__all__ = ["Shape", "covers_mig_shape", "largest_mig_configurations", "mig_layout"]

Shape = tuple[int, ...]
"""The slices of an instance at each of its starts, as bits."""


@cache
def mig_layout(shapes: tuple[Shape, ...]) -> tuple[int, ...] | None:
    """A mask for each shape, no slice in two; None where they do not fit one GPU.

    Of several layouts the one whose largest instances begin first.
    """
    order = sorted(range(len(shapes)), key=lambda k: (-shapes[k][0].bit_count(), k))
    masks = _placed_mig_masks([shapes[k] for k in order], 0)
    if masks is None:
        return None
    by_shape = dict(zip(order, masks, strict=True))
    return tuple(by_shape[k] for k in range(len(shapes)))


def _placed_mig_masks(shapes: Sequence[Shape], taken: int) -> list[int] | None:
    if not shapes:
        return []
    for mask in shapes[0]:
        if not mask & taken:
            rest = _placed_mig_masks(shapes[1:], taken | mask)
            if rest is not None:
                return [mask, *rest]
    return None


def covers_mig_shape(large: Shape, small: Shape) -> bool:
    """Whether an instance of one shape may always give way to one of another: wherever it stands,
    the other can stand within it.
    """
    return all(any(mask & other == other for other in small) for mask in large)


@cache
def largest_mig_configurations(shapes: tuple[Shape, ...]) -> tuple[tuple[int, ...], ...]:
    """Every multiset of shapes that fits one GPU and is part of no larger one: how many of each.

    shapes: distinct. Slices are filled from the lowest: one stays empty, or is the first of an
    instance.
    """
    found = {
        tuple(held[k] for k in range(len(shapes)))
        for held in map(Counter, _mig_fillings(shapes, 0, max(map(max, shapes), default=0)))
    }
    return tuple(
        sorted(
            (
                one
                for one in found
                if not any(
                    other != one and all(a >= b for a, b in zip(other, one, strict=True))
                    for other in found
                )
            ),
            reverse=True,
        )
    )


def _mig_fillings(shapes: Sequence[Shape], taken: int, whole: int) -> Iterator[tuple[int, ...]]:
    """Positions of shapes that stand side by side in the slices above those taken."""
    lowest = 1 << taken.bit_length()
    if lowest > whole:
        yield ()
        return
    yield from _mig_fillings(shapes, taken | lowest, whole)
    for k, shape in enumerate(shapes):
        for mask in shape:
            # What begins at the lowest free slice: every layout is then made once.
            if mask & -mask == lowest:
                for rest in _mig_fillings(shapes, taken | mask, whole):
                    yield (k, *rest)
