"""Profile rows of classes; the gate before scenarios with cells."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scenario.assemble import assemble_instance
from planner.scenario.assemble_demand import CELLS_REFUSED
from profiles.io.faults import DataError
from tests.support.scenarios.demand_case import (
    BATCH,
    DAY,
    DEMAND,
    demand_fault_lines,
    load_day,
    rates_in_a_table,
)
from tests.support.scenarios.scenario_case import (
    FUZZ,
    assert_sound_or_faulty,
    change,
    garbled,
)

CLASSED = """\
class,llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,ttft_p95_ms,memory_gib_per_gpu
,NO,G,1,50,2,150,400,12
,NO,G,1,50,0,100,200,12
chat,NO,G,1,50,0,110,300,12
chat,NO,G,1,50,1,160,450,12
,NO,G,2,100,0,80,,8
chat,NO,G,2,100,0,90,100,8
,NA,G,1,100,1,90,180,22
,NA,G,1,100,3,190,480,22
"""


@FUZZ
@given(st.data(), st.sampled_from(["scenario.yaml", "batch.csv", "demand.csv", "profiles.csv"]))
def test_any_bytes_give_an_instance_or_faults(day: Path, data: st.DataObject, name: str) -> None:
    texts = {"scenario.yaml": DAY, "batch.csv": BATCH, "demand.csv": DEMAND}
    for file, text in (texts | {"profiles.csv": CLASSED}).items():
        (day / file).write_text(text, encoding="utf-8")
    rates_in_a_table(day)
    text = (day / name).read_text(encoding="utf-8")
    (day / name).write_bytes(data.draw(garbled(text)))
    assert_sound_or_faulty(lambda: load_day(day))


@pytest.fixture
def classed(day: Path) -> Path:
    """The day with profile rows of the class chat."""
    (day / "profiles.csv").write_text(CLASSED, encoding="utf-8")
    return day


def test_a_class_has_the_curves_of_its_rows(classed: Path) -> None:
    demand = load_day(classed).demand
    assert demand is not None
    assert set(demand.class_curves) == {(0, 0), (1, 0)}
    np.testing.assert_array_equal(demand.curve(0, 0).rates, [0, 1])
    np.testing.assert_allclose(demand.curve(0, 0).latency["ttft", "mean"], [0.11, 0.16])
    np.testing.assert_array_equal(demand.curve(0, 1).rates, [0, 2])
    assert demand.curve(2, 0) is demand.instance.options[2].curve
    assert demand.unjudged == frozenset()  # the rows of chat have the p95 that the others lack


def test_rows_of_classes_are_part_of_the_hash(classed: Path) -> None:
    before = load_day(classed).sha256
    change(classed / "profiles.csv", "chat,NO,G,1,50,1,160", "chat,NO,G,1,50,1,161")
    assert load_day(classed).sha256 != before


def test_the_notice_of_work_goes_where_rows_say_it(classed: Path) -> None:
    text = (classed / "profiles.csv").read_text(encoding="utf-8").replace("ttft_p95", "e2e_mean")
    (classed / "profiles.csv").write_text(text, encoding="utf-8")
    e2e = "classes.0.slo=[{metric: e2e, statistic: mean, limit_ms: 900}]"
    assert any("classes.0.work" in notice for notice in load_day(classed, e2e).notices)
    rows = "chat,NA,G,1,100,1,90,180,22\nchat,NA,G,1,100,3,190,480,22\n"
    (classed / "profiles.csv").write_text(text + rows, encoding="utf-8")
    assert not any("classes.0.work" in notice for notice in load_day(classed, e2e).notices)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("chat,NO,G,1,50,0", "chta,NO,G,1,50,0", "row 4, column class: the scenario has no class"),
        ("chat,NO,G,1,50,0", "chta,NO,G,1,50,0", "did you mean chat?"),
        ("chat,NO,G,2,100,0", "chat,NA,G,2,100,0", "row 7, column class: NA on G, tp 2, share 100"),
        ("chat,NO,G,1,50,0", "chat,NO,G,1,50,x", "row 4, column rate_rps: this is not a number"),
        ("chat,NO,G,1,50,0", "chat,NO,G,1,50,1", "has this rate already in row"),
    ],
)
def test_faults_of_rows_of_classes(classed: Path, old: str, new: str, words: str) -> None:
    change(classed / "profiles.csv", old, new)
    assert words in demand_fault_lines(classed)


def test_every_row_names_a_class(classed: Path) -> None:
    text = (classed / "profiles.csv").read_text(encoding="utf-8").replace("\n,", "\nchat,")
    (classed / "profiles.csv").write_text(text, encoding="utf-8")
    assert "column class: every row names a class" in demand_fault_lines(classed)


def test_the_only_class_has_no_rows_of_its_own(case: Path) -> None:
    (case / "profiles.csv").write_text(CLASSED, encoding="utf-8")
    change(case / "scenario.yaml", "arrival", "classes: [{name: chat}]\narrival")
    with pytest.raises(DataError, match="leave the cells blank: all rows are of this class"):
        assemble_instance(case / "scenario.yaml")


def test_a_scenario_without_classes_does_not_know_the_column(case: Path) -> None:
    text = CLASSED.replace("chat,NO,G,1,50,0", "chat,NO,G,1,50,1").replace(
        "chat,NO,G,1,50,1,160", "chat,NO,G,1,50,3,160"
    )
    kept = [line for line in text.splitlines() if not line.startswith("chat,NO,G,2")]
    (case / "profiles.csv").write_text("\n".join(kept), encoding="utf-8")
    loaded = assemble_instance(case / "scenario.yaml")
    assert any("ignored unknown columns: class" in notice for notice in loaded.notices)
    assert len(loaded.instance.options[0].curve.rates) == 4


def test_a_table_of_rates_is_not_read_where_cells_are_refused(day: Path) -> None:
    change(day / "scenario.yaml", "cases:", "demand: nowhere.csv\ncases:")
    text = (day / "scenario.yaml").read_text(encoding="utf-8")
    for rates in ("{chat: 4, batch: 1}", "{chat: 0, batch: 2}", "{chat: 2, batch: 0}"):
        text = text.replace(f", arrival_rate_rps: {rates}", "")
    (day / "scenario.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        assemble_instance(day / "scenario.yaml")
    assert [fault.problem for fault in caught.value.faults] == [CELLS_REFUSED]
    assert "nowhere.csv" in demand_fault_lines(day)
