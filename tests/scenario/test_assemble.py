"""Input side: every fault is told, all at once, with file, place, value and fix; sound input
becomes the instance in SI units.
"""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.instance import Slo
from planner.scenario.assemble import load_instance
from planner.scenario.content_hash import significant
from planner.scenario.load import load_scenario, parse_scenario
from planner.scenario.option_rules import needed_columns
from planner.scenario.schema import MinimizeCost, scenario_schema
from profiles.curves import load_profiles
from profiles.io.faults import DataError, Fault, ProfileError, ScenarioError, ScoresError
from profiles.io.tables import read_table, table_of_rows
from profiles.io.yaml_text import parse_yaml
from profiles.scores import load_scores, parse_scores
from tests.support.paths import HOME

SCENARIO = """\
version: 1
name: tiny
pools:
  - {name: a, gpu: G, nodes: 1, gpus_per_node: 4, memory_gib: 80, price_usd_per_gpu_h: 2}
llms:
  - {name: NO, weights_gib: 10}
  - {name: NA, weights_gib: 20, max_replicas: 2}
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: 5
slo:
  - {metric: ttft, statistic: mean, limit_ms: 300}
objective: {maximize: quality}
"""
PROFILES = """\
llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,ttft_p95_ms,memory_gib_per_gpu,provenance,source
NO,G,1,50,2,150,400,12,measured,lab
NO,G,1,50,0,100,200,12,measured,lab
NO,G,2,100,0,80,,8,estimated,desk
NA,G,1,100,1,90,180,22,,
NA,G,1,100,3,190,480,22,interpolated,
"""
SCORES = """\
prompt_id,NO,NA,weight,other
p1,0.5,0.25,1,x
p2,0.75,1,3,y
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Folder with a sound scenario and its tables."""
    for name, text in (
        ("scenario.yaml", SCENARIO),
        ("profiles.csv", PROFILES),
        ("scores.csv", SCORES),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(case: Path, *overrides: str) -> list[Fault]:
    with pytest.raises(DataError) as caught:
        load_instance(case / "scenario.yaml", overrides)
    for fault in caught.value.faults:
        assert fault.problem
        assert fault.fix
        assert "\n" not in str(fault)
    return list(caught.value.faults)


def told(case: Path, *overrides: str) -> str:
    return "\n".join(str(fault) for fault in faults_of(case, *overrides))


# --- what becomes of sound input ------------------------------------------------------------------


def test_instance_in_si_units(case: Path) -> None:
    loaded = load_instance(case / "scenario.yaml")
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
        "ignored 1 columns that are no LLM of the scenario: other" in notice
        for notice in loaded.notices
    )


def test_defaults_are_the_contract_s(case: Path) -> None:
    spec = load_scenario(case / "scenario.yaml").spec
    assert (
        spec.scores_missing,
        spec.slo[0].scope,
        spec.llms[0].min_replicas,
        spec.llms[0].max_replicas,
    ) == ("error", "all", 0, None)
    assert spec.setups.model_dump() == {
        "tp_degrees": None,
        "mps_shares_pct": None,
        "memory_headroom_pct": 10.0,
        "min_gpu_utilization_pct": 0.0,
    }
    assert spec.solver.model_dump() == {
        "rel_gap": 1e-4,
        "time_limit_s": 60.0,
        "threads": 1,
        "seed": 0,
    }


