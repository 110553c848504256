"""Tokens of a request: means of the curves by rate, and nothing where one curve has none."""

from dataclasses import replace

import pytest

from planner.export.request_tokens import mean_request_tokens
from tests.support.plans.report_cases import small_source


def test_means_are_weighted_by_rate() -> None:
    source = small_source()
    instance = source.loaded.instance
    at = {llm.name: k for k, llm in enumerate(instance.llms)}
    tokens = {name: (100.0 * (k + 1), 10.0) for name, k in at.items()}
    known = [
        replace(o, curve=replace(o.curve, tokens=tokens[instance.llms[o.llm].name]))
        for o in instance.options
    ]
    options = source.plan.content["options"]
    total = sum(option["rate_rps"] for option in options)
    expected = sum(option["rate_rps"] * tokens[option["llm"]][0] for option in options) / total
    found = mean_request_tokens(options, replace(instance, options=tuple(known)))
    assert found == pytest.approx((expected, 10.0))
    first = next(option["llm"] for option in options if option["rate_rps"] > 0)
    unknown = [
        replace(o, curve=replace(o.curve, tokens=(float("nan"), 10.0)))
        if instance.llms[o.llm].name == first
        else o
        for o in known
    ]
    assert mean_request_tokens(options, replace(instance, options=tuple(unknown))) is None


def test_a_plan_without_requests_has_none() -> None:
    source = small_source()
    assert mean_request_tokens([], source.loaded.instance) is None
