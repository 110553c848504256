"""Why shared GPUs may promise too much, in sentences."""

from dataclasses import replace

import pytest

from planner.plans.curve_warnings import curve_warnings
from tests.support.instances.plan_by_hand import tiny


@pytest.mark.parametrize(
    ("share", "neighbours", "provenance", "words"),
    [
        (0.5, "busy", "measured", []),
        (0.5, "busy", "estimated", []),
        (0.2, "busy", "measured", []),
        (1.0, "idle", "estimated", []),
        (0.5, "idle", "measured", ["idle neighbours"]),
        (0.5, "unknown", "measured", ["does not say whether they were busy"]),
        (0.2, "busy", "estimated", ["below 30 %"]),
        (0.2, "idle", "calibrated", ["idle neighbours", "below 30 %"]),
    ],
)
def test_each_reason_is_given_with_the_option(
    share: float, neighbours: str, provenance: str, words: list[str]
) -> None:
    instance = tiny()
    one = instance.options[0]
    curve = replace(
        one.curve, neighbours=neighbours, provenance=(provenance,) * len(one.curve.rates)
    )
    found = curve_warnings(instance, [replace(one, mps_share=share, curve=curve)])
    assert len(found) == len(words)
    for sentence, word in zip(found, words, strict=True):
        assert sentence.startswith(f"small on {100 * share:g} % of a GPU: ")
        assert word in sentence


def test_many_options_are_counted() -> None:
    instance = tiny()
    shares = [replace(instance.options[0], mps_share=k / 100) for k in range(31, 50)]
    (sentence,) = curve_warnings(instance, shares)
    assert "and 11 more: " in sentence