def test_bom_crlf_spaces_and_blank_rows_are_harmless(case: Path) -> None:
    before = load_instance(case / "scenario.yaml").sha256
    text = (
        PROFILES.replace("\n", ",\n", 1).replace("NO,G,1", "NO , G,1").replace("\n", "\r\n")
        + "\r\n,,,,,,,,,\r\n"
    )
    (case / "profiles.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (case / "scenario.yaml").write_bytes(b"\xef\xbb\xbf" + SCENARIO.replace("\n", "\r\n").encode())
    assert load_instance(case / "scenario.yaml").sha256 == before


def test_one_point_option_and_no_slo(case: Path) -> None:
    assert load_instance(case / "scenario.yaml", ["slo=[]"]).instance.slos == ()


def test_cost_objective(case: Path) -> None:
    loaded = load_instance(
        case / "scenario.yaml", ["objective={minimize: cost, quality_at_least: 0.5}"]
    )
    assert isinstance(loaded.scenario.spec.objective, MinimizeCost)
    assert (loaded.instance.objective, loaded.instance.quality_floor) == ("cost", 0.5)


# --- overrides ------------------------------------------------------------------------------------


def test_overrides_are_yaml_and_the_last_one_counts(case: Path) -> None:
    texts = [
        "slo.0.limit_ms=1",
        "slo.0.limit_ms=250",
        "setups.tp_degrees=[1]",
        "solver.seed=7",
        "llms.1.max_replicas=null",
        "name=NO",
    ]
    scenario = load_scenario(case / "scenario.yaml", texts)
    assert scenario.spec.slo[0].limit_ms == 250
    assert scenario.spec.setups.tp_degrees == (1,)
    assert scenario.spec.llms[1].max_replicas is None
    assert scenario.spec.name == "NO"
    assert scenario.overrides["setups.tp_degrees"] == [1]
    assert load_scenario(case / "scenario.yaml", dict(scenario.overrides)) == scenario


def test_override_of_a_list_then_its_entry_leaves_the_record_alone(case: Path) -> None:
    scenario = load_scenario(
        case / "scenario.yaml", ["setups.tp_degrees=[1, 2]", "setups.tp_degrees.0=4"]
    )
    assert scenario.spec.setups.tp_degrees == (4, 2)
    assert scenario.overrides["setups.tp_degrees"] == [1, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slo.1.limit_ms=3", ["slo has no entry '1'", "its entries are 0 to 0"]),
        ("slo.x=3", ["slo has no entry 'x'"]),
        ("pools.0.nods=3", ["pools.0 has no key 'nods'", "did you mean nodes?", "gpus_per_node"]),
        ("sloo=[]", ["the scenario has no key 'sloo'", "did you mean slo?"]),
        ("name.x=3", ["name is a single value"]),
        ("arrival_rate_rps", ["not KEY=VALUE"]),
        ("arrival_rate_rps=[", ["not sound YAML"]),
        ("arrival_rate_rps=", ["must be a number", "got null"]),
        ("slo.0.limit_ms='3'", ["--set:slo.0.limit_ms", "must be a number", "got '3'"]),
        ("setups.tp_degrees.0=3", ["has no entries; set the whole list"]),
        ("pools=[]", ["the list is empty"]),
        (
            "objective.quality_at_least=0.7",
            ["does not go with", "cheapest", "'objective={minimize: cost, quality_at_least: 0.7}'"],
        ),
    ],
)
def test_bad_overrides(case: Path, text: str, words: list[str]) -> None:
    lines = told(case, text)
    assert all(word in lines for word in words), lines


