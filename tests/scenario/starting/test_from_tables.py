"""A first scenario from two tables: it is one, it names what is no fact of theirs, and tables that
do not go together are refused.
"""

import re
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.scenario.load import load_scenario
from planner.scenario.starting.from_tables import scenario_text_from_tables
from profiles.io.yaml_text import parse_yaml

HEAD = "llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu\n"
PROFILES = (
    HEAD
    + "small,A100-PCIe-80GB,1,100,2,60,20\n"
    + "small,A100-PCIe-80GB,1,100,20,180,20\n"
    + "small,A100-PCIe-80GB,1,100,30,400,20\n"
    + "large,A100-PCIe-80GB,2,100,1,150,60\n"
    + "large,A100-PCIe-80GB,2,100,6,500,60\n"
    + "large,A100-PCIe-80GB,2,100,9,1400,60\n"
)
SCORES = "prompt_id,small,large,other\np1,0.81,0.84,0.1\np2,0.35,0.77,0.2\n"


def made(folder: Path, profiles: str = PROFILES, scores: str = SCORES) -> tuple[str, list[str]]:
    (folder / "curves.csv").write_text(profiles)
    (folder / "answers.csv").write_text(scores)
    named = ("curves.csv", "answers.csv")
    return scenario_text_from_tables(*(folder / file for file in named), named, "mine")


def refusal(folder: Path, profiles: str = PROFILES, scores: str = SCORES) -> str:
    with pytest.raises(DataError) as error:
        made(folder, profiles, scores)
    return str(error.value)


def test_the_scenario_holds_what_the_tables_say_and_loads(tmp_path: Path) -> None:
    text, notices = made(tmp_path)
    (tmp_path / "scenario.yaml").write_text(text)
    content = load_scenario(tmp_path / "scenario.yaml").spec
    assert [(pool.name, pool.gpus_per_node) for pool in content.pools] == [("A100-PCIe-80GB", 8)]
    assert [llm.name for llm in content.llms] == ["large", "small"]
    # A quarter of 8 GPUs that serve 4.5 req/s of `large` each; 1.5 x the 500 ms of its middle.
    assert content.arrival_rate_rps == pytest.approx(9.0)
    assert [(slo.limit_ms, slo.scope) for slo in content.slo] == [(750.0, "all")]
    assert any("other" in notice for notice in notices), "a column that is no LLM is reported"


def test_an_llm_without_scores_is_left_out_and_reported(tmp_path: Path) -> None:
    text, notices = made(tmp_path, scores="prompt_id,small\np1,0.81\n")
    assert "name: large" not in text
    assert any("no column for large" in notice for notice in notices)


def test_what_no_table_and_no_catalogue_knows_is_named(tmp_path: Path) -> None:
    strange = PROFILES.replace("A100-PCIe-80GB", "Wonder-16")
    text, _ = made(tmp_path, strange)
    content = parse_yaml(text, "x", [])
    # The largest shard, 60 GiB, in 90 % of the memory.
    assert content["pools"][0]["memory_gib"] == 67
    assert re.search(r"# .*price.* of Wonder-16: not in the catalogue", text)
    bare = re.sub(r",[0-9]+\n", "\n", PROFILES).replace(",memory_gib_per_gpu", "")
    assert "#   weights_gib, to be added below llms for large, small" in made(tmp_path, bare)[0]


def test_a_node_holds_the_largest_degree(tmp_path: Path) -> None:
    text, _ = made(tmp_path, PROFILES.replace("PCIe-80GB,2", "PCIe-80GB,16"))
    assert parse_yaml(text, "x", [])["pools"][0]["gpus_per_node"] == 16


def test_without_means_of_all_llms_capacity_alone_limits(tmp_path: Path) -> None:
    rows = PROFILES.replace("ttft_mean_ms", "ttft_mean_ms,tpot_mean_ms")
    rows = re.sub(r"(small.*?),(\d+),20\n", r"\1,\2,,20\n", rows)
    rows = re.sub(r"(large.*?),(\d+),60\n", r"\1,,\2,60\n", rows)
    text, _ = made(tmp_path, rows)
    assert parse_yaml(text, "x", [])["slo"] == []


def test_names_that_yaml_would_misread_stay_text(tmp_path: Path) -> None:
    text, _ = made(tmp_path, PROFILES.replace("small", "no"), "prompt_id,no,large\np1,0.81,0.84\n")
    assert {llm["name"] for llm in parse_yaml(text, "x", [])["llms"]} == {"no", "large"}


def test_tables_in_the_other_order_are_named_as_such(tmp_path: Path) -> None:
    words = refusal(tmp_path, SCORES, PROFILES)
    assert "this is a score table" in words
    assert "it has no column prompt_id" in words


def test_tables_without_a_common_llm_show_both_sets_of_names(tmp_path: Path) -> None:
    words = refusal(tmp_path, scores="prompt_id,Small,Large\np1,0.5,0.6\n")
    assert "large, small" in words
    assert "Small, Large" in words


def test_faults_of_both_tables_are_listed_together(tmp_path: Path) -> None:
    faulty = PROFILES.replace("large,A100-PCIe-80GB,2,100,6,500", "large,A100-PCIe-80GB,2,100,6,x")
    words = refusal(tmp_path, faulty, "prompt_id,small,large\np1,0.81\n")
    assert "curves.csv:row 6, column ttft_mean_ms" in words
    assert "answers.csv:row 2" in words


def test_a_missing_score_is_a_fault_with_its_place(tmp_path: Path) -> None:
    assert "answers.csv:row 2, column large" in refusal(
        tmp_path, scores="prompt_id,small,large\np1,0.81,\n"
    )
