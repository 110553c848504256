"""Estimates with known errors are refused or come with a sentence."""

import pytest

from planner.cli.commands.profiles.estimate_options import EstimateOptions, read_estimate_options
from planner.errors import DataError
from planner.profiling.known_errors import (
    known_error_notices,
    known_error_of_estimates,
    why_not_estimated,
)
from tests.support.scenarios.estimates import GPUS, LLMS


def notices(llm: str, gpu: str, share: float = 100) -> list[str]:
    return known_error_notices([(LLMS[llm], GPUS[gpu])], [share])


def test_where_errors_are_known_there_is_a_sentence() -> None:
    assert notices("qwen3-8b", "H100-SXM-80GB") == []
    assert "21 to 23 %" in notices("qwen3-8b", "A100-SXM-80GB")[0]
    for llm in ("deepseek-v3", "kimi-k2.5", "glm-5"):
        assert "latent attention" in notices(llm, "H200-SXM-141GB")[0]
    assert "below 30 %" in notices("qwen3-8b", "H100-SXM-80GB", share=20)[0]
    assert len(notices("deepseek-r1", "A100-SXM-80GB", share=10)) == 2


def test_one_sentence_names_all_its_options_once() -> None:
    pairs = [(LLMS[llm], GPUS["A100-SXM-80GB"]) for llm in ("qwen3-8b", "qwen3-14b", "qwen3-8b")]
    (sentence,) = known_error_notices(pairs, [100])
    assert sentence.count("qwen3-8b on A100-SXM-80GB") == 1
    assert "qwen3-14b on A100-SXM-80GB" in sentence


def test_the_words_of_a_source_hold_nothing_that_splits_it() -> None:
    """Reports fold sources by `option: made; beyond`, tool by tool."""
    words = known_error_of_estimates(LLMS["deepseek-v3"], GPUS["A100-SXM-80GB"])
    assert words
    assert "; " not in words


def test_amd_is_refused_unless_calibrated() -> None:
    amd = [name for name, gpu in GPUS.items() if gpu.vendor == "AMD"]
    assert len(amd) >= 5
    assert all(why_not_estimated(GPUS[name]) for name in amd)
    assert not why_not_estimated(GPUS["L4-24GB"])
    with pytest.raises(DataError, match="60 to 70 % too fast"):
        read_estimate_options(EstimateOptions(llms=("qwen3-8b",), gpus=("MI300X-192GB",)))
