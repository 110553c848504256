"""Rows of MIG instances: what is read of them, and every fault with its place."""

from pathlib import Path

import pytest

from profiles.curves import load_curves
from profiles.io.faults import ProfileError

HEAD = "llm,gpu,tp_degree,mps_share_pct,mig_profile,rate_rps,ttft_mean_ms,memory_gib_per_gpu\n"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "profiles.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_instances_and_shares_are_options_of_their_own(tmp_path: Path) -> None:
    rows = (
        "a,H100-SXM-80GB,1,,3g.40gb,1,100,30",
        "a,H100-SXM-80GB,1,,4g.40gb,1,90,30",
        "a,H100-SXM-80GB,1,,3g.40gb,2,150,30",
        "a,H100-SXM-80GB,1,50,,1,80,30",
    )
    options = load_curves(table(tmp_path, *rows)).options
    assert [(o.mig_profile, o.mps_share_pct, len(o.rates)) for o in options] == [
        ("3g.40gb", 0.0, 2),
        ("4g.40gb", 0.0, 1),
        ("", 50.0, 1),
    ]
    assert options[0].words == "a on H100-SXM-80GB, tp 1, MIG 3g.40gb"


@pytest.mark.parametrize(
    ("row", "place", "problem", "fix"),
    [
        ("a,H100-SXM-80GB,1,50,3g.40gb,1,9,30", "mps_share_pct", "not both", "leave mps_share_pct"),
        ("a,H100-SXM-80GB,2,,3g.40gb,1,9,30", "tp_degree", "one shard", "write 1"),
        ("a,H100-SXM-80GB,1,,3g.4gb,1,9,30", "mig_profile", "no such", "did you mean 3g.40gb"),
        ("a,H100-SXM-80GB,1,,3g.20gb,1,9,30", "mig_profile", "no such", "1g.10gb, 1g.20gb"),
        ("a,L4-24GB,1,,3g.40gb,1,9,30", "mig_profile", "no MIG profiles of L4", "known are"),
        ("a,H100-SXM-80GB,1,,,1,9,30", "mps_share_pct", "the cell is blank", "fill it in"),
    ],
)
def test_a_faulty_row_is_named_with_place_and_fix(
    tmp_path: Path, row: str, place: str, problem: str, fix: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        load_curves(table(tmp_path, row))
    [fault] = caught.value.faults
    assert fault.where == f"row 2, column {place}"
    assert problem in fault.problem
    assert fix in fault.fix
