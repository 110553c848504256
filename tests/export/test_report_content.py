"""Reports: the workbook and the charts of a plan.

Formulas are recalculated by LibreOffice where it is installed.
"""

import json
import math
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from planner.cli.commands.plan import PlanOptions, plan_scenario
from planner.cli.commands.report import ReportOptions, run_report
from planner.cli.terminal.interrupt import Interrupt
from planner.export.report_content import build_report
from planner.export.report_studies import KINDS, run_report_study
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan, write_json
from planner.plans.tables import plan_tables
from planner.scenario.assemble import load_instance
from planner.scenario.templates import TEMPLATE_TEXTS, workbook_inputs
from profiles.workbook_layout import REPORT_SHEETS, SHEETS
from reports.charts import write_charts
from reports.style import CELL_LIMIT, LLM_COLOURS, ink_on, looks_of, safe_text
from reports.workbook.report.write import write_workbook
from tests.support.office import resaved
from tests.support.paths import EXAMPLES


def planned(scenario: Path, *overrides: str) -> PlanAndScenario:
    return plan_scenario(scenario, overrides, Interrupt(), quiet=True)


def written(
    source: PlanAndScenario, path: Path, extras: dict[str, pd.DataFrame] | None = None
) -> Path:
    write_workbook(
        path,
        build_report(source.plan, source.loaded, extras),
        workbook_inputs(source.loaded.scenario, source.loaded.tables, path.parent),
    )
    return path


@pytest.fixture(scope="module")
def trio() -> PlanAndScenario:
    return planned(EXAMPLES / "paper-trio" / "scenario.yaml")


