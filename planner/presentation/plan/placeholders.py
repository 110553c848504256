"""What is said of a plan whose scores were made up."""

from collections.abc import Mapping
from typing import Any

from profiles.records import ScoreProvenance
from profiles.score_tables.score_columns import PLACEHOLDER_SCORES

__all__ = ["placeholder_scores_text"]


def placeholder_scores_text(content: Mapping[str, Any]) -> str:
    """The warning for the scores of a plan of either schema, "" where they are not placeholders; a
    sentence without its full stop.
    """
    stated = content.get("context", {}).get("scores_provenance")
    if stated != ScoreProvenance.PLACEHOLDER:
        return ""
    is_cheapest = content.get("objective", {}).get("of") == "cost"
    return PLACEHOLDER_SCORES + ("; GPUs and cost may then change" * is_cheapest)
