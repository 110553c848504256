"""A scenario as a workbook: the same hash both ways, all digits, names stay text."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter

from planner.export.input_workbook import write_scenario_input_workbook
from planner.scenario.assemble import assemble_instance
from planner.scenario.load import load_scenario
from planner.scenario.templates import template_inputs
from profiles.io.faults import DataError
from profiles.workbook_layout import SHEETS
from reports.workbook.input_sheets import write_input_book
from tests.support.paths import HOME
from tests.support.scenarios.workbook_case import EXAMPLES, write_case
from tests.support.walls import first_fast, usually

OVERRIDES = [
    "setups.tp_degrees=[2, 1]",
    "setups.mps_shares_pct=[12.5, 100]",
    "setups.memory_headroom_pct=7.25",
    "setups.min_gpu_utilization_pct=12.5",
    "scores_missing=drop",
    "pools.0.memory_gib=79.5",
    "pools.0.price_usd_per_gpu_h=0",
    "llms.0.weights_gib=13.123456789012345",
    "llms.0.min_replicas=1",
    "llms.1.max_replicas=3",
    "arrival_rate_rps=7.1",
    "objective={minimize: cost, quality_at_least: 0.1}",
    (
        "slo=[{metric: e2e, statistic: mean, limit_ms: 90000, scope: each_llm}, {metric: tpot,"
        " statistic: mean, limit_ms: 333.3}]"
    ),
]

PAYLOADS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    *(
        "\uff1d1+1",
        "'=1+1",
        "''",
        "{=1+1}",
        "mailto:a@b.example",
        "external:c:\\x.xlsx",
        "[book.xlsx]Sheet1!A1",
        "Setup!$A$1",
    ),
    *(r"a[b]:c*d?e/f\g", 'DDE("cmd";"/c calc";"x")', "&A&P", "\u202e=1", "a_x000D_b"),
    '=HYPERLINK("http://x","y")',
    "<r><t>x</t></r>",
    "_x0041_",
    "a&b<c>\"d'",
    "12",
    "TRUE",
    "#REF!",
]

FEW_OVERRIDES = ["arrival_rate_rps=41.7", "slo=[]", "setups.mps_shares_pct=[100]"]


@pytest.mark.parametrize(
    ("example", "overrides"),
    first_fast(
        usually([(EXAMPLES[0], FEW_OVERRIDES), *((example, []) for example in EXAMPLES)], (0, 5))
    ),
    ids=lambda one: f"{one.parent.name}-{one.stem}" if isinstance(one, Path) else str(len(one)),
)
def test_same_hash_both_ways(example: Path, overrides: list[str], tmp_path: Path) -> None:
    requested = assemble_instance(example, overrides)
    assert write_scenario_input_workbook(example, overrides, tmp_path / "one.xlsx") == ()
    back = assemble_instance(tmp_path / "one.xlsx")
    assert back.sha256 == requested.sha256
    assert back.scenario.spec.solver == requested.scenario.spec.solver
    assert [option.mps_share for option in back.instance.options] == [
        option.mps_share for option in requested.instance.options
    ]
    write_scenario_input_workbook(tmp_path / "one.xlsx", [], tmp_path / "two.xlsx")
    assert assemble_instance(load_scenario(tmp_path / "two.xlsx")).sha256 == requested.sha256


def test_how_pools_are_paid_comes_back(tmp_path: Path) -> None:
    source = HOME / "examples" / "cheapest-floor" / "scenario.yaml"
    target = tmp_path / "paid.xlsx"
    changes = (
        "pools.0.nodes={at_least: 0, at_most: 5}",
        "pools.1.reserved={nodes: 1, price_usd_per_gpu_h: 1.25}",
        "pools.2.owned=true",
    )
    write_scenario_input_workbook(source, changes, target)
    stated = assemble_instance(source, changes, sizing=True)
    assert assemble_instance(target, sizing=True).sha256 == stated.sha256
    book = openpyxl.load_workbook(target)
    rows = {cell.value: cell.column for cell in book["Pools"][1]}
    book["Pools"].cell(2, rows["Nodes at most"]).value = -1
    book["Pools"].cell(4, rows["Owned"]).value = "maybe"
    book.save(target)
    with pytest.raises(DataError) as caught:
        assemble_instance(target, sizing=True)
    places = {fault.where.partition("!")[2][:1] for fault in caught.value.faults}
    letters = {get_column_letter(rows[head]) for head in ("Nodes at most", "Owned")}
    assert letters <= places


def test_what_scores_are_comes_back(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"])
    frame = pd.read_csv(tmp_path / "scores.csv").assign(provenance="graded")
    frame.to_csv(tmp_path / "scores.csv", index=False)
    write_scenario_input_workbook(case, [], tmp_path / "one.xlsx")
    back = assemble_instance(tmp_path / "one.xlsx")
    assert back.instance.scores.provenance == "graded"
    assert back.sha256 == assemble_instance(case).sha256


def test_every_key_has_its_place(tmp_path: Path) -> None:
    example = HOME / "examples/two-gpu-types/scenario.yaml"
    search = [
        "solver.rel_gap=0.00123",
        "solver.time_limit_s=7.5",
        "solver.threads=2",
        "solver.seed=99",
    ]
    overrides = [*OVERRIDES, *search]
    requested = assemble_instance(example, overrides)
    write_scenario_input_workbook(example, overrides, tmp_path / "one.xlsx")
    spec = load_scenario(tmp_path / "one.xlsx").spec
    names = {"profiles", "scores"}
    assert spec.model_dump(exclude=names) == requested.scenario.spec.model_dump(exclude=names)
    assert assemble_instance(tmp_path / "one.xlsx").sha256 == requested.sha256


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"])
    table = pd.DataFrame(
        {"prompt_id": [f"p{i}" for i in range(400)], "weight": [1 / (i + 3) for i in range(400)]}
    )
    table["a"], table["b"] = (
        [(i * 0.7548776662466927) % 1 for i in range(400)],
        [None if i == 7 else 1 / (i + 1) for i in range(400)],
    )
    table.to_parquet(tmp_path / "scores.parquet")
    overrides = ["scores=scores.parquet", "scores_missing=drop"]
    requested = assemble_instance(case, overrides)
    assert requested.instance.scores.dropped == 1
    write_scenario_input_workbook(case, overrides, tmp_path / "one.xlsx")
    back = assemble_instance(tmp_path / "one.xlsx")
    assert (back.instance.scores.values == requested.instance.scores.values).all()
    assert back.sha256 == requested.sha256


def test_scores_of_many_prompts_stay_in_their_file(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"], prompts=5001)
    (tmp_path / "sub").mkdir()
    notes = write_scenario_input_workbook(case, [], tmp_path / "sub" / "one.xlsx")
    assert notes == ("the sheet Scores is left out; the workbook names ../scores.csv instead",)
    assert "Scores" not in openpyxl.load_workbook(tmp_path / "sub" / "one.xlsx").sheetnames
    assert assemble_instance(tmp_path / "sub" / "one.xlsx").sha256 == assemble_instance(case).sha256


def test_text_that_no_cell_can_hold_stays_in_its_file(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"])
    scores = pd.DataFrame(
        {"prompt_id": ["x" * 40_000, "b\x01ell", "_x005F_"], "a": [1, 2, 3], "b": [2, 3, 1]}
    )
    scores.to_csv(tmp_path / "scores.csv", index=False)
    assert len(write_scenario_input_workbook(case, [], tmp_path / "one.xlsx")) == 1
    assert assemble_instance(tmp_path / "one.xlsx").sha256 == assemble_instance(case).sha256


def test_payloads_stay_text_and_come_back(tmp_path: Path) -> None:
    case = write_case(
        tmp_path, PAYLOADS, prompt_ids=[*PAYLOADS, "007", "1e5", "a\nb", "2026-05-01"]
    )
    write_scenario_input_workbook(case, [], tmp_path / "one.xlsx")
    back = assemble_instance(tmp_path / "one.xlsx")
    assert back.sha256 == assemble_instance(case).sha256
    assert [llm.name for llm in back.scenario.spec.llms] == PAYLOADS
    workbook = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert workbook.sheetnames == list(SHEETS)
    for sheet in workbook:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), (
                    f"{sheet.title}!{cell.coordinate} is {cell.data_type}: {cell.value!r}"
                )
                assert cell.hyperlink is None
    with zipfile.ZipFile(tmp_path / "one.xlsx") as archive:
        assert not any(
            re.search(rb"<(\w+:)?f[ >]", archive.read(name))
            for name in archive.namelist()
            if "worksheets/" in name
        )


def test_a_name_that_no_xml_can_hold_breaks_no_workbook(tmp_path: Path) -> None:
    """It is in a header, and so in the words of a check too; a report says that it was changed."""
    plain = template_inputs()
    scores, settings = (
        pd.DataFrame({"prompt_id": ["p"], "a\uffffb": [0.5]}),
        {**plain.settings, "name": "a\ufffeb"},
    )
    notes = write_input_book(
        tmp_path / "one.xlsx",
        replace(plain, llms=[{"name": "a\uffffb"}], scores=scores, settings=settings),
    )
    assert [note.partition(":")[0] for note in notes] == ["LLMs!A2", "Scores!B1", "Settings!B3"]
    assert openpyxl.load_workbook(tmp_path / "one.xlsx")["Scores"]["B1"].value == "a?b"


def test_a_name_that_no_cell_can_hold_is_refused_and_nothing_written(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a_x005F_b"])
    with pytest.raises(DataError, match="no cell can hold"):
        write_scenario_input_workbook(case, [], tmp_path / "one.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "profiles.csv",
        "scenario.yaml",
        "scores.csv",
    ]
