"""Our own entry points, group -> name -> "module:attribute", in the order in which they are asked.

pyproject.toml states the same for others to read; a checkout that runs without being installed has
no such metadata, so this table is what is loaded, in a checkout and installed alike (a test
compares the two).
"""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["OWN_ENTRY_POINTS", "PluginGroup"]


class PluginGroup(StrEnum):
    """Groups of entry points."""

    IMPORTERS = "llm_planner.importers"
    EXPORTERS = "llm_planner.exporters"
    SCORERS = "llm_planner.scorers"


_FORMATS = "profiles.importers.formats.own_importers"
_SCORERS = "profiles.score_importers.own_scorers"
_EXPORTERS = "planner.export.own_exporters"

OWN_ENTRY_POINTS: Mapping[PluginGroup, Mapping[str, str]] = {
    PluginGroup.IMPORTERS: {
        "sglang": f"{_FORMATS}:SGLANG",
        "vllm": f"{_FORMATS}:VLLM",
        "guidellm": f"{_FORMATS}:GUIDELLM",
        "inference-perf": f"{_FORMATS}:INFERENCE_PERF",
        "aiperf": f"{_FORMATS}:AIPERF",
        "benchmark-report": f"{_FORMATS}:BENCHMARK_REPORT",
    },
    PluginGroup.EXPORTERS: {
        "shell": f"{_EXPORTERS}:SHELL",
        "compose": f"{_EXPORTERS}:COMPOSE",
        "kubernetes": f"{_EXPORTERS}:KUBERNETES",
        "kserve": f"{_EXPORTERS}:KSERVE",
        "llm-d": f"{_EXPORTERS}:LLM_D",
        "keda": f"{_EXPORTERS}:KEDA",
        "production-stack": f"{_EXPORTERS}:PRODUCTION_STACK",
        "litellm": f"{_EXPORTERS}:LITELLM",
        "router": f"{_EXPORTERS}:ROUTER",
        "routellm": f"{_EXPORTERS}:ROUTELLM",
    },
    PluginGroup.SCORERS: {
        "RouterBench": f"{_SCORERS}:ROUTER_BENCH",
        "lm-evaluation-harness": f"{_SCORERS}:LM_EVAL",
        "semantic-router": f"{_SCORERS}:SEMANTIC_ROUTER",
        "LLMRouterBench": f"{_SCORERS}:LLM_ROUTER_BENCH",
    },
}