# --- scenario faults ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("version: 1", "version: 2", "version", "version 1"),
        ("version: 1", "version: 1.0", "version", "version 1"),
        ("version: 1", "version: true", "version", "version 1"),
        ("name: tiny", "name: 7", "name", "put it in quotes"),
        ("name: tiny", "name: ' x'", "name", "plain name"),
        ("name: tiny\n", "", "name", "missing"),
        ("nodes: 1", "nodes: 1.0", "pools.0.nodes", "whole number"),
        ("nodes: 1", "nodes: 0", "pools.0.nodes", "1 or more"),
        ("nodes: 1", "nodes: true", "pools.0.nodes", "got true"),
        ("nodes: 1,", "nodes: 1" + 400 * "0" + ",", "pools.0.nodes", "got"),
        ("memory_gib: 80", "memory_gib: .nan", "pools.0.memory_gib", "finite"),
        (
            "price_usd_per_gpu_h: 2",
            "price_usd_per_gpu_h: -2",
            "pools.0.price_usd_per_gpu_h",
            "0 or more",
        ),
        (
            "arrival_rate_rps: 5",
            "arrival_rate_rps: '60'",
            "arrival_rate_rps",
            "got '60'; write a number without quotes",
        ),
        ("arrival_rate_rps: 5", "arrival_rate_rps: 0", "arrival_rate_rps", "above 0"),
        ("arrival_rate_rps: 5", "arrival_rate_rps: .inf", "arrival_rate_rps", "finite"),
        ("arrival_rate_rps: 5", "arrival_rate_rps: 1_000", "arrival_rate_rps", "got '1_000'"),
        ("arrival_rate_rps: 5", "arrival_rate_rps: 1" + 400 * "0", "arrival_rate_rps", "number"),
        (
            "arrival_rate_rps: 5",
            "arival_rate_rps: 5",
            "arival_rate_rps",
            "did you mean arrival_rate_rps?",
        ),
        ("limit_ms: 300", "limit_ms: -1", "slo.0.limit_ms", "above 0"),
        ("limit_ms: 300", "limit: 300", "slo.0.limit_ms", "missing"),
        (
            "statistic: mean",
            "statistic: p96",
            "slo.0.statistic",
            "write mean, p50, p90, p95 or p99",
        ),
        ("metric: ttft", "metric: TTFT", "slo.0.metric", "did you mean ttft?"),
        ("limit_ms: 300", "limit_ms: 300, scope: each", "slo.0.scope", "each_llm"),
        (
            "slo:\n  - {metric: ttft, statistic: mean, limit_ms: 300}",
            "slo:",
            "slo",
            "must be a list",
        ),
        ("{maximize: quality}", "quality", "objective", "{minimize: cost, quality_at_least"),
        ("{maximize: quality}", "{maximize: cost}", "objective.maximize", "write quality"),
        ("{maximize: quality}", "{minimize: cost}", "objective.quality_at_least", "missing"),
        (
            "{maximize: quality}",
            "{maximize: quality, minimize: cost, quality_at_least: 1}",
            "objective.maximize",
            "does not go",
        ),
        ("{maximize: quality}", "{maximise: quality}", "objective", "not one of the two"),
        ("- {name: NA", "- {name: 'NO'", "llms.1.name", "stands already at llms.0"),
        ("- {name: NA", "- {name: weight", "llms.1.name", "rename"),
        (
            "max_replicas: 2",
            "min_replicas: 3, max_replicas: 2",
            "llms.1.min_replicas",
            "more than max_replicas (2)",
        ),
        (
            "objective:",
            "setups: {tp_degrees: [1, 0]}\nobjective:",
            "setups.tp_degrees.1",
            "1 or more",
        ),
        ("objective:", "setups: {tp_degrees: []}\nobjective:", "setups.tp_degrees", "empty"),
        (
            "objective:",
            "setups: {mps_shares_pct: [101]}\nobjective:",
            "setups.mps_shares_pct.0",
            "100 or less",
        ),
        (
            "objective:",
            "setups: {mps_shares_pct: [0]}\nobjective:",
            "setups.mps_shares_pct.0",
            "above 0",
        ),
        (
            "objective:",
            "setups: {memory_headroom_pct: 101}\nobjective:",
            "setups.memory_headroom_pct",
            "100 or less",
        ),
        (
            "objective:",
            "setups: {min_gpu_utilization_pct: -1}\nobjective:",
            "setups.min_gpu_utilization_pct",
            "0 or more",
        ),
        ("objective:", "solver: {time_limit_s: 0}\nobjective:", "solver.time_limit_s", "above 0"),
        ("objective:", "solver: {rel_gap: -1}\nobjective:", "solver.rel_gap", "0 or more"),
        ("objective:", "solver: {threads: 0}\nobjective:", "solver.threads", "1 or more"),
        ("objective:", "scores_missing: skip\nobjective:", "scores_missing", "error or drop"),
        ("version: 1", "version: 1\nversion: 1", "line 2", "stands twice"),
        ("version: 1", "version: &v 1", "line 1", "anchors"),
        ("version: 1", "version: !!int 1", "line 1", "tags"),
        ("version: 1", "<<: {version: 1}", "line 1", "merge keys"),
        ("version: 1", "%YAML 1.1\n---\nversion: 1", "line 2", "directives"),
        ("objective:", "---\nobjective:", "line 13", "several documents"),
        ("version: 1", "version: 1\n1: 2", "line 2", "not text"),
        ("version: 1", "version: [1", "line 2, column 5", "not sound YAML"),
        ("version: 1", "version: " + 40 * "[" + 40 * "]", "line 1", "nested deeper"),
    ],
)
def test_scenario_faults(case: Path, old: str, new: str, where: str, words: str) -> None:
    change(case / "scenario.yaml", old, new)
    matching = [fault for fault in faults_of(case) if fault.where == where]
    assert matching, told(case)
    assert any(words in str(fault) for fault in matching), matching
    assert all(fault.file == str(case / "scenario.yaml") for fault in matching)


def test_yaml_1_2_keeps_norway(case: Path) -> None:
    faults: list[Fault] = []
    text = "{a: NO, b: on, c: y, d: 1.0e-4, e: 0o17, f: 2024-01-01, g: ~, h: '60', i: 010, j: true}"
    values = {
        "a": "NO",
        "b": "on",
        "c": "y",
        "d": 1e-4,
        "e": 15,
        "f": "2024-01-01",
        "g": None,
        "h": "60",
        "i": 10,
        "j": True,
    }
    assert parse_yaml(text, "f", faults) == values
    assert not faults


def test_scenario_file_that_is_none(case: Path) -> None:
    assert "no such file" in told(case / "scenario.yaml")
    (case / "scenario.yaml").write_text("")
    assert "not a scenario" in told(case)
    (case / "scenario.yaml").write_text("[1, 2]")
    assert "not a scenario" in told(case)
    (case / "scenario.yaml").write_bytes(b"name: \xff\xfe")
    assert "not UTF-8" in told(case)
    (case / "scenario.yaml").write_text("#" * 1_000_001)
    assert "bytes" in told(case)
    with pytest.raises(ScenarioError, match="folder"):
        load_scenario(case)


