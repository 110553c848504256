"""The curves of a table with their row numbers, and findings about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from profiles.io.faults import Fault
from profiles.io.tables import Table, number_table_column, require_table_columns, text_table_column
from profiles.mig_columns import MIG
from profiles.mig_geometry import mig_geometry
from profiles.profile_columns import COUNTS, KEYS, LATENCIES
from profiles.records import METRICS

__all__ = [
    "MEANS",
    "SEVERITIES",
    "CurveRows",
    "Finding",
    "Severity",
    "curve_rows_finding",
    "read_curve_rows",
]


class Severity(StrEnum):
    """How bad a finding is, from the worst to the mildest.

    REFUSED: the planner does not take the table. WRONG: it contradicts arithmetic or the hardware.
    ODD: it contradicts what is usual. NOTE: good to know.
    """

    REFUSED = "refused"
    WRONG = "wrong"
    ODD = "odd"
    NOTE = "note"


SEVERITIES = tuple(Severity)


MEANS = tuple(f"{metric}_mean_ms" for metric in METRICS)


@dataclass(frozen=True, kw_only=True)
class CurveRows:
    """Rows of one option, sorted by rate.

    mps_share_pct: of a MIG instance the part of the compute slices.

    rows: (K,) row numbers of the file; values: column -> (K,) in the file's units, NaN where blank.
    """

    llm: str
    gpu: str
    tp_degree: float
    mps_share_pct: float
    rows: np.ndarray
    values: Mapping[str, np.ndarray]
    mig_profile: str = ""

    @property
    def words(self) -> str:
        """The option in words."""
        part = f"MIG {self.mig_profile}" if self.mig_profile else f"share {self.mps_share_pct:g} %"
        return f"{self.llm} on {self.gpu}, tp {self.tp_degree:g}, {part}"

    @property
    def rates(self) -> np.ndarray:
        """(K,) req/s of one replica."""
        return self.values["rate_rps"]

    def columns(self, names: Sequence[str] = tuple(LATENCIES)) -> list[str]:
        """Those of the named columns that all points have."""
        return [
            name for name in names if name in self.values and not np.isnan(self.values[name]).any()
        ]


@dataclass(frozen=True)
class Finding:
    """severity: one of SEVERITIES; option: in words; rows: of the file; size: how far off, 1 = 100
    %, the larger the worse.
    """

    severity: Severity
    option: str
    rows: tuple[int, ...]
    text: str
    size: float = 0.0


def read_curve_rows(table: Table, faults: list[Fault]) -> list[CurveRows]:
    """Every option of the table; [] with faults when its cells cannot be read."""
    before = len(faults)
    if not require_table_columns(table, [*KEYS, "rate_rps"], faults):
        return []
    words = {name: text_table_column(table, name, faults) for name in ("llm", "gpu")}
    words[MIG] = (
        text_table_column(table, MIG, faults, blank="")
        if MIG in table.columns
        else np.full(len(table.rows), "", dtype=object)
    )
    wanted = ("tp_degree", "mps_share_pct", "rate_rps", *LATENCIES, "memory_gib_per_gpu", *COUNTS)
    values = {
        name: number_table_column(table, name, faults) for name in wanted if name in table.columns
    }
    for name in ("tp_degree", "mps_share_pct", "rate_rps"):
        lacking = np.isnan(values[name]) & ((name != "mps_share_pct") | (words[MIG] == ""))
        for i in np.flatnonzero(lacking) if len(faults) == before else ():
            faults.append(
                Fault(
                    table.file,
                    table.place(int(i), name),
                    "",
                    "the cell is blank",
                    "fill it in or delete the row",
                )
            )
    if len(faults) > before:
        return []
    shares = [
        100.0 * mig_geometry(gpu)[mig].share if mig in mig_geometry(gpu) else share
        for gpu, mig, share in zip(words["gpu"], words[MIG], values["mps_share_pct"], strict=True)
    ]
    keys = list(
        zip(words["llm"], words["gpu"], values["tp_degree"], shares, words[MIG], strict=True)
    )
    curves = []
    for key in sorted(set(keys)):
        at = np.flatnonzero([other == key for other in keys])
        at = at[np.argsort(values["rate_rps"][at], kind="stable")]
        part = {
            name: column[at] for name, column in values.items() if not np.isnan(column[at]).all()
        }
        curves.append(
            CurveRows(
                llm=str(key[0]),
                gpu=str(key[1]),
                tp_degree=float(key[2]),
                mps_share_pct=float(key[3]),
                rows=table.rows[at],
                values=part,
                mig_profile=str(key[4]),
            )
        )
    return curves


def curve_rows_finding(
    curve: CurveRows,
    severity: Severity,
    at: Iterable[Any] | np.ndarray,
    text: str,
    size: float = 0.0,
) -> Finding:
    """A finding about the points at these positions of a curve; size: how bad, to sort by."""
    return Finding(severity, curve.words, tuple(int(curve.rows[i]) for i in at), text, float(size))
