"""What a plan reaches where nobody scores the prompts: its fractions, dealt at random.

    quality    sum over LLMs of the fraction times the mean score

A plan's quality needs a score for each prompt when it arrives; a gateway without any sends the same
fractions, and the latencies hold.
"""

import numpy as np

from planner.plans.schema import PlanContent
from profiles.records import Scores

__all__ = ["random_routing_quality", "random_routing_text"]

SHOWN = 5e-6
"""Qualities are shown with five digits."""


def random_routing_quality(content: PlanContent, scores: Scores) -> float:
    """Mean score of the plan's fractions dealt at random. content: of a plan with a setup."""
    means = scores.values @ scores.weights if scores.whole is None else scores.whole.means
    fractions = np.array([content["routing"].get(llm, 0.0) for llm in scores.llms])
    return float(fractions @ means)


def random_routing_text(content: PlanContent, scores: Scores) -> str:
    """A sentence without its full stop; "" where scores of prompts gain nothing."""
    quality, floor = content["quality"], content["context"]["quality_at_least"]
    at_random = random_routing_quality(content, scores)
    if quality is None or quality - at_random < SHOWN:
        return ""
    below = "" if floor is None or at_random >= floor else f", below the required {floor:g}"
    return (
        "A gateway without a score for each prompt sends these fractions at random, which reaches"
        f" quality {at_random:.5f} in place of {quality:.5f}{below}"
    )