def test_all_faults_of_all_files_at_once(case: Path) -> None:
    change(case / "scenario.yaml", "arrival_rate_rps: 5", "arrival_rate_rps: '60'\nsetupz: 3")
    change(case / "scenario.yaml", "limit_ms: 300", "limit_ms: 0")
    change(case / "profiles.csv", "NO,G,1,50,2,150", "NO,G,1,50,2,x")
    change(case / "scores.csv", "p2,0.75", "p1,much")
    lines = told(case)
    for part in (
        "scenario.yaml:arrival_rate_rps",
        "scenario.yaml:setupz",
        "scenario.yaml:slo.0.limit_ms",
        "profiles.csv:row 2, column ttft_mean_ms",
        "scores.csv:row 3, column NO",
        "scores.csv:row 3, column prompt_id",
    ):
        assert part in lines, lines


def test_the_narrowest_error_is_raised(case: Path) -> None:
    change(case / "scores.csv", "0.25", "x")
    with pytest.raises(ScoresError):
        load_instance(case / "scenario.yaml")
    change(case / "profiles.csv", "NO,G,1,50,2,150", "NO,G,1,50,2,x")
    with pytest.raises(DataError) as caught:
        load_instance(case / "scenario.yaml")
    assert type(caught.value) is DataError
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (own bytes)
    assert again.faults == caught.value.faults


def test_an_alien_file_gives_few_lines_but_every_kind(tmp_path: Path) -> None:
    faults = [Fault("f", f"row {i}, column a", "", "bad", "fix") for i in range(500)] + [
        Fault("f", "row 9, column b", "", "worse", "fix")
    ]
    lines = str(DataError(faults)).splitlines()
    assert len(lines) == 51
    assert any("worse" in line for line in lines)
    assert lines[-1] == "f: and 451 more"


def test_schema_file_is_current_and_accepts_the_scenario(case: Path) -> None:
    stored = json.loads((HOME / "docs" / "scenario.schema.json").read_text(encoding="utf-8"))
    assert stored == scenario_schema(), (
        'python -c "from pathlib import Path; from planner.scenario.load import *;'
        ' write_schema(Path(...))"'
    )
    content = parse_yaml(SCENARIO, "f", [])
    jsonschema.Draft202012Validator.check_schema(stored)
    jsonschema.validate(content, stored)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {"sloo": []}, stored)


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the table is empty"),
        (b"\n\n", "the table is empty"),
        (b"a,b\n", "no rows below the header"),
        (b"a;b\n1,5;2\n", "separated by semicolons"),
        (b"a\tb\n1\t2\n", "separated by tabs"),
        (b"a,a\n1,2\n", "stands twice in the header"),
        (b",a\n0,1\n", "the column has no name"),
        (b"a,b\n1,2,3\n", "row 2: the row must have 2 cells as the header has, got 3 cells"),
        (b"a,b\n\n1\n", "row 3: the row must have 2 cells"),
        (b"a,b\n1,\xff\n", "row 2: the file is not UTF-8 text"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b'a,b\n"1,2\n', "not sound CSV"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "not sound CSV"),
    ],
)
def test_csv_files_that_are_none(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    faults: list[Fault] = []
    read_table(path, faults)
    assert words in "\n".join(map(str, faults))


def test_files_that_cannot_be_read(case: Path) -> None:
    shutil.move(case / "profiles.csv", case / "profile.csv")
    (case / "scores.csv").unlink()
    (case / "scores.csv").mkdir()
    lines = told(case)
    assert "profiles.csv: there is no such file; did you mean profile.csv?" in lines
    assert "scores.csv: this is a folder" in lines
    assert "ending is neither" in told(case, "scores=scores.txt")
    (case / "s.parquet").write_bytes(b"PAR1 this is none PAR1")
    assert "not a readable Parquet file" in told(case, "scores=s.parquet")
    assert "there is no folder" in told(case, "scores=away/s.parquet")


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("NO,G,1,50,2,150", "NO,G,1,50,-2,150", "row 2, column rate_rps", "negative, got '-2'"),
        ("NO,G,1,50,2,150", "NO,G,1,50,,150", "row 2, column rate_rps", "blank"),
        ("NO,G,1,50,2,150", "NO,G,1,50,0,150", "row 3, column rate_rps", "already in row 2"),
        (
            "NO,G,1,50,2,150",
            'NO,G,1,50,2,"23,4"',
            "row 2, column ttft_mean_ms",
            "has a comma, got '23,4'; write a decimal point",
        ),
        ("NO,G,1,50,2,150", 'NO,G,1,50,2,"1,234"', "row 2, column ttft_mean_ms", "has a comma"),
        (
            "NO,G,1,50,2,150",
            "NO,G,1,50,2,150 ms",
            "row 2, column ttft_mean_ms",
            "not a number, got '150 ms'",
        ),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,1_5", "row 2, column ttft_mean_ms", "not a number"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,NaN", "row 2, column ttft_mean_ms", "NaN"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,-inf", "row 2, column ttft_mean_ms", "finite"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,1e999", "row 2, column ttft_mean_ms", "finite"),
        ("NO,G,1,50,2,150", "NO,G,1,50,2,0", "row 2, column ttft_mean_ms", "not above 0"),
        (
            "NO,G,1,50,2,150",
            "NO,G,1,50,2,",
            "row 2, column ttft_mean_ms",
            "other rows of the option have this column",
        ),
        ("NO,G,1,50,2,150", "NO,G,1.5,50,2,150", "row 2, column tp_degree", "whole number"),
        ("NO,G,1,50,2,150", "NO,G,0,50,2,150", "row 2, column tp_degree", "whole number"),
        ("NO,G,1,50,2,150", "NO,G,1,0,2,150", "row 2, column mps_share_pct", "outside (0, 100]"),
        (
            "NO,G,1,50,2,150",
            "NO,G,1,100.5,2,150",
            "row 2, column mps_share_pct",
            "outside (0, 100]",
        ),
        ("NO,G,1,50,2,150", ",G,1,50,2,150", "row 2, column llm", "blank"),
        ("150,400,12", "150,400,0", "row 2, column memory_gib_per_gpu", "not above 0"),
        ("measured,lab", "Measured,lab", "row 2, column provenance", "did you mean measured?"),
        ("tp_degree", "tp", "column tp_degree", "missing"),
        ("ttft_mean_ms", "ttft_avg_ms", "row 1", "none of the columns"),
        (PROFILES.splitlines()[0] + "\n", "", "row 1", "holds data, not column names"),
    ],
)
def test_profile_faults(case: Path, old: str, new: str, where: str, words: str) -> None:
    change(case / "profiles.csv", old, new)
    with pytest.raises(ProfileError) as caught:
        load_profiles(case / "profiles.csv")
    matching = [str(fault) for fault in caught.value.faults if fault.where == where]
    assert any(words in line for line in matching), str(caught.value)


