"""The catalogues hold what they promise, and the roofline estimate behaves as a serving system does."""

import csv
import datetime as dt
from itertools import pairwise

import pytest

from profiles.catalogue import FOLDER, GIB, Gpu, LlmSpec, load_gpus, load_llms
from profiles.roofline import LOADS, estimate_points, step_cost

GPUS = tuple(load_gpus().values())
LLMS = tuple(load_llms().values())


def test_catalogues_are_large_enough_and_hold_the_required_keys():
    assert len(GPUS) >= 18
    assert len(LLMS) >= 24
    assert {"A100-PCIe-80GB", "A100-SXM-80GB", "H100-SXM-80GB", "L40S-48GB"} <= set(load_gpus())
    assert {"mistral-7b", "wizardlm-13b", "yi-34b"} <= set(load_llms())
    assert {gpu.vendor for gpu in GPUS} == {"NVIDIA", "AMD"}


@pytest.mark.parametrize(("file", "loaded"), [("gpus.csv", GPUS), ("llms.csv", LLMS)])
def test_every_row_is_read_and_no_key_stands_twice(file, loaded):
    with (FOLDER / file).open(newline="") as table:
        assert len(list(csv.DictReader(table))) == len(loaded)


def test_catalogues_are_read_once_and_cannot_be_changed():
    assert load_gpus() is load_gpus()
    with pytest.raises(TypeError):
        load_llms()["new"] = LLMS[0]


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.gpu)
def test_gpu_figures_are_plausible(gpu: Gpu):
    assert gpu.source
    assert gpu.link
    assert gpu.memory_basis in {"driver", "nominal"}
    assert 10 < gpu.memory_gib < 300
    assert 300 <= gpu.memory_bandwidth_gb_per_s <= 8000
    assert 60 < gpu.bf16_dense_tflops <= 2600
    assert 30 <= gpu.link_gb_per_s <= 1800
    if gpu.fp8_dense_tflops is not None:
        assert gpu.fp8_dense_tflops == pytest.approx(2 * gpu.bf16_dense_tflops, rel=0.02)


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.gpu)
def test_a_price_comes_with_its_date_and_source(gpu: Gpu):
    if gpu.price_usd_per_gpu_h is None:
        assert not gpu.price_date
        assert not gpu.price_source
    else:
        assert 0 < gpu.price_usd_per_gpu_h < 20
        assert dt.date.fromisoformat(gpu.price_date) > dt.date(2024, 1, 1)
        assert gpu.price_source


@pytest.mark.parametrize("llm", LLMS, ids=lambda llm: llm.llm)
def test_llm_figures_are_consistent(llm: LlmSpec):
    assert llm.source
    assert "/" in llm.hf_id
    assert min(llm.layers, llm.hidden_size, llm.kv_heads, llm.head_size) > 0
    assert llm.heads % llm.kv_heads == 0
    assert 0 < llm.parameters_active_b <= llm.parameters_total_b
    assert (llm.experts > 0) == (llm.parameters_active_b < llm.parameters_total_b) == (llm.experts_per_token > 0)
    # The catalogue rounds to 0.001 GiB.
    assert llm.weights_gib_16bit == pytest.approx(2e9 * llm.parameters_total_b / GIB, abs=1e-3)
    assert llm.weights_gib_8bit == pytest.approx(1e9 * llm.parameters_total_b / GIB, abs=1e-3)


def points(llm="mistral-7b", gpu="A100-PCIe-80GB", tp_degree=1, share=1.0):
    return estimate_points(load_llms()[llm], load_gpus()[gpu], tp_degree, share, 500, 150)


@pytest.mark.parametrize("llm", ["mistral-7b", "wizardlm-13b", "yi-34b"])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_every_latency_rises_with_the_rate(llm, share):
    curve = points(llm, share=share)
    assert len(curve) == len(LOADS)
    for low, high in pairwise(curve):
        assert all(high[column] > low[column] for column in low if column.endswith("_ms") or column == "rate_rps")
    for point in curve:
        for metric in ("ttft", "tpot", "e2e"):
            assert point[f"{metric}_p50_ms"] < point[f"{metric}_p90_ms"] < point[f"{metric}_p95_ms"] < point[f"{metric}_p99_ms"]


@pytest.mark.parametrize("llm", ["mistral-7b", "yi-34b"])
def test_more_gpus_and_larger_shares_help_less_and_less(llm):
    by_degree = [points(llm, tp_degree=degree)[-1]["rate_rps"] for degree in (1, 2, 4)]
    assert by_degree[0] < by_degree[1] < by_degree[2] < 4 * by_degree[0]
    assert by_degree[2] / by_degree[1] < by_degree[1] / by_degree[0]
    by_share = [points(llm, share=share)[-1]["rate_rps"] for share in (0.2, 0.4, 0.8)]
    assert by_share[0] < by_share[1] < by_share[2]
    assert by_share[2] / by_share[1] < by_share[1] / by_share[0]


def test_mistral_on_an_a100_saturates_where_servers_do():
    # vLLM serves about 10,000 tokens/s of a 7B LLM on an A100: 650 tokens a request make some 15 req/s.
    assert 10 < points()[-1]["rate_rps"] < 25
    assert 5 < points()[0]["tpot_mean_ms"] < 20
    assert points(gpu="H100-SXM-80GB")[-1]["rate_rps"] > 1.5 * points()[-1]["rate_rps"]


def test_a_step_at_no_load_reads_the_weights_once():
    # 14.48 GB / (1935 GB/s * .84) = 8.91 ms, and 32 layers * 8.4 us + 1.1 ms = 1.369 ms.
    cost = step_cost(load_llms()["mistral-7b"], load_gpus()["A100-PCIe-80GB"], 1, 1.0, 500, 150)
    assert cost is not None
    assert cost.weights == pytest.approx(8.91e-3, rel=1e-3)
    assert cost.fixed == pytest.approx(1.3688e-3)


def test_an_llm_that_does_not_fit_has_no_curve():
    assert points("llama-3.3-70b") == []
    assert points("llama-3.3-70b", "H200-SXM-141GB") == []  # 131.4 GiB of weights, 126.4 GiB usable
    assert points("llama-3.3-70b", tp_degree=4) != []
    assert points("qwen2.5-0.5b", tp_degree=4) == []  # 14 heads do not split into 4
