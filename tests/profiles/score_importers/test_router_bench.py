"""RouterBench's wide table."""

from pathlib import Path

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from profiles.io.faults import Fault
from profiles.score_importers import router_bench as module
from profiles.score_importers.grades import Grade
from profiles.score_importers.router_bench import (
    pickle_fault,
    read_router_bench,
    router_bench_models,
)
from tests.support.scenarios.grade_files import GRADES, router_bench_csv


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "r.csv"
    path.write_text(router_bench_csv())
    return path


def test_models_are_the_columns_beside_a_response_or_a_cost(table: Path) -> None:
    assert router_bench_models(table) == list(GRADES)
    parquet = table.with_suffix(".parquet")
    pq.write_table(pc.read_csv(table), parquet)
    wanted = [
        (llm, f"mmlu.val.{k}", grade, f"row {k + 2}")
        for llm, grades in GRADES.items()
        for k, grade in enumerate(grades)
    ]
    for path in (table, parquet):
        found = [g for g in read_router_bench(path) if isinstance(g, Grade)]
        assert [(g.llm, g.prompt, g.value, g.place) for g in found] == wanted


def test_other_tables_are_none(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    for text in ("", "prompt_id,a\n1,2\n", "sample_id,a,b\n1,2,3\n", "a|total_cost,a\n1,2\n"):
        path.write_text(text)
        assert router_bench_models(path) is None
    (tmp_path / "s.parquet").write_text("nothing")
    assert router_bench_models(tmp_path / "s.parquet") is None


def test_bad_cells_are_faults_and_blank_ones_no_grade(table: Path) -> None:
    text = router_bench_csv().replace("mmlu,1.0,0.0", "mmlu,,0.0").replace(",0.5,1.0,", ",x,1.0,")
    table.write_text(text)
    found = list(read_router_bench(table))
    assert [str(one) for one in found if isinstance(one, Fault)] == [
        f"{table}:row 3, column org/large: this is not a number, got 'x'; write the number alone"
        " with a decimal point; units belong in the column's name"
    ]
    assert next(g.value for g in found if isinstance(g, Grade) and g.llm == "org/large") is None


def test_pickles_and_large_tables_are_refused(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("routerbench_0shot.pkl", "a.PICKLE", "b.pkl.gz"):
        assert "may run any code" in str(pickle_fault(Path(name)))
    assert pickle_fault(table) is None
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    (fault,) = read_router_bench(table)
    assert "more than 10" in str(fault)