def test_percentiles_in_order(case: Path) -> None:
    header = PROFILES.splitlines()[0].replace("ttft_p95_ms", "ttft_p50_ms,ttft_p99_ms")
    (case / "profiles.csv").write_text(header + "\nNO,G,1,50,2,150,400,399,12,measured,lab\n")
    with pytest.raises(
        ProfileError, match=r"row 2, column ttft_p99_ms: the percentile is below .*, got '399'"
    ):
        load_profiles(case / "profiles.csv")


def test_many_faulty_cells_are_counted(case: Path) -> None:
    rows = "".join(f"p{i},x,0.5\n" for i in range(5000))
    (case / "scores.csv").write_text("prompt_id,NO,NA\n" + rows)
    with pytest.raises(ScoresError) as caught:
        load_scores(case / "scores.csv", ["NO", "NA"])
    assert len(caught.value.faults) == 21
    assert "rows 22 to 5001, column NO: this is not a number: 4980 more cells" in str(caught.value)


def test_profile_parquet_faults(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "llm": ["a"],
            "gpu": ["G"],
            "tp_degree": [1],
            "mps_share_pct": [100],
            "rate_rps": ["1.5"],
            "ttft_mean_ms": [True],
        }
    )
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(ProfileError) as caught:
        load_profiles(tmp_path / "p.parquet")
    assert "column rate_rps: the column does not hold numbers" in str(caught.value)
    assert "column ttft_mean_ms: the column does not hold numbers, got 'bool'" in str(caught.value)
    frame = frame.assign(rate_rps=1.5, ttft_mean_ms=[float("inf")], llm=[[1]])
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(ProfileError) as caught:
        load_profiles(tmp_path / "p.parquet")
    assert "row 2, column ttft_mean_ms: the number is not finite, got inf" in str(caught.value)
    assert "column llm: the column does not hold text" in str(caught.value)
    twice = pa.table([["a"], ["b"]], names=["llm", "llm"])
    pq.write_table(twice, tmp_path / "p.parquet")
    with pytest.raises(ProfileError, match="twice"):
        load_profiles(tmp_path / "p.parquet")


def test_parquet_names_with_dots(tmp_path: Path) -> None:
    table = pa.table({"prompt_id": [1, 2], "llama-3": [0.5, 1.0], "llama-3.1-8b": [0.25, 0.0]})
    pq.write_table(table, tmp_path / "s.parquet")
    scores, notices = load_scores(tmp_path / "s.parquet", ["llama-3"])
    assert scores.values.tolist() == [[0.5, 1.0]]
    assert scores.prompt_ids.tolist() == ["1", "2"]
    assert "llama-3.1-8b" in notices[0]


