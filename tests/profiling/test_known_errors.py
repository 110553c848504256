"""Estimates with known errors are refused or come with a sentence."""

import pytest

from planner.cli.commands.profiles.estimate_options import EstimateOptions, read_estimate_options
from planner.errors import DataError
from planner.profiling.estimate import estimate_requests
from planner.profiling.known_errors import known_error_notices, why_not_estimated
from planner.profiling.simulated_load import OfferedLoad
from tests.support.scenarios.estimates import GPUS, LLMS


def notices(llm: str, gpu: str, share: float = 100, **factors: list[float]) -> list[str]:
    wanted = estimate_requests(
        [LLMS[llm]], [GPUS[gpu]], [1], [share], OfferedLoad(), factors=factors or None
    )
    return known_error_notices(wanted)


def test_where_errors_are_known_there_is_a_sentence() -> None:
    assert notices("qwen3-8b", "H100-SXM-80GB") == []
    assert "21 to 23 %" in notices("qwen3-8b", "A100-SXM-80GB")[0]
    assert "53 / 127 %" in notices("deepseek-v3", "H200-SXM-141GB")[0]
    assert "below 30 %" in notices("qwen3-8b", "H100-SXM-80GB", share=20)[0]
    assert len(notices("deepseek-r1", "A100-SXM-80GB", share=10)) == 3


def test_a_calibrated_estimate_is_not_doubted_but_for_its_share() -> None:
    fitted = {"qwen3-8b": [1.0] * 9}
    assert notices("qwen3-8b", "A100-SXM-80GB", **fitted) == []
    assert len(notices("qwen3-8b", "A100-SXM-80GB", share=20, **fitted)) == 1


def test_amd_is_refused_unless_calibrated() -> None:
    amd = [name for name, gpu in GPUS.items() if gpu.vendor == "AMD"]
    assert len(amd) >= 5
    assert all(why_not_estimated(GPUS[name]) for name in amd)
    assert not why_not_estimated(GPUS["L4-24GB"])
    with pytest.raises(DataError, match="60 to 70 % too fast"):
        read_estimate_options(EstimateOptions(llms=("qwen3-8b",), gpus=("MI300X-192GB",)))
