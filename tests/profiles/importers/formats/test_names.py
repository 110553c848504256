"""Names of LLMs and GPUs: mapped where there is no doubt; quantised models keep their own."""

from pathlib import Path

import pytest

from profiles.importers.formats.names import gpu_key, is_quantised, llm_name_of_model
from tests.support.scenarios.benchmark_files import sglang
from tests.support.scenarios.imports import imported, write


def test_names_are_mapped_where_there_is_no_doubt():
    assert (
        gpu_key("NVIDIA H100 80GB HBM3")
        == gpu_key("NVIDIA-H100-80GB-HBM3")
        == gpu_key("h100-sxm-80gb")
        == "H100-SXM-80GB"
    )
    assert gpu_key("NVIDIA A100-SXM4-80GB") == "A100-SXM-80GB"
    assert gpu_key("AMD Instinct MI300X") == "MI300X-192GB"
    assert gpu_key("Tesla T4") == "T4-16GB"
    assert gpu_key("H100") is gpu_key("NVIDIA A10G") is gpu_key("") is None


@pytest.mark.parametrize(
    "model",
    [
        "Qwen/Qwen3-8B-FP8",
        "RedHatAI/Qwen3-8B-quantized.w4a16",
        "TheBloke/Mistral-7B-GPTQ",
        "x/y-AWQ",
        "x/y-Q4_K_M",
        "x/y-bnb-4bit",
        "a/b-NVFP4",
    ],
)
def test_quantised_models_keep_their_own_name(model: str):
    assert is_quantised(model)
    name, notice = llm_name_of_model(model)
    assert name == model
    assert "quantised" in notice


def test_models_that_are_not_quantised():
    assert not any(
        is_quantised(m)
        for m in (
            "Qwen/Qwen3-8B",
            "mistralai/Mixtral-8x7B-Instruct-v0.1",
            "openai/gpt-oss-20b",
            "a/int-8-model",
        )
    )
    assert llm_name_of_model("qwen/qwen3-8b")[0] == "qwen3-8b"
    name, notice = llm_name_of_model("Qwen/Qwen3-8B", "fp8")
    assert name == "Qwen/Qwen3-8B@fp8"
    assert "quantised" in notice
    assert llm_name_of_model("someone/unknown")[0] == "someone/unknown"


def test_a_server_that_quantises_is_not_the_catalogued_llm(tmp_path: Path):
    server = {**sglang()["server_info"], "quantization": "fp8"}
    frame = imported(write(tmp_path, "a.jsonl", sglang(server_info=server))).frame
    assert frame["llm"].tolist() == ["Qwen/Qwen3-8B@fp8"]
