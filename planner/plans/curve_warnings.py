"""Why the curves of a plan may promise too much: what shares of GPUs rest on.

One sentence a reason, with the options it is about; no full stop at its end.
"""

from collections.abc import Sequence

from models.instance import Instance, Option
from models.serving.gpu_sharing import LEAST_MEASURED_SHARE

__all__ = ["curve_warnings"]

SHOWN = 8
"""Options that a sentence names."""


def curve_warnings(instance: Instance, deployed: Sequence[Option]) -> list[str]:
    """Sentences about the deployed options that share GPUs. An instance of MIG has a
    part of its GPU's memory and bandwidth for itself: its neighbours do not slow it down.
    """
    shared = [option for option in deployed if option.mps_share < 1 and option.mig is None]
    idle = [option for option in shared if option.curve.neighbours == "idle"]
    unknown = [option for option in shared if option.curve.neighbours == "unknown"]
    small = [
        option
        for option in shared
        if option.mps_share < LEAST_MEASURED_SHARE
        and {"estimated", "calibrated"} & set(option.curve.provenance)
    ]
    least = f"{100 * LEAST_MEASURED_SHARE:g} %"
    reasons = (
        (
            idle,
            "measured beside idle neighbours, so slower and with less capacity beside busy ones;"
            " `profile derate` corrects such curves",
        ),
        (
            unknown,
            "measured beside neighbours of which the table does not say whether they were busy; if"
            " they were idle, the plan promises too much",
        ),
        (
            small,
            f"estimated for a share below {least} of a GPU, where nothing was measured that such"
            " estimates could be held against",
        ),
    )
    return [
        f"{_named_in_warning(instance, options)}: {words}" for options, words in reasons if options
    ]


def _named_in_warning(instance: Instance, options: Sequence[Option]) -> str:
    names = [
        f"{instance.llms[option.llm].name} on {100 * option.mps_share:g} % of a GPU"
        for option in options
    ]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(dict.fromkeys(names[:SHOWN])) + more
