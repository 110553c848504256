"""Bursts: runs in which all requests were sent at once. They are no points of a curve, but what
they answered per second bounds what a replica can answer, and so says where a curve should end.
"""

from collections.abc import Iterable, Sequence

from profiles.importers.identify import Option
from profiles.importers.pool import LoadPoint, option_words, same_workload

__all__ = ["burst_notices"]

NEAR = 1.1
"""Ends of curves within this factor of a burst agree with it: a burst of some hundred requests is
filling up and running empty for about as long.
"""


def burst_notices(bursts: Iterable[LoadPoint], points: Sequence[LoadPoint]) -> list[str]:
    """One sentence for each option with a burst: its highest rate against the end of the curve.

    points: of the table. Loads of other lengths are not compared.
    """
    highest: dict[Option, LoadPoint] = {}
    for burst in sorted(bursts, key=lambda point: point.rate):
        highest[burst.option] = burst
    return [_burst_notice(burst, points) for _, burst in sorted(highest.items())]


def _burst_notice(burst: LoadPoint, points: Sequence[LoadPoint]) -> str:
    said = (
        f"{option_words(burst.option)}: {burst.rate:.4g} req/s were answered when all requests were"
        f" sent at once ({burst.run.where})"
    )
    ends = [
        point.rate
        for point in points
        if point.option == burst.option and same_workload(point.run, burst.run)
    ]
    if not ends:
        return f"{said}; no curve of this load is there to compare"
    end = max(ends)
    if burst.rate > NEAR * end:
        return (
            f"{said}, and its curve ends at {end:.4g} req/s: a replica can answer more than was"
            " measured; measure higher rates"
        )
    if end > NEAR * burst.rate:
        return (
            f"{said}, but its curve goes on to {end:.4g} req/s: check that both ran with the same"
            " settings and caches"
        )
    return f"{said}, and its curve ends at {end:.4g} req/s: it reaches what a replica can answer"
