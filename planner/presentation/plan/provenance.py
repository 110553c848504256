"""Where the scores and curves of a plan come from, and how exact its figures are."""

from collections import defaultdict
from collections.abc import Sequence

from planner.plans.schema import PlanContent
from planner.presentation.plan.all_prompts import all_prompts_lines
from planner.presentation.plan.headroom import headroom_lines
from planner.presentation.plan.robustness import robustness_lines
from planner.presentation.plan.simulated_limits import simulated_limit_lines
from profiles.score_tables.score_columns import PLACEHOLDER_SCORES

__all__ = ["ESTIMATES", "assumed_precision_text", "provenance_lines", "score_provenance_line"]

ESTIMATES = ("estimated", "calibrated")
"""Provenances of curves whose precision nobody measured."""
PRECISION = "Estimates assume weights of 16 bits (bf16) unless their source says otherwise"

LINEARIZATION = (
    "Linearization error: none in these figures, which are read off the profiled curves (linear"
    " between points). The search uses simplified curves; what they may cost is inside the gap."
)

SCORES = {
    "predicted": "Quality is promised by the predictor: its scores were never graded"
    " (grades of answers measure them).",
    "calibrated": "Quality is promised by the predictor, whose scores were calibrated on grades.",
    "graded": "Scores are grades of answers, which no router knows beforehand: quality is what"
    " perfect predictions would reach.",
    "placeholder": f"Warning: {PLACEHOLDER_SCORES[0].lower()}{PLACEHOLDER_SCORES[1:]}.",
}


def score_provenance_line(content: PlanContent) -> str:
    """Say what the plan's quality rests on; a plan that does not say was made of predictions."""
    stated = content["context"].get("scores_provenance", "predicted")
    return SCORES.get(stated, SCORES["predicted"])


def provenance_lines(content: PlanContent) -> list[str]:
    """Return the headroom, the provenance of the scores and of the deployed options' curves,
    counted, what these may promise too much, what holds on all prompts, what was simulated near the
    limits, and the sources.
    """
    counts: dict[str, int] = defaultdict(int)
    for option in content["options"]:
        counts[option["provenance"]] += 1
    counted = ", ".join(f"{count} {provenance}" for provenance, count in counts.items())
    return [
        *headroom_lines(content),
        score_provenance_line(content),
        f"Curves at the rates of this plan: {counted}{_unsaid_source(content)}."
        f"{assumed_precision_text(content)}",
        *(f"Warning: {warning}." for warning in content["context"].get("curve_warnings", [])),
        *all_prompts_lines(content),
        *robustness_lines(content),
        *simulated_limit_lines(content),
        LINEARIZATION,
        *_provenance_source_lines(content["context"]["sources"]),
    ]


def assumed_precision_text(content: PlanContent) -> str:
    """Which precision of the weights estimates assume, a sentence after a blank; "" where no curve
    is estimated.
    """
    if not any(option["provenance"] in ESTIMATES for option in content["options"]):
        return ""
    return f" {PRECISION}."


def _unsaid_source(content: PlanContent) -> str:
    """What `measured` is worth where the table has no word on where its points come from: it is the
    default of a row without a provenance.
    """
    measured = any(option["provenance"] == "measured" for option in content["options"])
    if not measured or content["context"]["sources"]:
        return ""
    return " (no source is named for them; points without a provenance count as measured)"


def _provenance_source_lines(sources: Sequence[str]) -> list[str]:
    """Sources: options made in the same way (`option: made; beyond`) in one line, the rest (`tool:
    file; tool: file`) in one, tool by tool.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        option, _, rest = source.partition(": ")
        made, _, beyond = rest.partition("; ")
        groups[made].append(source if not made else f"{option}: {beyond}" if beyond else option)
    folded = {made: options for made, options in groups.items() if made and len(options) > 1}
    lines = [
        f"Source of {len(options)} curves: {made}. {'; '.join(options)}"
        for made, options in folded.items()
    ]
    tools: dict[str, dict[str, None]] = defaultdict(dict)
    for source in sources:
        if source.partition(": ")[2].partition("; ")[0] not in folded:
            for part in source.split("; "):
                tool, colon, file = part.partition(": ")
                tools[tool + colon][file] = None
    rest = "; ".join(tool + ", ".join(files) for tool, files in tools.items())
    return [*lines, f"Source: {rest}"] if rest else lines
