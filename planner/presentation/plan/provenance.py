"""TODO."""

from collections import defaultdict
from collections.abc import Sequence

from planner.plans.schema import PlanContent

LINEARIZATION = (
    "Linearization error: none in this plan's figures, for they are read off the curves themselves"
    " (straight between their points); the search works with simpler lines, and what they may have"
    " overlooked is inside the stated gap."
)


def provenance_lines(content: PlanContent) -> list[str]:
    """Tell where the curves of the deployed options come from: provenance counted, and what the
    sources say.
    """
    counts: dict[str, int] = defaultdict(int)
    for option in content["options"]:
        counts[option["provenance"]] += 1
    told = ", ".join(f"{count} {provenance}" for provenance, count in counts.items())
    return [
        f"Curves at the rates of this plan: {told}.",
        LINEARIZATION,
        *_source_lines(content["context"]["sources"]),
    ]


def _source_lines(sources: Sequence[str]) -> list[str]:
    """Tell sources: options made alike (`option: made; beyond`) in one line, the rest (`tool: file;
    tool: file`) in one, tool by tool.
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
