"""For which estimates large errors are known, or nothing: refusals and sentences.

The figures are from measurements that no fit has seen (docs/accuracy.md).
"""

from collections.abc import Sequence

from models.serving.gpu_sharing import LEAST_MEASURED_SHARE
from planner.profiling.estimate import EstimateRequest
from profiles.catalogue import CatalogueGpu, CatalogueLlm

__all__ = ["known_error_notices", "why_not_estimated"]

LATENT = "deepseek"
"""LLMs with latent attention begin so."""


def why_not_estimated(gpu: CatalogueGpu) -> str:
    """Why a GPU is not estimated without measurements, "" where it is."""
    if gpu.vendor == "AMD":
        return "uncalibrated estimates for AMD GPUs were 60 to 70 % too fast"
    return ""


def known_error_notices(wanted: Sequence[EstimateRequest]) -> list[str]:
    """Sentences about the estimates wanted; none for calibrated ones but of small shares."""
    plain = [one for one in wanted if not one.factors]
    notices = []
    if gpus := sorted({one.gpu.gpu for one in plain if one.gpu.gpu.startswith("A100")}):
        notices.append(
            f"{', '.join(gpus)}: estimates for A100 were off by 21 to 23 % in the median and by 32"
            " to 47 % at the 90th percentile (docs/accuracy.md)"
        )
    if llms := sorted({one.llm.llm for one in plain if _is_latent(one.llm)}):
        notices.append(
            f"{', '.join(llms)}: estimates for its latent attention were off by 53 / 127 % (TTFT)"
            " and 18 / 43 % (TPOT; median / 90th percentile; docs/accuracy.md)"
        )
    least = 100 * LEAST_MEASURED_SHARE
    if small := sorted({one.share_pct for one in wanted if one.share_pct < least}):
        shares = ", ".join(f"{share:g}" for share in small)
        notices.append(
            f"--share {shares}: nothing was measured below {least:g} % of a GPU that estimates"
            " could be held against; reports of plans that deploy one say so"
        )
    return notices


def _is_latent(llm: CatalogueLlm) -> bool:
    return llm.llm.startswith(LATENT)
