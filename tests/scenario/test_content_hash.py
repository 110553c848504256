"""The hash is of the content alone, and sees all of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scenario import content_hash
from planner.scenario.assemble import assemble_instance
from planner.scenario.content_hash import significant_for_hash
from tests.support.scenarios.scenario_case import PROFILES, change


def test_hash_is_of_the_content_only(case: Path) -> None:
    path = case / "scenario.yaml"
    before = assemble_instance(path).sha256
    assert len(before) == 64
    assert assemble_instance(path, ["solver.time_limit_s=1", "solver.seed=3"]).sha256 == before
    assert (
        assemble_instance(path, ["arrival_rate_rps=5.0000000000000001", "slo.0.scope=all"]).sha256
        == before
    )
    lines = PROFILES.splitlines()
    (case / "p.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    pd.read_csv(
        case / "profiles.csv", keep_default_na=False, na_values={"ttft_p95_ms": [""]}
    ).to_parquet(case / "p.parquet")
    pd.read_csv(case / "scores.csv", keep_default_na=False).iloc[::-1].to_parquet(
        case / "s.parquet", index=False
    )
    assert assemble_instance(path, ["profiles=p.csv"]).sha256 == before
    assert assemble_instance(path, ["profiles=p.parquet"]).sha256 == before
    assert assemble_instance(path, ["scores=s.parquet"]).sha256 == before


@pytest.mark.parametrize(
    "override",
    [
        "arrival_rate_rps=5.00000000001",
        "name=other",
        "pools.0.price_usd_per_gpu_h=null",
        "slo=[]",
        "setups.tp_degrees=[1, 2]",
        "scores_missing=drop",
    ],
)
def test_hash_sees_every_key(case: Path, override: str) -> None:
    assert (
        assemble_instance(case / "scenario.yaml", [override]).sha256
        != assemble_instance(case / "scenario.yaml").sha256
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("profiles.csv", "150", "151"),
        ("profiles.csv", "desk", "table"),
        ("scores.csv", "0.5", "0.51"),
    ],
)
def test_hash_sees_every_table(case: Path, name: str, old: str, new: str) -> None:
    before = assemble_instance(case / "scenario.yaml")
    change(case / name, old, new)
    after = assemble_instance(case / "scenario.yaml")
    assert after.sha256 != before.sha256
    differ = {
        key for key, digest in before.table_sha256.items() if after.table_sha256[key] != digest
    }
    assert differ == {"scores" if name == "scores.csv" else "curves"}


def test_hash_sees_what_scores_are_only_where_the_table_says_so(case: Path) -> None:
    path = case / "scenario.yaml"
    before = assemble_instance(path).sha256
    frame = pd.read_csv(case / "scores.csv", keep_default_na=False)
    for word, same in (("predicted", True), ("", True), ("by hand", True), ("graded", False)):
        frame.assign(provenance=word).to_csv(case / "scores.csv", index=False)
        assert (assemble_instance(path).sha256 == before) == same


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_significant_digits_agree_with_printing(values: list[float]) -> None:
    mantissa, exponent = significant_for_hash(np.array(values))
    for value, m, e in zip(values, mantissa, exponent, strict=True):
        if abs(value) > 1e-250:
            assert float(f"{m}e{int(e) - 11}") == pytest.approx(value, rel=6e-12)
            assert 10**11 <= abs(m) < 10**12
    assert (
        significant_for_hash(np.array([0.1 + 0.2, 1e23, 0.0]))
        == significant_for_hash(np.array([0.3, 1e23 * (1 + 1e-15), -0.0]))
    ).all()
    assert (
        significant_for_hash(np.array([0.3])) != significant_for_hash(np.array([0.3 + 1e-11]))
    ).any()


def test_prompts_are_added_to_the_hash_in_parts(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = assemble_instance(case / "scenario.yaml").sha256
    monkeypatch.setattr(content_hash, "PART", 1)
    assert assemble_instance(case / "scenario.yaml").sha256 == whole
