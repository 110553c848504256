"""Options of `profile estimate`: lists of numbers, and every fault at once."""

from pathlib import Path

import pytest

from planner.cli.arguments import SHARING_LOSS_PCT
from planner.cli.commands.profiles.estimate_options import (
    EstimateOptions,
    read_estimate_options,
    whole_number_options,
)
from planner.errors import DataError


def options(**changes: object) -> EstimateOptions:
    return EstimateOptions(**{"llms": ("llama-3.1-8b",), "gpus": ("H100-SXM-80GB",), **changes})  # type: ignore[arg-type]


def test_lists_of_whole_numbers() -> None:
    assert whole_number_options("1, 2,4") == [1, 2, 4]
    assert whole_number_options("10,20,...,100") == list(range(10, 101, 10))
    assert whole_number_options("10,...,50") == [10, 20, 30, 40, 50]
    for text in ("", "a", "1,1", "10,20,...,95", "...", "1,...,4,5"):
        with pytest.raises((ValueError, IndexError)):
            whole_number_options(text)


def test_every_option_of_the_product_is_wanted() -> None:
    offered, settings, wanted = read_estimate_options(
        options(gpus=("H100-SXM-80GB,A100-SXM-80GB",), tp_degrees="1,2", weight_bits=8)
    )
    assert {(one.gpu.gpu, one.tp_degree) for one in wanted} == {
        (gpu, degree) for gpu in ("H100-SXM-80GB", "A100-SXM-80GB") for degree in (1, 2)
    }
    assert settings.weight_bits == 8
    assert all(one.offered == offered for one in wanted)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("arrival_s\n0\n1\n")
    wrong = options(
        llms=("llama-3.1-8",),
        tp_degrees="1,1",
        cv=-1.0,
        requests=10,
        scheduler="fifo",
        lengths=str(tmp_path / "trace.csv"),
    )
    with pytest.raises(DataError) as caught:
        read_estimate_options(wrong)
    text = str(caught.value)
    for place in ("--llm", "--tp", "--cv", "--requests", "--scheduler", "trace.csv"):
        assert place in text
    assert "llama-3.1-8b" in text, "the nearest name is offered"


@pytest.mark.parametrize("option", ["requests", "step_tokens", "input_tokens", "output_tokens"])
def test_numbers_that_no_machine_can_work_with_are_faults(option: str) -> None:
    with pytest.raises(DataError, match="--" + option.replace("_", "-")):
        read_estimate_options(options(**{option: 10**9}))


def test_the_loss_of_sharing_in_the_help_is_that_of_the_model() -> None:
    assert options().sharing_loss_pct == SHARING_LOSS_PCT


def test_cached_tokens_are_fewer_than_those_of_a_prompt() -> None:
    offered, _, _ = read_estimate_options(options(input_tokens=500, cached_tokens=499))
    assert offered.cached_tokens == 499
    for wrong in (500, -1):
        with pytest.raises(DataError, match="--cached-tokens"):
            read_estimate_options(options(input_tokens=500, cached_tokens=wrong))