def test_unknown_profile_column_is_a_notice(case: Path) -> None:
    change(case / "profiles.csv", "source", "sorce")
    assert any(
        "sorce: did you mean source?" in notice
        for notice in load_instance(case / "scenario.yaml").notices
    )


def test_sheet_rows_make_the_same_table(case: Path) -> None:
    rows: list[list] = [
        ["prompt_id", "NO", "NA", "weight", None],
        ["p1", 0.5, 0.25, 1, None],
        [None] * 5,
        ["p2", 0.75, 1, 3, None],
    ]
    faults: list[Fault] = []
    table = table_of_rows("book.xlsx:scores", rows, faults)
    assert table is not None
    loaded = load_instance(case / "scenario.yaml", scores=table)
    assert loaded.sha256 == load_instance(case / "scenario.yaml").sha256
    table = table_of_rows("book.xlsx:scores", [*rows, ["p3", "0.5", True, 1]], faults)
    assert not faults
    assert table is not None
    assert parse_scores(table, ["NO", "NA"], "error", faults, []) is None
    assert "row 5, column NO: the number is stored as text" in str(faults[0])
    assert "row 5, column NA: this is not a number, got true" in str(faults[1])


# --- scores ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "p2,0.75",
            "p1,0.75",
            "row 3, column prompt_id: the prompt stands twice in the table, got 'p1'",
        ),
        ("p2,0.75", ",0.75", "row 3, column prompt_id: the cell is blank"),
        ("p2,0.75", "p2,NO", "row 3, column NO: this is not a number, got 'NO'"),
        (
            "p2,0.75",
            "p2,",
            "row 3, column NO: the score is missing; fill it in, or set scores_missing: drop",
        ),
        ("p2,0.75", "p2,nan", "row 3, column NO: the score is missing, got 'nan'"),
        ("p2,0.75", "p2,inf", "row 3, column NO: the number is not finite"),
        ("0.25,1,", "0.25,-1,", "row 2, column weight: the weight is negative"),
        ("0.25,1,", "0.25,,", "row 2, column weight: the weight is blank"),
        ("prompt_id,NO", "prompt_id,No", "column NO: the column is missing; did you mean No?"),
        ("prompt_id", "id", "column prompt_id: the column is missing"),
    ],
)
def test_scores_faults(case: Path, old: str, new: str, words: str) -> None:
    change(case / "scores.csv", old, new)
    assert words in told(case)


def test_weights_of_zero(case: Path) -> None:
    change(case / "scores.csv", "0.25,1,", "0.25,0,")
    assert load_scores(case / "scores.csv", ["NO", "NA"])[0].weights.tolist() == [0, 1]
    change(case / "scores.csv", "1,3,", "1,0,")
    assert "the weights sum to zero" in told(case)


def test_missing_scores_are_dropped_and_counted(case: Path) -> None:
    with (case / "scores.csv").open("a") as file:
        file.write("p3,,0.5,1,z\np4,0.5,NaN,1,z\n")
    assert "row 4, column NO" in told(case)
    assert "row 5, column NA" in told(case)
    loaded = load_instance(case / "scenario.yaml", ["scores_missing=drop"])
    assert loaded.instance.scores.dropped == 2
    assert loaded.instance.scores.prompt_ids.tolist() == ["p1", "p2"]
    assert any("dropped 2 of 4 prompts" in notice for notice in loaded.notices)
    (case / "scores.csv").write_text("prompt_id,NO,NA\np1,,1\n")
    assert "none is left" in told(case, "scores_missing=drop")


# --- from profile to options ----------------------------------------------------------------------


def test_dropped_options_say_why_with_numbers(case: Path) -> None:
    def reasons(*overrides: str) -> dict[tuple[str, int], str]:
        return {
            (d.llm, d.tp_degree): d.reason
            for d in load_instance(case / "scenario.yaml", overrides).instance.dropped
        }

    assert reasons() == {}
    assert reasons("setups.tp_degrees=[1]") == {("NO", 2): "2 is not among setups.tp_degrees"}
    assert reasons("setups.mps_shares_pct=[100]") == {
        ("NO", 1): "50 is not among setups.mps_shares_pct"
    }
    assert reasons("pools.0.gpus_per_node=1") == {
        ("NO", 2): "needs 2 GPUs in one node, but a node of a has 1"
    }
    assert reasons("pools.0.memory_gib=20") == {
        ("NA", 1): "needs 22 GiB on each GPU, but 18 of 20 GiB may be filled (memory_headroom_pct)"
    }
    assert reasons("slo.0.statistic=p95", "slo.0.scope=each_llm") == {
        ("NO", 2): "lacks the column ttft_p95_ms for slo.0"
    }
    assert reasons("slo.0.statistic=p90") == {
        ("NO", 2): "lacks every one of ttft_p50_ms, ttft_p90_ms, ttft_p95_ms, ttft_p99_ms for slo.0"
    }


