"""Values that are allowed and most likely not what was meant: another unit, a fraction for per
cent. They are warnings with the likely cause; the plan is made with the values as they stand.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import numpy as np

from planner.scenario.inputs import InputFindings, add_once
from planner.scenario.schema.specification import MinimizeCost, ScenarioSpec, SloSpec
from profiles.curves import ProfiledOption, ProfileTable
from profiles.physical_bounds import faster_than_weights, least_token_ms, least_weights_gib
from profiles.records import ScoreProvenance, Scores
from profiles.score_tables.score_columns import PLACEHOLDER_SCORES

__all__ = [
    "few_prompts_notice",
    "placeholder_scores_notices",
    "warn_of_implausible_curves",
    "warn_of_implausible_settings",
]

FIT = 0.9
"""Memory of a shard by its part of the weights that is still taken for rounding."""

ONE_DIGIT, MANY = 1.0, 10.0
"""A quality floor up to the first is on the scale 0 to 1; scores beyond the second are not."""

SECONDS = 1e3
"""ms by s: a limit or a latency written in the wrong one is off by this factor."""

FEW_PROMPTS = 1_000
"""With fewer, the reader is told how far a mean over them may be off."""

NORMAL_975 = 1.96
"""97.5 % quantile of the normal distribution: both sides of a 95 % interval."""

FAR_BELOW = 20.0
"""A limit that is merely too strict lies within this factor of the lowest latency."""


def few_prompts_notice(file: str, scores: Scores) -> list[str]:
    """How well a mean over few prompts is known: 95 % interval over prompts of the best score of
    each, with N = 1 / sum w^2 prompts of equal weight; none of FEW_PROMPTS and more.
    """
    count, weights = int(np.count_nonzero(scores.weights)), scores.weights
    if count >= FEW_PROMPTS:
        return []
    best = scores.values.max(axis=0)
    spread = float(weights @ (best - weights @ best) ** 2)
    error = NORMAL_975 * np.sqrt(spread * float(weights @ weights))
    prompts = f"{count:,} prompt{'' if count == 1 else 's'}"
    return [
        f"{file}: {prompts}; a mean quality over so few is known to ± {error:.2g} (95 %, over"
        " prompts, of the best score of each)"
    ]


def placeholder_scores_notices(tables: Mapping[str, Scores]) -> list[str]:
    """A notice for every table of made-up scores. tables: by file, which several classes share."""
    return [
        f"{file}: {PLACEHOLDER_SCORES[0].lower()}{PLACEHOLDER_SCORES[1:]}"
        for file, scores in tables.items()
        if scores.provenance == ScoreProvenance.PLACEHOLDER
    ]


def warn_of_implausible_curves(
    table: ProfileTable, weights: Mapping[str, float | None], findings: InputFindings
) -> None:
    """Latencies that no memory is fast enough for, shards smaller than their weights.

    weights: GiB of each LLM of the scenario, all shards together, None where not known.
    """
    for kind in (_too_fast, _too_small):
        of_llm: dict[str, list[str]] = defaultdict(list)
        for option in table.options:
            if option.llm in weights and (sentence := kind(option, weights[option.llm])):
                of_llm[option.llm].append(sentence)
        for first, *others in of_llm.values():
            more = f" (and {len(others)} more of its curves)" if others else ""
            add_once(findings.warnings, f"{table.file}: {first}{more}")


def _too_fast(option: ProfiledOption, weights: float | None) -> str:
    """A latency below the time in which the weights can be read, "" when there is none."""
    least = least_token_ms(option.llm, option.gpu, option.tp_degree, weights)
    column = min(option.latency_ms, key=lambda name: option.latency_ms[name].min(), default=None)
    if column is None or option.latency_ms[column].min() >= least:
        return ""
    lowest = float(option.latency_ms[column].min())
    cause = "written in seconds" if lowest * SECONDS >= least else "in another unit"
    name = f"{column[0]}_{column[1]}_ms"
    return f"{option.words}: {faster_than_weights(name, lowest, least)}: {cause}?"


def _too_small(option: ProfiledOption, weights: float | None) -> str:
    """Memory of a shard that cannot hold its weights, "" when it can or is not stated."""
    least = (weights or least_weights_gib(option.llm)) / option.tp_degree
    if not option.memory_gib or option.memory_gib[-1] >= FIT * least:
        return ""
    return (
        f"{option.words}: memory_gib_per_gpu is {option.memory_gib[-1]:.3g} GiB, but a"
        f" shard's weights alone take {least:.3g} GiB: in another unit, or without the weights?"
    )


def warn_of_implausible_settings(
    spec: ScenarioSpec, table: ProfileTable, scores: Scores, findings: InputFindings
) -> None:
    """Per cents that look like fractions, a quality floor and SLO limits of another scale."""
    places = [(f"slo.{k}", slo) for k, slo in enumerate(spec.slo)]
    for c, one in enumerate(spec.classes or ()):
        places += [(f"classes.{c}.slo.{k}", slo) for k, slo in enumerate(one.slo)]
    limits = (_limits(place, slo, table.options) for place, slo in places)
    # Several tables of scores have several scales: a floor of their mean says nothing of one.
    floors = _floors(spec, scores) if spec.classes is None else ()
    for sentence in chain(_fractions(spec), floors, *limits):
        add_once(findings.warnings, sentence)


def _fractions(spec: ScenarioSpec) -> Iterator[str]:
    stated = {
        "setups.memory_headroom_pct": spec.setups.memory_headroom_pct,
        "setups.min_gpu_utilization_pct": spec.setups.min_gpu_utilization_pct,
        "headroom.slo_pct": spec.headroom.slo_pct,
        "headroom.rate_pct": spec.headroom.rate_pct,
        "headroom.utilization_pct": spec.headroom.utilization_pct,
    }
    for path, value in stated.items():
        if 0 < value < 1:
            yield f"{path}: {value:g} is {value:g} per cent; did you mean {100 * value:g}?"


def _floors(spec: ScenarioSpec, scores: Scores) -> Iterator[str]:
    """A floor that every routing reaches, because scores have another scale."""
    if not isinstance(spec.objective, MinimizeCost):
        return
    floor, highest = spec.objective.quality_at_least, float(scores.values.max())
    means = scores.values @ scores.weights
    if floor >= float(means.min()):
        return
    on_scale = 0 < floor <= ONE_DIGIT and highest > MANY
    cause = f"; on their scale, did you mean {100 * floor:g}?" if on_scale else ""
    yield (
        f"objective.quality_at_least: {floor:g} is reached by every LLM alone (mean scores"
        f" {means.min():.4g} to {means.max():.4g}), so quality does not limit the cost{cause}"
    )


def _limits(place: str, slo: SloSpec, options: Iterable[ProfiledOption]) -> Iterator[str]:
    """A limit far below every profiled latency that would be met in seconds."""
    lowest = min(
        (
            float(np.min(option.latency_ms[slo.metric, slo.statistic]))
            for option in options
            if (slo.metric, slo.statistic) in option.latency_ms
        ),
        default=0.0,
    )
    if FAR_BELOW * slo.limit_ms < lowest <= SECONDS * slo.limit_ms:
        yield (
            f"{place}.limit_ms: {slo.limit_ms:g} ms is below every profiled"
            f" {slo.metric}_{slo.statistic}_ms (from {lowest:.4g}); in seconds it would be"
            f" {SECONDS * slo.limit_ms:g}"
        )
