"""The step time against numbers worked out by hand, and in its limits."""

import dataclasses

import numpy as np
import pytest

from models.serving.step_time import (
    FACTORS,
    PrecisionError,
    StepSettings,
    step_fits_shards,
    step_kv_token_gib,
    step_room_gib,
    step_time,
)
from profiles.catalogue import GIB, load_catalogue_gpus, load_catalogue_llms

H100 = load_catalogue_gpus()["H100-SXM-80GB"]
LLAMA = load_catalogue_llms()["llama-3.1-8b"]
MOE = load_catalogue_llms()["qwen3-30b-a3b"]


def test_a_dense_llm_on_one_gpu_is_as_worked_out_by_hand() -> None:
    step = step_time(LLAMA, H100, 1)
    matrix = 128256 * 4096  # looked up, and multiplied once a sequence
    assert step.compute == pytest.approx(2 * (8.03e9 - 2 * matrix) / (989.5e12 * 0.57))
    assert step.sequence == pytest.approx(27e-6 + 2 * matrix / (989.5e12 * 0.57))
    assert step.dense == pytest.approx(16.06e9 / (3350e9 * 0.84))
    assert step.expert == 0
    assert step.kv == pytest.approx(
        131072 / (3350e9 * 0.75)
    )  # 32 layers * 8 heads * 128 * 2 (K and V) * 2 bytes
    assert step.attention == pytest.approx(4 * 32 * 32 * 128 / (989.5e12 * 0.5))
    assert (step.link, step.latency) == (0, 0)
    assert step.fixed == pytest.approx(32 * 8.4e-6 + 1.1e-3)


def test_a_step_of_decodes_and_a_step_with_a_prompt() -> None:
    step = step_time(LLAMA, H100, 1)
    decodes = step.dense + step.fixed + 4 * (1000 * step.kv + step.sequence)
    assert step.of(4, 4000) == pytest.approx(decodes)
    prompt = 2000 * step.compute + step.fixed + step.attention * 2000 * 1000 + step.sequence
    assert step.of(0, 0, 2000, 2000 * 1000, 1) == pytest.approx(prompt)


def test_experts_are_read_as_far_as_they_are_touched() -> None:
    step = step_time(MOE, H100, 1)
    one, many = step.base(np.array([1.0, 256.0])) - step.fixed
    per_second = 3350e9 * 0.84
    assert step.fixed == pytest.approx(48 * (8.4e-6 + 8 * 5e-6) + 1.1e-3)
    assert one == pytest.approx(2 * MOE.parameters_active_b * 1e9 / per_second, rel=1e-6)
    assert many == pytest.approx(2 * MOE.parameters_total_b * 1e9 / per_second, rel=1e-3)


def test_factors_scale_what_they_name_and_nothing_else() -> None:
    step = step_time(MOE, H100, 2)
    for k, name in enumerate(FACTORS):
        factors = np.ones(len(FACTORS))
        factors[k] = 3.0
        scaled = dataclasses.asdict(step.scaled(factors))
        changed = {
            field for field, value in dataclasses.asdict(step).items() if scaled[field] != value
        }
        assert changed == ({"dense", "expert"} if name == "weights" else {name})
        assert all(scaled[field] == pytest.approx(3 * getattr(step, field)) for field in changed)


def test_beside_busy_neighbours_all_but_the_front_end_takes_its_share_of_the_gpu() -> None:
    whole, half = (step_time(MOE, H100, 2, share) for share in (1.0, 0.5))
    own = StepSettings(sharing_loss=0.0)
    for name in FACTORS:
        if name not in ("front_end", "weights"):
            assert getattr(half, name) == pytest.approx(getattr(whole, name) / (0.5 * 0.925))
            third = getattr(step_time(MOE, H100, 2, 1 / 3, own), name)
            assert third == pytest.approx(3 * getattr(whole, name))
    assert half.dense == pytest.approx(whole.dense / (0.5 * 0.925))
    assert half.expert == pytest.approx(whole.expert / (0.5 * 0.925))
    assert half.front_end == whole.front_end
    assert half.of(3, 900, 500, 125_000, 1) == pytest.approx(
        whole.of(3, 900, 500, 125_000, 1) / (0.5 * 0.925)
    )


def test_beside_idle_neighbours_a_step_is_slowed_by_its_kind_and_size() -> None:
    whole = step_time(LLAMA, H100, 2)
    half = step_time(LLAMA, H100, 2, 0.5, StepSettings(idle_neighbours=True))
    prompts = 1 + 1 / (1 + np.exp(2.11 - 0.228 * np.log2(1003 / 2)))
    decodes = 1 + 1 / (1 + np.exp(4.15 - 0.540 * np.log2(8 / 2)))
    assert half.of(3, 900, 1000, 500_000, 1) == pytest.approx(
        prompts * whole.of(3, 900, 1000, 500_000, 1)
    )
    assert half.of(8, 4000) == pytest.approx(decodes * whole.of(8, 4000))
    assert 1 < decodes < prompts < 2


def test_precision_changes_weights_cache_and_arithmetic() -> None:
    plain, eight, four = (
        step_time(
            LLAMA, H100, 1, 1.0, StepSettings(weight_bits=bits, kv_bits=8 if bits < 16 else 16)
        )
        for bits in (16, 8, 4)
    )
    assert eight.dense == pytest.approx(plain.dense / 2)
    assert four.dense == pytest.approx(plain.dense / 4)
    assert eight.kv == pytest.approx(plain.kv / 2)
    assert eight.compute == pytest.approx(plain.compute * 989.5 / (1979 * 0.85))
    assert four.compute == plain.compute
    with pytest.raises(PrecisionError):
        StepSettings(weight_bits=5)


def test_memory_and_shards() -> None:
    assert step_kv_token_gib(LLAMA, 1, StepSettings()) == pytest.approx(131072 / GIB)
    assert step_kv_token_gib(LLAMA, 16, StepSettings()) == pytest.approx(
        131072 / 8 / GIB
    )  # 8 KV heads: copied beyond 8 GPUs
    assert step_room_gib(LLAMA, H100, 2, StepSettings()) == pytest.approx(
        0.9 * 79.65 - 14.957 / 2 - 2
    )
    assert [
        step_fits_shards(load_catalogue_llms()["qwen2.5-7b"], degree) for degree in (1, 2, 4, 8)
    ] == [
        True,
        True,
        True,
        False,
    ]


def test_windowed_layers_see_the_window_alone() -> None:
    step = step_time(load_catalogue_llms()["gpt-oss-120b"], H100, 2)
    assert (step.windowed, step.window) == (0.5, 128)
    assert step.seen(np.array([64.0, 128.0, 1128.0])).tolist() == [64, 128, 628]
    assert step_time(LLAMA, H100, 1).seen(np.array(5000)) == 5000


def test_four_bit_weights_compute_in_eight_bits_where_the_gpu_can() -> None:
    llm, b200, four = (
        load_catalogue_llms()["gpt-oss-120b"],
        load_catalogue_gpus()["B200-SXM-180GB"],
        StepSettings(weight_bits=4),
    )
    assert step_time(llm, b200, 1, 1.0, four).compute == pytest.approx(
        step_time(llm, b200, 1).compute / (2 * 0.85)
    )
    assert step_time(llm, H100, 1, 1.0, four).compute == pytest.approx(
        step_time(llm, H100, 1).compute
    )
