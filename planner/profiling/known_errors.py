"""For which estimates large errors are known, or nothing: refusals and sentences.

The figures are from measurements that no fit has seen (docs/accuracy.md).
"""

from collections.abc import Iterable, Sequence

from models.serving.gpu_sharing import LEAST_MEASURED_SHARE
from profiles.catalogue import CatalogueGpu, CatalogueLlm

__all__ = [
    "TPOT_MEDIAN_PCT",
    "known_error_notices",
    "known_error_of_estimates",
    "why_not_estimated",
]

TPOT_MEDIAN_PCT = 11
"""Median of the absolute error of TPOT without any measurement, over all GPUs and LLMs."""

LATENT = "latent attention"
"""What the notes of such LLMs say."""


def why_not_estimated(gpu: CatalogueGpu) -> str:
    """Why a GPU is not estimated without measurements, "" where it is."""
    if gpu.vendor == "AMD":
        return "uncalibrated estimates for AMD GPUs were 60 to 70 % too fast"
    return ""


def known_error_of_estimates(llm: CatalogueLlm, gpu: CatalogueGpu) -> str:
    """The errors known of uncalibrated estimates of a pair, for the rows' source; "" for none."""
    found = []
    if gpu.gpu.startswith("A100"):
        found.append(
            "estimates for A100 were off by 21 to 23 % in the median and by 32 to 47 % at the 90th"
            " percentile"
        )
    if LATENT in llm.note:
        found.append(
            "estimates for latent attention were off by 18 % in TPOT and 47 % in TTFT in the median"
            " and by 42 and 83 % at the 90th percentile"
        )
    return ", ".join(found)


def known_error_notices(
    uncalibrated: Sequence[tuple[CatalogueLlm, CatalogueGpu]],
    shares_pct: Iterable[float],
    look: str = "",
) -> list[str]:
    """Sentences about pairs that are estimated without measurements, and about shares. look: where
    there is more about these errors.
    """
    more = f"; {look}" if look else ""
    named: dict[str, dict[str, None]] = {}
    for llm, gpu in uncalibrated:
        if error := known_error_of_estimates(llm, gpu):
            named.setdefault(error, {})[f"{llm.llm} on {gpu.gpu}"] = None
    notices = [f"{', '.join(pairs)}: {error}{more}" for error, pairs in named.items()]
    least = 100 * LEAST_MEASURED_SHARE
    if small := sorted({share for share in shares_pct if share < least}):
        notices.append(
            f"shares of {', '.join(f'{share:g}' for share in small)} %: nothing was measured below"
            f" {least:g} % of a GPU that estimates could be held against; reports of plans that"
            " deploy one say so"
        )
    return notices