def test_memory_that_fills_the_room_exactly_fits(case: Path) -> None:
    change(case / "profiles.csv", "150,400,12", "150,400,93")
    change(case / "profiles.csv", "100,200,12", "100,200,93")
    loaded = load_instance(
        case / "scenario.yaml", ["pools.0.memory_gib=100", "setups.memory_headroom_pct=7"]
    )
    assert loaded.instance.dropped == ()


def test_needed_columns() -> None:
    assert needed_columns(Slo("e2e", "mean", 1)) == (("e2e", "mean"),)
    assert needed_columns(Slo("e2e", "p90", 1, "each_llm")) == (("e2e", "p90"),)
    assert needed_columns(Slo("e2e", "p90", 1)) == (
        ("e2e", "p50"),
        ("e2e", "p90"),
        ("e2e", "p95"),
        ("e2e", "p99"),
    )


def test_memory_rule(case: Path) -> None:
    change(case / "profiles.csv", "150,400,12", "150,400,14")
    loaded = load_instance(case / "scenario.yaml")
    assert loaded.instance.options[0].memory == 14
    assert any(
        "differs between rows (12, 14); the largest is taken" in warning
        for warning in loaded.instance.warnings
    )
    change(case / "profiles.csv", "80,,8,", "80,,,")
    loaded = load_instance(case / "scenario.yaml")
    assert loaded.instance.options[1].memory == 5  # 10 GiB of weights over 2 shards
    assert any("no KV cache is counted" in warning for warning in loaded.instance.warnings)
    lines = told(case, "llms.0.weights_gib=null")
    assert "scenario.yaml:llms.0.weights_gib: the memory of NO is not known" in lines
    assert (
        load_instance(case / "scenario.yaml", ["llms.0.weights_gib=null", "setups.tp_degrees=[1]"])
        .instance.options[0]
        .memory
        == 14
    )


def test_llms_and_pools_without_options(case: Path) -> None:
    loaded = load_instance(case / "scenario.yaml", ["setups.mps_shares_pct=[50]"])
    assert any(
        "NA has no option and cannot be deployed: 1 option: 100 is not among setups.mps_shares_pct"
        in notice
        for notice in loaded.notices
    )
    assert "llms.1.min_replicas: NA has no option" in told(
        case, "setups.mps_shares_pct=[50]", "llms.1.min_replicas=1"
    )


def test_nothing_to_choose_from_is_a_fault(case: Path) -> None:
    assert "columns llm, gpu: no row is of an LLM and a GPU of the scenario (NO, NA on H)" in told(
        case, "pools.0.gpu=H"
    )
    assert "setups: they leave no option of the profile table" in told(
        case, "setups.tp_degrees=[8]"
    )


def test_shares_written_as_fractions_are_a_fault(case: Path) -> None:
    path = case / "profiles.csv"
    path.write_text(path.read_text().replace(",50,", ",0.5,").replace(",100,", ",1,"))
    assert "column mps_share_pct: the shares look like fractions" in told(case)


def test_a_limit_that_no_option_can_be_judged_by_is_a_fault(case: Path) -> None:
    line = told(case, "slo.0.metric=e2e")
    assert "slo.0.statistic: no option can be judged by it" in line
    assert "ttft_mean_ms" in line


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
    loaded = load_instance(case / "scenario.yaml")
    assert loaded.instance.pools[0].memory == 80
    assert loaded.instance.pools[0].price is not None
    assert loaded.instance.options[1].memory == pytest.approx(13.489 / 2, rel=1e-3)
    assert sum("from the catalogue" in notice for notice in loaded.notices) == 3
    lines = told(
        case, "pools.0.gpu=A100-PCIe-80GBs", "objective={minimize: cost, quality_at_least: 0.1}"
    )
    assert (
        "pools.0.gpu: the GPU is not in the catalogue, got 'A100-PCIe-80GBs'; did you mean"
        " A100-PCIe-80GB?" in lines
    )
    assert "pools.0.price_usd_per_gpu_h: a cost objective needs a price" in lines
    assert "did you mean H100-PCIe-80GB, H100-SXM-80GB or H100-NVL-94GB?" in told(
        case, "pools.0.gpu=H100"
    )
    assert "got 'H1'; state memory_gib" in told(case, "pools.0.gpu=H1"), (
        "a part of a word is no hint"
    )


# --- hash -----------------------------------------------------------------------------------------


