"""Scenario, catalogue, profiles and scores become one instance in SI units, or faults."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instance import Slo
from planner.scenario.assemble import assemble_instance
from planner.scenario.schema.specification import MinimizeCost
from tests.support.scenarios.scenario_case import (
    FUZZ,
    PROFILES,
    SCENARIO,
    SCORES,
    assert_sound_or_faulty,
    change,
    fault_lines,
    garbled,
)


def test_instance_in_si_units(case: Path) -> None:
    loaded = assemble_instance(case / "scenario.yaml")
    instance = loaded.instance
    assert [(o.llm, o.pool, o.tp_degree, o.mps_share, o.memory) for o in instance.options] == [
        (0, 0, 1, 0.5, 12.0),
        (0, 0, 2, 1.0, 8.0),
        (1, 0, 1, 1.0, 22.0),
    ]
    first = instance.options[0].curve
    assert first.rates.tolist() == [0, 2]
    assert first.latency[("ttft", "mean")].tolist() == [0.1, 0.15]
    assert first.latency[("ttft", "p95")].tolist() == [0.2, 0.4]
    assert first.provenance == ("measured", "measured")
    assert first.source == "lab"
    assert set(instance.options[1].curve.latency) == {
        ("ttft", "mean")
    }  # blank on all its rows: the option lacks the column
    assert instance.options[2].curve.provenance == ("measured", "interpolated")
    assert instance.slos == (Slo("ttft", "mean", 0.3, "all"),)
    assert instance.memory_headroom == 0.1
    assert instance.scores.llms == ("NO", "NA")
    assert instance.scores.values.tolist() == [[0.5, 0.75], [0.25, 1.0]]
    assert instance.scores.weights.tolist() == [0.25, 0.75]
    assert instance.llms[1].max_replicas == 2
    assert instance.pools[0].price == 2.0
    assert any(
        "ignored 1 column whose name is no LLM of the scenario: other" in notice
        for notice in loaded.notices
    )


def test_cost_objective(case: Path) -> None:
    loaded = assemble_instance(
        case / "scenario.yaml", ["objective={minimize: cost, quality_at_least: 0.5}"]
    )
    assert isinstance(loaded.scenario.spec.objective, MinimizeCost)
    assert (loaded.instance.objective, loaded.instance.quality_floor) == ("cost", 0.5)


def test_catalogue_fills_memory_price_and_weights(case: Path) -> None:
    text = SCENARIO.replace(", memory_gib: 80, price_usd_per_gpu_h: 2", "").replace(
        "gpu: G", "gpu: A100-PCIe-80GB"
    )
    (case / "scenario.yaml").write_text(
        text.replace("{name: NO, weights_gib: 10}", "{name: mistral-7b}")
    )
    change(case / "profiles.csv", "80,,8,", "80,,,")
    for name in ("profiles.csv", "scores.csv"):
        path = case / name
        path.write_text(
            path.read_text().replace("NO,", "mistral-7b,").replace(",G,", ",A100-PCIe-80GB,")
        )
    loaded = assemble_instance(case / "scenario.yaml")
    assert loaded.instance.pools[0].memory == 80
    assert loaded.instance.pools[0].price is not None
    assert loaded.instance.options[1].memory == pytest.approx(13.489 / 2, rel=1e-3)
    of_catalogue = [one for one in loaded.notices if "from the catalogue" in one]
    assert [one.partition(":")[0] for one in of_catalogue] == [
        "memory of a GPU of the pool a",
        "price of a GPU of the pool a",
        "weights of mistral-7b",
    ]
    lines = fault_lines(
        case, "pools.0.gpu=A100-PCIe-80GBs", "objective={minimize: cost, quality_at_least: 0.1}"
    )
    assert (
        "pools.0.gpu: the GPU is not in the catalogue, got 'A100-PCIe-80GBs'; did you mean"
        " A100-PCIe-80GB?" in lines
    )
    assert "pools.0.price_usd_per_gpu_h: a cost objective needs a price" in lines
    assert "did you mean H100-PCIe-80GB, H100-SXM-80GB or H100-NVL-94GB?" in fault_lines(
        case, "pools.0.gpu=H100"
    )
    assert "got 'H1'; state memory_gib" in fault_lines(case, "pools.0.gpu=H1"), (
        "a part of a word is no hint"
    )


@FUZZ
@given(data=st.data(), name=st.sampled_from(["scenario.yaml", "profiles.csv", "scores.csv"]))
def test_any_bytes_give_an_instance_or_faults(case: Path, data: st.DataObject, name: str) -> None:
    for file, text in (
        ("scenario.yaml", SCENARIO),
        ("profiles.csv", PROFILES),
        ("scores.csv", SCORES),
    ):
        (case / file).write_bytes(data.draw(garbled(text)) if file == name else text.encode())
    assert_sound_or_faulty(lambda: assemble_instance(case / "scenario.yaml"))
