"""The README of a bundle: names as they are, idle LLMs, lengths of the load test, every file."""

import re

from planner.export.bundle import build_bundle
from reports.deploy.readme_start import readme_start_models
from tests.support.plans.bundle_cases import CASES, documents, exported, servers
from tests.support.plans.export_cases import ON, TWO_POOLS, case


def test_the_readme_shows_names_as_they_are() -> None:
    text = exported("hostile").files["README.md"]
    assert not re.search(r"(?<!\\)<(b|script)", text)
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 5
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_llms_without_requests_are_reported() -> None:
    assert (
        "Deployed without requests, as the scenario demands: small."
        in exported("idle").files["README.md"]
    )
    assert "Not in the plan: small." in exported("one").files["README.md"]
    assert [row["name"] for _, row in servers("one")] == ["large-0"]
    (config,) = documents(exported("idle").files["config.yaml"])
    assert config["router_settings"]["fallbacks"] == [
        {"fleet": ["large", "small"]},
        {"small": ["large"]},
        {"large": ["small"]},
    ]
    (config,) = documents(exported("one").files["config.yaml"])
    assert config["router_settings"]["fallbacks"] == [{"fleet": ["large"]}]


def test_an_llm_without_an_option_is_reported_with_the_reason() -> None:
    options = [("small", "TestGPU", 1, 100, 10.0, 400.0), ("large", "TestGPU", 1, 100, 40.0, 40.0)]
    text = build_bundle(case(options, TWO_POOLS[:1], 5.0), ON).files["README.md"]
    (line,) = [line for line in text.splitlines() if line.startswith("Not in the plan: ")]
    assert line.startswith("Not in the plan: small (none of its options can be used: ")
    assert "GiB" in line


def test_the_load_test_has_the_lengths_of_the_curve_where_they_are_known() -> None:
    lengths = dict.fromkeys(server["tokens"] for _, server in servers("trio"))
    assert None not in lengths
    (known,) = re.findall(
        r"--random-input-len (\d+) --random-output-len (\d+) ", exported("trio").files["README.md"]
    )
    assert tuple(map(int, known)) in lengths
    assert {server["tokens"] for _, server in servers("whole")} == {None}
    assert (
        "--random-input-len TOKENS --random-output-len TOKENS "
        in exported("whole").files["README.md"]
    )


def test_the_models_to_set_are_those_that_were_measured_or_assumed() -> None:
    """Of estimates nothing was measured, and their precision is said; `whole` is measured."""
    estimated, measured = (exported(name).files["README.md"] for name in ("trio", "whole"))
    words = "No curve that the plan uses was measured: latencies are estimates, for weights of 16"
    assert f"{words} bits (bf16)" in estimated
    assert "- Estimates assume weights of 16 bits (bf16) unless their source says" in estimated
    assert "- Flags that the measurements were made with" not in estimated
    assert "Set them to what was measured, in the same precision." in measured
    assert "bf16" not in measured
    assert "- Flags that the measurements were made with" in measured
    variables = exported("trio").files["deploy.env"]
    assert "(its curves: none in use was measured, see README.md)" in variables
    rows = [{"title": "a", "measured": True}, {"title": "b", "measured": False}]
    line = readme_start_models(rows)
    assert "Set those of a to what was measured" in line
    assert "No curve of b that the plan uses was measured" in line


def test_rates_and_latencies_say_at_which_rate_they_are_planned() -> None:
    options = [("small", "TestGPU", 1, 100, 10.0, 40.0), ("large", "TestGPU", 1, 100, 40.0, 40.0)]
    source = case(options, TWO_POOLS[:1], 5.0, headroom={"rate_pct": 20})
    text = build_bundle(source, ON).files["README.md"]
    at = "6 req/s (5 + 20 % headroom)"
    assert f"Rates (req/s) and latencies are planned, at {at} in all." in text
    assert f"The plan holds for these curves, at {at}." in text
    (slo,) = source.plan.content["slo"]
    (head,) = [line for line in text.splitlines() if line.startswith("| server | LLM |")]
    assert head.endswith(f"| {slo['statistic']} {slo['metric'].upper()} (ms) |")
    served = source.plan.content["options"][0]
    latency = served["latency_ms"][f"{slo['metric']}_{slo['statistic']}"]
    assert re.search(rf"^\| {served['llm']}-0 .*\| {latency:,.1f} \|$", text, re.MULTILINE)


def test_the_readme_names_every_file() -> None:
    for name in CASES:
        text = exported(name).files["README.md"].partition("## Files")[2]
        assert set(re.findall(r"^\| `([^`]+)` ", text, re.MULTILINE)) == set(
            exported(name).files
        ) - {"README.md"}