def test_hash_is_of_the_content_only(case: Path) -> None:
    path = case / "scenario.yaml"
    before = load_instance(path).sha256
    assert len(before) == 64
    assert load_instance(path, ["solver.time_limit_s=1", "solver.seed=3"]).sha256 == before
    assert (
        load_instance(path, ["arrival_rate_rps=5.0000000000000001", "slo.0.scope=all"]).sha256
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
    assert load_instance(path, ["profiles=p.csv"]).sha256 == before
    assert load_instance(path, ["profiles=p.parquet"]).sha256 == before
    assert load_instance(path, ["scores=s.parquet"]).sha256 == before


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
        load_instance(case / "scenario.yaml", [override]).sha256
        != load_instance(case / "scenario.yaml").sha256
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
    before = load_instance(case / "scenario.yaml").sha256
    change(case / name, old, new)
    assert load_instance(case / "scenario.yaml").sha256 != before


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_significant_digits_agree_with_printing(values: list[float]) -> None:
    mantissa, exponent = significant(np.array(values))
    for value, m, e in zip(values, mantissa, exponent, strict=True):
        if abs(value) > 1e-250:
            assert float(f"{m}e{int(e) - 11}") == pytest.approx(value, rel=6e-12)
            assert 10**11 <= abs(m) < 10**12
    assert (
        significant(np.array([0.1 + 0.2, 1e23, 0.0]))
        == significant(np.array([0.3, 1e23 * (1 + 1e-15), -0.0]))
    ).all()
    assert (significant(np.array([0.3])) != significant(np.array([0.3 + 1e-11]))).any()


# --- any bytes ------------------------------------------------------------------------------------


def assert_sound_or_told(call: Callable[[], object]) -> None:
    """The call succeeds or raises DataError with faults that can be printed; anything else is a
    bug.
    """
    told: str | None = None
    try:
        call()
    except DataError as error:
        told = str(error)
    assert told is None or told.encode()


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def garbled(text: str) -> st.SearchStrategy[bytes]:
    """Bytes at random, or the text with a few pieces replaced, doubled or cut."""
    raw = text.encode()
    piece = st.sampled_from(
        [
            b"",
            b",",
            b"\n",
            b"\r",
            b'"',
            b"NaN",
            b"-1",
            b"1e999",
            b"\x00",
            b"\xff",
            b": ",
            b"- ",
            b"{",
            b"]",
            b"&a",
            b"*a",
            b"?",
            b"!!x ",
            b"|",
            b"\xe2\x80\xa8",
            b"null",
        ]
    )
    cut = st.tuples(st.integers(0, len(raw)), st.integers(0, 12), piece | st.binary(max_size=4))

    def apply(cuts: list[tuple[int, int, bytes]]) -> bytes:
        made = raw
        for at, length, new in cuts:
            made = made[:at] + new + made[at + length :]
        return made

    return st.binary(max_size=200) | st.lists(cut, min_size=1, max_size=4).map(apply)


@FUZZ
@given(data=st.data(), name=st.sampled_from(["scenario.yaml", "profiles.csv", "scores.csv"]))
def test_any_bytes_give_an_instance_or_faults(case: Path, data: st.DataObject, name: str) -> None:
    for file, text in (
        ("scenario.yaml", SCENARIO),
        ("profiles.csv", PROFILES),
        ("scores.csv", SCORES),
    ):
        (case / file).write_bytes(data.draw(garbled(text)) if file == name else text.encode())
    assert_sound_or_told(lambda: load_instance(case / "scenario.yaml"))


@FUZZ
@given(data=st.data())
def test_any_parquet_bytes_give_scores_or_faults(case: Path, data: st.DataObject) -> None:
    pq.write_table(
        pa.table({"prompt_id": ["a", "b"], "NO": [0.5, None], "NA": [1.0, 2.0]}), case / "s.parquet"
    )
    raw = bytearray((case / "s.parquet").read_bytes())
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=4)
    ):
        raw[at] = byte
    (case / "s.parquet").write_bytes(bytes(raw))
    missing = data.draw(st.sampled_from(["error", "drop"]))
    assert_sound_or_told(lambda: load_scores(case / "s.parquet", ["NO", "NA"], missing))


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JUNK = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    "pools",
    "pools.0",
    "llms.0.name",
    "slo",
    "slo.0.metric",
    "objective",
    "setups",
    "setups.tp_degrees",
    "solver.seed",
    "version",
    "a.b",
]


@settings(max_examples=200, deadline=None)
@given(overrides=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=12), JUNK, max_size=3))
def test_any_override_gives_a_scenario_or_faults(overrides: dict[str, object]) -> None:
    content = parse_yaml(SCENARIO, "f", [])
    assert_sound_or_told(lambda: parse_scenario(content, "f", overrides))