@pytest.fixture(scope="module")
def trio_book(trio: PlanAndScenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(trio, tmp_path_factory.mktemp("trio") / "trio.xlsx")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> PlanAndScenario:
    """The template's scenario, planned in a moment."""
    folder = tmp_path_factory.mktemp("small")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return planned(folder / "scenario.yaml")


@pytest.fixture(scope="module")
def all_extras(small: PlanAndScenario) -> dict[str, pd.DataFrame]:
    settings = small.loaded.settings
    found = [run_report_study(kind, small, settings, None, None) for kind in KINDS]
    assert all(one.complete for one in found)
    return {name: frame for one in found for name, frame in one.tables.items()}


@pytest.fixture(scope="module")
def full_book(
    small: PlanAndScenario,
    all_extras: dict[str, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    return written(small, tmp_path_factory.mktemp("full") / "full.xlsx", all_extras)


def cells(path: Path, *, values: bool) -> Iterator[tuple[str, Any]]:
    for sheet in openpyxl.load_workbook(path, data_only=values):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield f"{sheet.title}!{cell.coordinate}", cell


# ---------------------------------------------------------------- content


def test_sheets_are_those_whose_data_is_there(trio_book: Path, full_book: Path) -> None:
    plain, full = (
        openpyxl.load_workbook(trio_book).sheetnames,
        openpyxl.load_workbook(full_book).sheetnames,
    )
    assert plain == [name for name in REPORT_SHEETS if name in plain] + list(SHEETS)
    computed = {"Sensitivity", "Frontier", "Setups study", "Setups data", "Baselines"}
    assert not computed & set(plain)
    assert computed <= set(full)
    assert "Conflict" not in full


def test_no_sheet_is_empty(full_book: Path) -> None:
    for sheet in openpyxl.load_workbook(full_book, data_only=True):
        assert (
            sum(value is not None for row in sheet.iter_rows(values_only=True) for value in row)
            >= 3
        ), sheet.title


def test_every_formula_carries_its_value(trio_book: Path, full_book: Path) -> None:
    for book in (trio_book, full_book):
        stored = {at: cell.value for at, cell in cells(book, values=True)}
        formulas = [at for at, cell in cells(book, values=False) if cell.data_type == "f"]
        assert len(formulas) > 60
        assert [at for at in formulas if at not in stored] == []


def test_pandas_finds_the_numbers_of_the_named_tables(
    trio: PlanAndScenario, trio_book: Path
) -> None:
    for name, sheet in (("setup", "Setup"), ("routing", "Routing"), ("gpu_map", "Shards")):
        frame = plan_tables(trio.plan.content)[name]
        raw = pd.read_excel(trio_book, sheet_name=sheet, header=None)
        head = next(k for k in range(len(raw)) if raw.iloc[k, 0] == frame.columns[0])
        read = raw.iloc[head + 1 : head + 1 + len(frame)].set_axis(raw.iloc[head], axis=1)
        for header in [h for h in frame.columns if h in list(raw.iloc[head])]:
            if pd.api.types.is_numeric_dtype(frame[header]):
                assert np.allclose(
                    read[header].astype(float), frame[header].astype(float), rtol=1e-12
                ), (sheet, header)
            else:
                assert list(read[header]) == list(frame[header])


def test_totals_and_costs_are_formulas(trio: PlanAndScenario, trio_book: Path) -> None:
    book, values = (
        openpyxl.load_workbook(trio_book),
        openpyxl.load_workbook(trio_book, data_only=True),
    )
    for name, expected in (
        ("cost_usd_per_h", trio.plan.content["cost_usd_per_h"]),
        ("gpus_used", trio.plan.content["gpus_used"]),
        ("checks_all_ok", True),
    ):
        sheet, cell = next(iter(book.defined_names[name].destinations))
        assert book[sheet][cell].data_type == "f"
        assert values[sheet][cell].value == pytest.approx(expected)


def test_all_checks_hold(trio_book: Path, full_book: Path) -> None:
    for path in (trio_book, full_book):
        sheet = openpyxl.load_workbook(path, data_only=True)["Checks"]
        truths = [
            value
            for (value,) in sheet.iter_rows(min_col=2, max_col=2, values_only=True)
            if isinstance(value, bool)
        ]
        assert len(truths) >= 10
        assert all(truths)


def test_a_report_is_an_input(trio: PlanAndScenario, trio_book: Path) -> None:
    again = load_instance(trio_book)
    assert again.sha256 == trio.plan.content["scenario_sha256"]
    assert not [notice for notice in again.notices if "sheet" in notice.lower()]


def test_an_infeasible_plan_is_told(small: PlanAndScenario, tmp_path: Path) -> None:
    """Why, what must change and where, and the best effort as a plan is told, each of its sheets
    saying what it is.
    """
    source = planned(small.loaded.scenario.path, "arrival_rate_rps=500")
    assert source.plan.status == "infeasible"
    best = source.plan.content["conflict"]["best_effort"]
    assert best["change"]["change"] == "arrival_rate_rps"
    path = written(source, tmp_path / "none.xlsx")
    book = openpyxl.load_workbook(path, data_only=True)
    for name in (
        "Assumptions",
        "Setup",
        "Cost",
        "Routing",
        "GPU map",
        "Latency",
        "Shadow prices",
        "Checks",
    ):
        assert book[name]["A2"].value.startswith("Best effort after one change: "), name
    told = {value for row in book["Summary"].iter_rows(values_only=True) for value in row}
    assert {
        "These limits cannot hold together",
        "What must change: any one of these is enough",
        "best effort",
    } <= told
    assert any(str(value).startswith("Infeasible: ") for value in told)
    (row,) = [
        row
        for row in book["Conflict"].iter_rows(values_only=True)
        if str(row[1]).startswith("arrival_rate_rps=")
    ]
    assert row[2] == "Demand & SLO, cell B1"
    assumed = {row[0]: row[1:] for row in book["Assumptions"].iter_rows(values_only=True)}
    assert assumed["Arrival rate"][:2] == (best["change"]["to"], best["change"]["to"])
    assert assumed["Arrival rate"][3] == "best effort: 500 in the scenario"
    assert load_instance(path).sha256 == source.plan.content["scenario_sha256"]
    report = build_report(source.plan, source.loaded)
    assert len(write_charts(tmp_path / "charts", report)) == 6
    assert "Best effort after one change: " in (tmp_path / "charts" / "routing.svg").read_text(
        encoding="utf-8"
    )


def test_a_conflict_without_a_best_effort_is_told(small: PlanAndScenario, tmp_path: Path) -> None:
    source = planned(small.loaded.scenario.path, "arrival_rate_rps=500")
    content = {
        **source.plan.content,
        "conflict": {"limits": ["500 req/s to be served"], "repairs": [], "best_effort": None},
    }
    report = build_report(Plan(content), source.loaded)
    write_workbook(tmp_path / "none.xlsx", report)
    book = openpyxl.load_workbook(tmp_path / "none.xlsx")
    assert book.sheetnames == ["Summary", "Assumptions", "Conflict", "Log"]
    assert any(
        row[0] == "No single change makes the scenario feasible."
        for row in book["Conflict"].iter_rows(values_only=True)
    )
    assert write_charts(tmp_path / "charts", report) == []


def texts(path: Path, sheet: str) -> list[str]:
    rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)
    return [value for row in rows for value in row if isinstance(value, str)]


def test_the_summary_tells_what_was_asked_and_how_sure_it_is(
    small: PlanAndScenario, tmp_path: Path
) -> None:
    cheap = planned(small.loaded.scenario.path, "objective={minimize: cost, quality_at_least: 0.6}")
    rows = list(
        openpyxl.load_workbook(written(cheap, tmp_path / "cheap.xlsx"), data_only=True)[
            "Summary"
        ].iter_rows(values_only=True)
    )
    goal = (
        "my-cluster: lowest cost for 20 req/s on 1 x 2 A100-PCIe-80GB (pool a100), with quality at"
        " least 0.6 and mean TTFT at most 300 ms"
    )
    assert rows[1][0] == f"Goal: {goal}"
    figures = {row[0]: row[1:3] for row in rows}
    assert figures["Quality at least"] == (0.6, "mean score")
    assert figures["Curves measured"] == (0, f"of {len(cheap.plan.content['options'])} curves")
    assert figures["Independent verifier"] == ("no problem", "see Checks")


def test_many_latencies_stand_in_a_table_a_metric(tmp_path: Path, small: PlanAndScenario) -> None:
    """Eight columns are two tables of a page's width, and the charts and the live figures are as
    before.
    """
    folder = small.loaded.scenario.path.parent
    profiles, tails = pd.read_csv(folder / "profiles.csv"), {"p50": 0.8, "p90": 2.0, "p95": 2.5}
    for name, factor in tails.items():
        profiles[f"ttft_{name}_ms"] = factor * profiles["ttft_mean_ms"]
    for name, factor in {"mean": 0.1, **tails}.items():
        profiles[f"tpot_{name}_ms"] = 0.1 * factor * profiles["ttft_mean_ms"]
    profiles.to_csv(tmp_path / "profiles.csv", index=False)
    for name in ("scenario.yaml", "scores.csv"):
        (tmp_path / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    source = planned(
        tmp_path / "scenario.yaml",
        "slo=[{metric: ttft, statistic: mean, limit_ms: 300}, {metric: tpot, statistic: p95,"
        " limit_ms: 500}]",
    )
    path = written(source, tmp_path / "many.xlsx")
    sheet = openpyxl.load_workbook(path, data_only=True)["Latency"]
    assert {"TTFT at the operating points", "TPOT at the operating points"} <= set(
        texts(path, "Latency")
    )
    heads = [
        [value for value in row if value]
        for row in sheet.iter_rows(values_only=True)
        if row[0] == "LLM"
    ]
    assert [[head for head in row if head.endswith("(ms)")] for row in heads] == [
        [f"{metric} {name} (ms)" for name in names]
        for metric, names in (
            ("TTFT", ("mean", "p50", "p90", "p95")),
            ("TPOT", ("p95", "mean", "p50", "p90")),
        )
    ]
    setup = plan_tables(source.plan.content)["setup"]
    told = [row for row in sheet.iter_rows(values_only=True) if row[0] in set(setup["LLM"])]
    assert [row[4] for row in told] == pytest.approx(
        [*setup["TTFT mean (ms)"], *setup["TPOT p95 (ms)"]]
    )


def test_alternatives_are_told(small: PlanAndScenario, tmp_path: Path) -> None:
    source = plan_scenario(
        small.loaded.scenario.path,
        (),
        Interrupt(),
        quiet=True,
        options=PlanOptions(near=2, loss_pct=50.0),
    )
    path = written(source, tmp_path / "near.xlsx")
    frame = build_report(source.plan, source.loaded)["tables"]["alternatives"]
    assert len(frame)
    rows = list(
        openpyxl.load_workbook(path, data_only=True)["Alternatives"].iter_rows(values_only=True)
    )
    start = next(k for k, row in enumerate(rows) if row[0] == "Why it is listed")
    assert [row[1] for row in rows[start + 1 : start + 1 + len(frame)]] == pytest.approx(
        list(frame.iloc[:, 1])
    )
    assert "Other setups nearly as good" in texts(path, "Summary")


def test_the_study_marks_this_plan(small: PlanAndScenario, full_book: Path) -> None:
    rows = {
        row[0]: row[1]
        for row in openpyxl.load_workbook(full_book, data_only=True)["Setups study"].iter_rows(
            values_only=True
        )
    }
    assert rows["Quality of this plan"] == pytest.approx(small.plan.content["quality"])
    assert rows["Quality of this plan"] >= rows["Best quality"] - 1e-4


def test_a_pool_without_a_price_has_no_cost(small: PlanAndScenario, tmp_path: Path) -> None:
    text = small.loaded.scenario.path.read_text(encoding="utf-8").replace(
        "A100-PCIe-80GB", "GPU-X, 80 GB"
    )
    text = re.sub(r"price_usd_per_gpu_h: .*", "memory_gib: 80", text)
    for name in ("profiles.csv", "scores.csv"):
        table = (small.loaded.scenario.path.parent / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            table.replace("A100-PCIe-80GB", '"GPU-X, 80 GB"'), encoding="utf-8"
        )
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    source = planned(tmp_path / "scenario.yaml")
    assert source.plan.content["cost_usd_per_h"] is None
    book = openpyxl.load_workbook(written(source, tmp_path / "free.xlsx"), data_only=True)
    sheet, cell = next(iter(book.defined_names["cost_usd_per_h"].destinations))
    assert book[sheet][cell].value == "no price"


# ---------------------------------------------------------------- looks


def test_sheets_are_set_up_for_reading_and_printing(full_book: Path) -> None:
    book = openpyxl.load_workbook(full_book)
    for name in [name for name in book.sheetnames if name in REPORT_SHEETS]:
        sheet = book[name]
        assert sheet.page_setup.fitToWidth in (None, 1), name  # 1 is the default and left out
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, name
        if name != "Summary":
            assert sheet.freeze_panes, name
            assert sheet.auto_filter.ref, name
    assert book["Summary"].page_setup.fitToHeight in (None, 1)


def test_every_chart_has_data_and_words(full_book: Path) -> None:
    with zipfile.ZipFile(full_book) as archive:
        drawings = [
            archive.read(name).decode()
            for name in archive.namelist()
            if re.match(r"xl/drawings/drawing\d+\.xml", name)
        ]
        charts = [
            archive.read(name).decode()
            for name in archive.namelist()
            if re.match(r"xl/charts/chart\d+\.xml", name)
        ]
    frames = re.findall(r"<xdr:cNvPr [^>]*>", " ".join(drawings))
    assert len(frames) == len(charts) >= 8
    assert all(re.search(r'descr="[^"]{20,}"', frame) for frame in frames)
    assert all("<c:pt idx" in chart for chart in charts)


def test_inks_are_readable_and_looks_are_shared() -> None:
    looks = looks_of({f"llm {k}": "X" for k in range(12)})
    assert [look.colour for look in looks.values()][:10] == list(LLM_COLOURS)
    for colour in LLM_COLOURS:
        assert ink_on(colour) in ("#000000", "#FFFFFF")


# ---------------------------------------------------------------- safety

HOSTILE = (
    *(
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "<r><t>rich</t></r>",
        "_x0041_",
        "$x^2$ and $",
        "http://example.org",
        "  ' \" & < >".strip(),
        *(
            "\uff1d1+1",
            "'=1+1",
            "{=1+1}",
            "mailto:a@b.example",
            "external:c:\\x.xlsx",
            "[book.xlsx]Sheet1!A1",
            "Setup!$A$1",
        ),
        *(r"a[b]:c*d?e/f\g", 'DDE("cmd";"/c calc";"x")', "&A&P"),
    ),
    *("abcdefghijklmnopqrstuvwxyz012345-one", "abcdefghijklmnopqrstuvwxyz012345-two"),
)
NOISE = "=1+1 \x00\x07\x1b[31m \ud800 \ufffe tail"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> PlanAndScenario:
    """Names that spreadsheets would run, cut or drop, in every place where a scenario has one."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = []
    for k, llm in enumerate(HOSTILE):
        rows += [
            (llm, "=GPU()", 1, 100, rate, 50 + 10 * k + 10 * rate, 10, "=HYPERLINK(1)")
            for rate in (1.0, 4.0, 8.0)
        ]
    heads = [
        "llm",
        "gpu",
        "tp_degree",
        "mps_share_pct",
        "rate_rps",
        "ttft_mean_ms",
        "memory_gib_per_gpu",
        "source",
    ]
    pd.DataFrame(rows, columns=heads).to_csv(folder / "profiles.csv", index=False)
    rng = np.random.default_rng(1)
    scores = pd.DataFrame(rng.random((40, len(HOSTILE))), columns=list(HOSTILE))
    scores.insert(0, "prompt_id", [f"=p{k}" for k in range(40)])
    scores.to_csv(folder / "scores.csv", index=False)
    pools = [
        {
            "name": "=POOL()",
            "gpu": "=GPU()",
            "nodes": 6,
            "gpus_per_node": 4,
            "memory_gib": 80,
            "price_usd_per_gpu_h": 1.5,
        }
    ]
    content = {
        "version": 1,
        "name": "=cmd|' /C calc'!A0",
        "pools": pools,
        "llms": [{"name": llm, "min_replicas": 1} for llm in HOSTILE],
    }
    content |= {
        "profiles": "profiles.csv",
        "scores": "scores.csv",
        "arrival_rate_rps": 30,
        "objective": {"maximize": "quality"},
    }
    content["slo"] = [{"metric": "ttft", "statistic": "mean", "limit_ms": 400}]
    (folder / "scenario.yaml").write_text(json.dumps(content), encoding="utf-8")
    return planned(folder / "scenario.yaml")


@pytest.fixture(scope="module")
def hostile_book(hostile: PlanAndScenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile-book") / "hostile.xlsx"
    report = build_report(hostile.plan, hostile.loaded)
    report["tables"]["notices"] = pd.DataFrame(
        {"Notice": [NOISE, "=" + "x" * 40_000, "\U0001f600" * 20_000]}, dtype=object
    )
    write_workbook(
        path, report, workbook_inputs(hostile.loaded.scenario, hostile.loaded.tables, path.parent)
    )
    return path


def test_text_of_the_user_is_never_a_formula(hostile_book: Path) -> None:
    texts: list[str] = []
    for at, cell in cells(hostile_book, values=False):
        if cell.data_type == "f":
            assert not any(name in cell.value for name in (*HOSTILE, "POOL()", "GPU()", "calc")), (
                f"{at}: {cell.value}"
            )
        elif isinstance(cell.value, str):
            texts.append(cell.value)
            assert len(cell.value.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert [
        name
        for name in HOSTILE
        if name not in [text.strip() for text in texts] and name != "_x0041_"
    ] == []
    assert any(text.endswith("(cut)") for text in texts)
    assert any("\\x00\\x07\\x1b[31m \\ud800 \\ufffe tail" in text for text in texts)


def test_names_and_charts_refer_to_cells_alone(hostile_book: Path) -> None:
    with zipfile.ZipFile(hostile_book) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", errors="ignore")
            if name.startswith("xl/charts/chart"):
                for reference in re.findall(r"<c:f>(.*?)</c:f>", text):
                    assert re.fullmatch(
                        r"'?[A-Za-z ]+'?!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?", reference
                    ), reference
            assert "externalLink" not in name
            assert 'TargetMode="External"' not in text, name
        workbook = archive.read("xl/workbook.xml").decode()
    for name, reference in re.findall(
        r'<definedName name="([^"]*)"[^>]*>(.*?)</definedName>', workbook
    ):
        assert re.fullmatch(r"(_xlnm\.)?[A-Za-z0-9_]+", name)
        assert "calc" not in reference


def test_names_that_are_alike_for_31_characters_stay_apart(hostile_book: Path) -> None:
    column = [
        row[0]
        for row in openpyxl.load_workbook(hostile_book, data_only=True)["Setup"].iter_rows(
            values_only=True
        )
    ]
    assert {name for name in HOSTILE if name.startswith("abc")} <= set(column)


@pytest.mark.parametrize(
    "text", ["a", "", "x" * CELL_LIMIT, "\U0001f600" * (CELL_LIMIT // 2), "line\nbreak"]
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert safe_text(text) == text


def test_charts_draw_any_name(hostile: PlanAndScenario, tmp_path: Path) -> None:
    files = write_charts(tmp_path / "charts", build_report(hostile.plan, hostile.loaded))
    assert {path.name for path in files} == {
        f"{n}.{k}" for n in ("routing", "gpu-map", "latency-ttft-mean") for k in ("png", "svg")
    }
    for path in files:
        assert path.stat().st_size > 5_000
        start = path.read_bytes()[:200]
        assert start.startswith(b"\x89PNG") if path.suffix == ".png" else b"<?xml" in start
    assert "<dc:description>Bar chart of the requests by LLM: =1+1" in (
        tmp_path / "charts" / "routing.svg"
    ).read_text(encoding="utf-8")


# ---------------------------------------------------------------- LibreOffice


@pytest.fixture(scope="module")
def conflict_book(small: PlanAndScenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(
        planned(small.loaded.scenario.path, "arrival_rate_rps=500"),
        tmp_path_factory.mktemp("conflict") / "conflict.xlsx",
    )


@pytest.mark.parametrize("which", ["trio_book", "full_book", "hostile_book", "conflict_book"])
def test_libreoffice_comes_to_the_stored_values(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(which)
    formulas = [at for at, cell in cells(path, values=False) if cell.data_type == "f"]
    stored = {at: cell.value for at, cell in cells(path, values=True)}
    anew = {at: cell.value for at, cell in cells(resaved(path, tmp_path), values=True)}
    wrong = []
    for at in formulas:
        mine, theirs = stored[at], anew.get(at)
        near = (
            isinstance(mine, int | float)
            and isinstance(theirs, int | float)
            and math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9)
        )
        if mine != theirs and not near:
            wrong.append((at, mine, theirs))
    assert wrong == []


def test_an_edit_recomputes_the_cost_and_is_told(
    trio: PlanAndScenario, trio_book: Path, tmp_path: Path
) -> None:
    """The second edit is on an input sheet, which the assumptions read."""
    book = openpyxl.load_workbook(trio_book)
    sheet, cell = next(iter(book.defined_names["pool_1_price_usd_per_gpu_h"].destinations))
    book[sheet][cell] = 10.0
    book["Demand & SLO"]["B1"] = 3 * trio.loaded.instance.arrival_rate
    book.save(tmp_path / "edited.xlsx")
    after = openpyxl.load_workbook(resaved(tmp_path / "edited.xlsx", tmp_path), data_only=True)

    def named(name: str) -> Any:
        sheet, cell = next(iter(book.defined_names[name].destinations))
        return after[sheet][cell].value

    assert named("cost_usd_per_h") == pytest.approx(10.0 * trio.plan.content["gpus_used"])
    assert named("inputs_edited") == 2
    assert named("checks_all_ok") is False, "no replica can carry three times as much"
    words = [
        value
        for row in after["Summary"].iter_rows(max_row=6, values_only=True)
        for value in row
        if isinstance(value, str)
    ]
    assert any(word.startswith("INPUT EDITED") for word in words)
    assert any(re.match(r"Checks: \d+ of \d+ FAIL", word) for word in words)
    assert named("objective_found") == pytest.approx(trio.plan.content["objective"]["value"]), (
        "the optimum is not recomputed"
    )


# ---------------------------------------------------------------- what is computed beside the plan


def test_the_frontier_holds_this_plan_and_reasons(
    small: PlanAndScenario, all_extras: dict[str, pd.DataFrame]
) -> None:
    frame = all_extras["frontier"]
    here = frame[frame["This plan"] == "this plan"]
    assert list(here["Value"]) == [20.0, 300.0]
    assert set(here["Found (mean score)"]) == {small.plan.content["objective"]["value"]}
    rates = frame[frame["Varied"] == "arrival rate"]["Found (mean score)"].dropna()
    assert (np.diff(rates.astype(float)) <= 1e-6).all(), "more demand is never better"
    lost = frame[frame["Status"] == "infeasible"]
    assert all(lost["Reason"])


def test_sensitivity_is_planned_again(
    small: PlanAndScenario, all_extras: dict[str, pd.DataFrame]
) -> None:
    frame = all_extras["sensitivity"].set_index("Changed")
    again = planned(small.loaded.scenario.path, "pools.0.nodes=2")
    row = frame.loc["nodes of pool a100: 2"]
    assert row["Found (mean score)"] == pytest.approx(
        again.plan.content["objective"]["value"], abs=1e-4
    )
    assert row["Change of quality (mean score)"] == pytest.approx(
        row["Found (mean score)"] - small.plan.content["objective"]["value"]
    )


# ---------------------------------------------------------------- command line


def asked(**changes: Any) -> ReportOptions:
    return ReportOptions(
        **{"xlsx": None, "charts": None, "scenario": None, "kinds": "", "quiet": True} | changes
    )


def test_report_reads_a_plan(
    small: PlanAndScenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(small.plan, tmp_path / "plan.json")
    code = run_report(
        tmp_path / "plan.json",
        asked(xlsx=str(tmp_path / "r.xlsx"), charts=str(tmp_path / "c"), kinds="baselines"),
        Interrupt(),
    )
    assert code == 0
    assert "Baselines" in openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames
    assert "r.xlsx" in capsys.readouterr().out
    assert (tmp_path / "c" / "routing.png").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "nothing is to be written"),
        ({"xlsx": "{0}/r.xlsx", "kinds": "frontiers"}, "did you mean frontier?"),
        ({"xlsx": "{0}/no/r.xlsx"}, "folder that does not exist"),
        ({"charts": "{0}/plan.json"}, "--charts names a file"),
    ],
)
def test_report_tells_bad_input(
    changes: dict[str, str],
    told: str,
    small: PlanAndScenario,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json(small.plan, tmp_path / "plan.json")
    wanted = {key: value.format(tmp_path) for key, value in changes.items()}
    assert run_report(tmp_path / "plan.json", asked(**wanted), Interrupt()) == 2
    assert told in capsys.readouterr().err


def test_nothing_is_left_when_writing_fails(small: PlanAndScenario, tmp_path: Path) -> None:
    report = build_report(small.plan, small.loaded)
    report["tables"]["slo"] = None
    (tmp_path / "r.xlsx").write_text("the old one", encoding="utf-8")
    with pytest.raises(AttributeError):
        write_workbook(tmp_path / "r.xlsx", report)
    assert [path.name for path in tmp_path.iterdir()] == ["r.xlsx"]
    assert (tmp_path / "r.xlsx").read_text(encoding="utf-8") == "the old one"


def test_libraries_are_imported_when_something_is_written() -> None:
    code = (
        "import sys, planner.cli.commands.plan, planner.cli.commands.report;"
        " sys.exit(bool({'matplotlib', 'xlsxwriter', 'openpyxl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES.parent).returncode == 0
