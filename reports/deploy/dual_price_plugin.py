"""LiteLLM by dual prices: a request for the fleet goes to the LLM of the highest score - price.

In the same folder: router_policy.json (the prices) and router.py (the rule).

In the proxy   `callbacks: [dual_price_plugin.proxy_hook]` in config.yaml: a request for `fleet` is
               given the LLM's own model group
In the SDK     `litellm.Router(..., plugins=[DualPrice.from_environment()])`, where the release has
               routing plugins (July 2026 and later)

Scores come from a predictor: anything with `scores(prompt, prompt_id) -> {LLM: score}`, on the
scale of the scores that were planned with. Without one the weights in config.yaml decide: the
planned fractions, at random. Environment:

    SCORES_TABLE          CSV file with prompt_id and one column per LLM: scores by table, for
                          prompts that are known beforehand
    SCORE_PREDICTOR       module:attribute of your own predictor
    PLAN_CORRECT_SECONDS  correct the prices by what each LLM got, once per this many seconds and
                          300 requests (default 60); 0 = never
    PLAN_FOLLOW_SECONDS   take the prices of the live load too, once per this many seconds, in place
                          of the above; 0 = never (default)
    PLAN_WORKERS          processes that share the requests equally: each sees its part of the load
                          (default 1)

A request names its prompt by `metadata: {"prompt_id": ...}`; else its last user message is
used. The id only decides ties.
"""

import csv
import importlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from litellm.integrations.custom_logger import CustomLogger
from router import Router

__all__ = ["DualPrice", "ScorePredictor", "ScoresTable", "proxy_hook"]

POLICY = Path(__file__).with_name("router_policy.json")
FLEET = "fleet"
CORRECT_SECONDS, LEAST_REQUESTS = 60.0, 300
"""An interval is at least so long, and holds at least so many requests: counts of fewer are mostly
noise, which the correction would follow.
"""
LOG = logging.getLogger(__name__)


class ScorePredictor(Protocol):
    """What must be supplied: how good each LLM's answer to a prompt is expected to be."""

    def scores(self, prompt: str, prompt_id: str) -> Mapping[str, float]:
        """Scores by LLM, named as in the scenario; {} where nothing is known."""


class ScoresTable:
    """Scores looked up by prompt id."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read a table as the planner reads it: prompt_id, one column per LLM."""
        with open(path, encoding="utf-8-sig", newline="") as stream:
            self._rows = {
                row["prompt_id"]: {
                    llm: float(score)
                    for llm, score in row.items()
                    if llm not in ("prompt_id", "weight") and score and not score.isalpha()
                }
                for row in csv.DictReader(stream)
            }

    def scores(self, prompt: str, prompt_id: str) -> Mapping[str, float]:
        """Scores of a known prompt."""
        return self._rows.get(prompt_id, {})


class DualPrice(CustomLogger):
    """Chooses the LLM of a request.

    correct, follow: seconds of an interval, 0 = never; clock: seconds.
    """

    def __init__(
        self,
        router: Router,
        backends: Mapping[str, Sequence[Mapping[str, Any]]],
        predictor: ScorePredictor | None,
        follow: float = 0.0,
        workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
        correct: float = CORRECT_SECONDS,
    ) -> None:
        super().__init__()
        self.router, self.predictor = router, predictor
        self._groups = {llm: rows[0]["group"] for llm, rows in backends.items() if rows}
        self._models = {llm: rows[0]["model"] for llm, rows in backends.items() if rows}
        self._follow, self._workers, self._clock = follow, workers, clock
        self._interval = follow or correct
        self._since, self._counts = clock(), Counter[str]()

    @classmethod
    def from_environment(cls) -> "DualPrice":
        """Read the policy in the folder of this file, and the environment."""
        backends = json.loads(POLICY.read_text(encoding="utf-8"))["backends"]
        return cls(
            Router.load(POLICY),
            backends,
            predictor_of(os.environ),
            follow=float(os.environ.get("PLAN_FOLLOW_SECONDS") or 0),
            workers=int(os.environ.get("PLAN_WORKERS") or 1),
            correct=float(os.environ.get("PLAN_CORRECT_SECONDS") or CORRECT_SECONDS),
        )

    def choose(self, messages: object, metadata: object) -> str | None:
        """The LLM of a request; None where there is no predictor."""
        if self.predictor is None:
            return None
        prompt = last_user_text(messages)
        stated = metadata.get("prompt_id") if isinstance(metadata, Mapping) else None
        prompt_id = prompt if stated is None else str(stated)
        llm = self.router.choose(self.predictor.scores(prompt, prompt_id), prompt_id)
        self._count(llm)
        return llm

    def _count(self, llm: str) -> None:
        """At the end of an interval correct the prices by what each LLM got, and where the load is
        followed, take those of its rate.
        """
        self._counts[llm] += 1
        seconds = self._clock() - self._since
        enough = seconds >= self._interval and self._counts.total() >= LEAST_REQUESTS
        if not self._interval or not enough:
            return
        if self.router.ramp:
            self.router.correct(
                self._counts
            )  # first: these were routed by the prices of the old rate
        if self._follow:
            self.router.at_rate(self._workers * self._counts.total() / seconds)
        if self.router.overloaded:
            LOG.warning("more requests than the plan can serve within its SLOs")
        self._since, self._counts = self._clock(), Counter()

    async def run(self, context: Any) -> Any:
        """The SDK's routing plugin: keep the candidates of the chosen LLM; weights then choose
        among its servers.
        """
        llm = self.choose(context.structured_messages or context.raw_messages, context.metadata)
        kept = [model for model in context.candidate_models if model == self._models.get(llm or "")]
        if kept:
            context.candidate_models = kept
        return context

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict, call_type: Any
    ) -> dict:
        """The proxy's hook: give a request for the fleet the model group of the chosen LLM."""
        if data.get("model") == FLEET:
            llm = self.choose(data.get("messages") or data.get("prompt"), data.get("metadata"))
            data["model"] = self._groups.get(llm or "", FLEET)
        return data


def last_user_text(messages: object) -> str:
    """Text of the last user message; of a bare prompt, the prompt."""
    if not isinstance(messages, list):
        return str(messages or "")
    prompts = [
        message
        for message in messages
        if isinstance(message, Mapping) and message.get("role") == "user"
    ]
    content = prompts[-1].get("content") if prompts else ""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return str(content or "")


def predictor_of(environment: Mapping[str, str]) -> ScorePredictor | None:
    """The predictor that the environment names."""
    if place := environment.get("SCORE_PREDICTOR"):
        module, _, attribute = place.partition(":")
        found: ScorePredictor = getattr(importlib.import_module(module), attribute)
        return found
    table = environment.get("SCORES_TABLE")
    return ScoresTable(table) if table else None


proxy_hook = DualPrice.from_environment()
