"""Why kinds of files are not in a bundle, as lines: for its README, the command line, the page."""

from collections.abc import Mapping, Sequence

__all__ = ["left_out_lines"]


def left_out_lines(left_out: Mapping[str, Sequence[str]]) -> list[str]:
    """One line a reason, with all kinds that it is a reason for; left_out: reasons by kind."""
    kinds: dict[str, list[str]] = {}
    for kind, reasons in left_out.items():
        for reason in reasons:
            kinds.setdefault(reason, []).append(kind)
    return [f"{', '.join(own)}: {reason}" for reason, own in kinds.items()]
