"""The names that tools use -> the catalogues' names, where there is no doubt.

Doubt is never resolved by guessing.

LLMs: the tool's model id must be the catalogue's `hf_id` (letter case aside). Anything else, a
quantised variant above all, keeps the tool's id as its name: its weights and its answers are not
those of the catalogued LLM. GPUs: names as drivers and Kubernetes labels print them. `H100` alone
is none of them: there are three kinds.
"""

import re
from functools import cache

from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

__all__ = ["gpu_key", "gpu_names_like", "is_quantised", "llm_name_of_model"]

_QUANTISED = re.compile(
    r"(?:^|[-_./@])(?:fp8|fp4|nvfp4|mxfp4|mxfp8|int8|int4|[48]bit|bnb|awq|gptq|gguf|ggml|exl2|hqq|aqlm|marlin|quantized|"
    r"w\d+a\d+\w*|q[2-8]_\w+|fp8[-_]\w+|\w+-fp8)(?:$|[-_./@])",
    re.IGNORECASE,
)

GPU_ALIASES = {
    "H100-SXM-80GB": ("h100 80gb hbm3", "h100 sxm", "h100 sxm5", "h100 sxm5 80gb", "h100 sxm 80gb"),
    "H100-PCIe-80GB": ("h100 pcie", "h100 pcie 80gb", "h100 80gb pcie"),
    "H100-NVL-94GB": ("h100 nvl", "h100 nvl 94gb"),
    "H200-SXM-141GB": ("h200", "h200 sxm", "h200 141gb hbm3e", "h200 sxm 141gb"),
    "H200-NVL-141GB": ("h200 nvl",),
    "A100-SXM-80GB": ("a100 sxm4 80gb", "a100 sxm 80gb", "a100 80gb sxm"),
    "A100-SXM-40GB": ("a100 sxm4 40gb", "a100 sxm 40gb"),
    "A100-PCIe-80GB": ("a100 80gb pcie", "a100 pcie 80gb"),
    "A100-PCIe-40GB": ("a100 pcie 40gb", "a100 40gb pcie"),
    "GH200-96GB": ("gh200 480gb", "gh200 96gb"),
    "B200-SXM-180GB": ("b200", "b200 sxm"),
    "B300-SXM-288GB": ("b300", "b300 sxm"),
    "GB200-NVL72-186GB": ("gb200", "gb200 nvl72"),
    "L4-24GB": ("l4",),
    "L40-48GB": ("l40",),
    "L40S-48GB": ("l40s",),
    "A10-24GB": ("a10",),
    "A30-24GB": ("a30",),
    "A40-48GB": ("a40",),
    "V100-SXM-32GB": ("v100 sxm2 32gb", "v100 sxm3 32gb"),
    "T4-16GB": ("t4",),
    "RTX-A6000-48GB": ("rtx a6000",),
    "RTX-6000-Ada-48GB": ("rtx 6000 ada generation", "rtx 6000 ada"),
    "RTX-PRO-6000-96GB": ("rtx pro 6000 blackwell workstation edition",),
    "MI210-64GB": ("mi210",),
    "MI300X-192GB": ("mi300x",),
    "MI325X-256GB": ("mi325x",),
    "MI350X-288GB": ("mi350x",),
    "MI355X-288GB": ("mi355x",),
}
"""Catalogue key -> names without maker, in lower case, words apart by spaces."""


def _bare(name: str) -> str:
    words = re.sub(r"[-_\s]+", " ", name.casefold()).strip()
    return re.sub(r"^(nvidia|tesla|amd|instinct|geforce| )+", "", words).strip()


@cache
def _gpu_keys() -> dict[str, str]:
    keys = {_bare(key): key for key in load_catalogue_gpus()}
    keys |= {alias: key for key, aliases in GPU_ALIASES.items() for alias in aliases}
    return keys


def gpu_key(name: str) -> str | None:
    """The catalogue's key of a GPU name; None when the name says too little or is unknown."""
    return _gpu_keys().get(_bare(name))


def gpu_names_like(name: str) -> tuple[str, ...]:
    """The catalogue's keys that begin like a name that says too little."""
    bare = _bare(name)
    return tuple(
        key
        for key in load_catalogue_gpus()
        if bare and _bare(key).split(" ")[0] == bare.split(" ")[0]
    )


def is_quantised(model: str) -> bool:
    """Whether a model id names a quantisation (FP8, AWQ, GPTQ, GGUF, w4a16 and so on)."""
    return _QUANTISED.search(model) is not None


def llm_name_of_model(model: str, quantization: str = "") -> tuple[str, str]:
    """(name in the table, a notice or "").

    quantization: what the server was started with, "" or "none" for none.
    """
    catalogued = next(
        (
            llm.llm
            for llm in load_catalogue_llms().values()
            if llm.hf_id.casefold() == model.casefold()
        ),
        None,
    )
    quantized = quantization.casefold() not in (
        "",
        "none",
        "null",
        "auto",
        "bf16",
        "bfloat16",
        "fp16",
        "float16",
    )
    if quantized and not is_quantised(model):
        name = f"{model}@{quantization.casefold()}"
        return (
            name,
            (
                f"the server of {model} quantised it ({quantization}), so the table calls it"
                f" {name}; --llm gives another name"
            ),
        )
    if catalogued is not None:
        return catalogued, (
            "" if catalogued == model else f"{model} is {catalogued} of the catalogue"
        )
    kind = (
        "a quantised LLM that is not in the catalogue"
        if is_quantised(model)
        else "not in the catalogue"
    )
    return (
        model,
        (
            f"{model} is {kind}, so its id is its name, and the scenario must state its"
            " weights_gib; --llm gives another name"
        ),
    )
