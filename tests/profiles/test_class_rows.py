"""Profile rows by class."""

from pathlib import Path

import pandas as pd
import pytest

from profiles.class_rows import split_profile_rows_by_class
from profiles.curves import parse_curves
from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file

ROWS = """\
llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,class
a,G,1,100,1,10,
a,G,1,100,1,20,chat
a,G,1,100,2,30,chat
a,G,1,100,3,15,
"""


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_keep_their_numbers(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"p.{ending}"
    (tmp_path / "p.csv").write_text(ROWS, encoding="utf-8")
    if ending == "parquet":
        pd.read_csv(tmp_path / "p.csv").to_parquet(path)
    faults: list[Fault] = []
    table = read_table_file(path, faults)
    assert table is not None
    base, own = split_profile_rows_by_class(table, faults)
    assert base is not None
    assert list(own) == ["chat"]
    assert (list(base.rows), list(own["chat"].rows)) == ([2, 5], [3, 4])
    curves = parse_curves(own["chat"], faults)
    assert curves is not None
    assert not faults
    assert list(curves.options[0].latency_ms["ttft", "mean"]) == [20, 30]


def test_a_table_without_the_column_is_whole(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(ROWS.replace(",class", ",note"), encoding="utf-8")
    faults: list[Fault] = []
    table = read_table_file(tmp_path / "p.csv", faults)
    assert table is not None
    assert split_profile_rows_by_class(table, faults) == (table, {})
