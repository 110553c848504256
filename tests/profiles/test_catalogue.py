"""The catalogues hold what they promise."""

import csv
import datetime as dt

import pytest

from profiles.catalogue import (
    FOLDER,
    GIB,
    CatalogueGpu,
    CatalogueLlm,
    _tokens_or_none,
    load_catalogue_gpus,
    load_catalogue_llms,
)

GPUS = tuple(load_catalogue_gpus().values())
LLMS = tuple(load_catalogue_llms().values())


def test_catalogues_are_large_enough_and_hold_the_required_keys():
    assert len(GPUS) >= 18
    assert len(LLMS) >= 24
    assert {"A100-PCIe-80GB", "A100-SXM-80GB", "H100-SXM-80GB", "L40S-48GB"} <= set(
        load_catalogue_gpus()
    )
    assert {"mistral-7b", "wizardlm-13b", "yi-34b"} <= set(load_catalogue_llms())
    assert {gpu.vendor for gpu in GPUS} == {"NVIDIA", "AMD"}


@pytest.mark.parametrize(("file", "loaded"), [("gpus.csv", GPUS), ("llms.csv", LLMS)])
def test_every_row_is_read_and_no_key_appears_twice(file, loaded):
    with (FOLDER / file).open(newline="") as table:
        assert len(list(csv.DictReader(table))) == len(loaded)


def test_catalogues_are_read_once_and_cannot_be_changed():
    assert load_catalogue_gpus() is load_catalogue_gpus()
    with pytest.raises(TypeError):
        load_catalogue_llms()["new"] = LLMS[0]


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.gpu)
def test_gpu_figures_are_plausible(gpu: CatalogueGpu):
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
def test_a_price_comes_with_its_date_and_source(gpu: CatalogueGpu):
    if gpu.price_usd_per_gpu_h is None:
        assert not gpu.price_date
        assert not gpu.price_source
    else:
        assert 0 < gpu.price_usd_per_gpu_h < 20
        assert dt.date.fromisoformat(gpu.price_date) > dt.date(2024, 1, 1)
        assert gpu.price_source


@pytest.mark.parametrize("llm", LLMS, ids=lambda llm: llm.llm)
def test_llm_figures_are_consistent(llm: CatalogueLlm):
    assert llm.source
    assert "/" in llm.hf_id
    assert min(llm.layers, llm.hidden_size, llm.kv_heads, llm.head_size) > 0
    assert llm.heads % llm.kv_heads == 0
    assert 0 < llm.parameters_active_b <= llm.parameters_total_b
    assert llm.vocabulary_matrices in (1, 2)
    assert llm.context_tokens is None or 2048 <= llm.context_tokens <= 2**20
    in_vocabulary = llm.vocabulary_matrices * llm.vocabulary * llm.hidden_size
    assert 0.005 < in_vocabulary / (1e9 * llm.parameters_active_b) < 0.4
    assert (
        (llm.experts > 0)
        == (llm.parameters_active_b < llm.parameters_total_b)
        == (llm.experts_per_token > 0)
    )
    # The catalogue rounds to 0.001 GiB.
    assert llm.weights_gib_16bit == pytest.approx(2e9 * llm.parameters_total_b / GIB, abs=1e-3)
    assert llm.weights_gib_8bit == pytest.approx(1e9 * llm.parameters_total_b / GIB, abs=1e-3)


def test_the_longest_context_is_whole_tokens_or_blank():
    llms = load_catalogue_llms()
    known = {name: llm.context_tokens for name, llm in llms.items()}
    assert known["llama-2-7b"] == 4096
    assert known["llama-3.3-70b"] == 131_072
    assert known["qwen3-8b"] == 40_960
    assert known["kimi-k2.5"] is None
    assert _tokens_or_none("") is None
    for text in ("0", "-4096", "4096.0", "128k"):
        with pytest.raises(ValueError, match=text):
            _tokens_or_none(text)
