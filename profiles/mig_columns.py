"""Rows of a profile table that are of a MIG instance: `mig_profile` names its profile, such as
`3g.40gb`; `mps_share_pct` is then blank, and a replica has one shard.
"""

from collections.abc import Mapping

import numpy as np

from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.tables import Table, check_table_cells
from profiles.mig_geometry import load_mig_geometries, mig_geometry

__all__ = ["MIG", "check_mig_columns"]

MIG = "mig_profile"


def check_mig_columns(table: Table, content: Mapping[str, np.ndarray], faults: list[Fault]) -> None:
    """Faults of rows of MIG instances: with a share, on several GPUs, of a profile that their GPU
    type does not have. Their share becomes 0.
    """
    divided = (content[MIG] != "") & (content[MIG] != "?")
    if not divided.any():
        return
    if "mps_share_pct" in content:
        problem = "a row has a share of a GPU or a MIG profile, not both"
        fix = "leave mps_share_pct blank: MPS and MIG do not share a GPU"
        shared = divided & ~np.isnan(content["mps_share_pct"])
        check_table_cells(table, "mps_share_pct", shared, problem, fix, faults)
        content["mps_share_pct"][divided] = 0.0
    if "tp_degree" in content:
        problem = "a replica on a MIG instance has one shard: instances exchange no data directly"
        several = divided & (content["tp_degree"] > 1)
        check_table_cells(table, "tp_degree", several, problem, "write 1", faults)
    if "gpu" not in content:
        return
    pairs = sorted({(str(g), str(m)) for g, m in zip(content["gpu"], content[MIG], strict=True)})
    for gpu, profile in pairs:
        at = divided & (content["gpu"] == gpu) & (content[MIG] == profile)
        known = mig_geometry(gpu)
        if at.any() and profile not in known:
            check_table_cells(table, MIG, at, *_unknown_mig_profile(gpu, profile), faults)


def _unknown_mig_profile(gpu: str, profile: str) -> tuple[str, str]:
    """Problem and fix of a profile that a GPU type does not have."""
    known = list(mig_geometry(gpu))
    if known:
        guess = fault_spelling_guess(profile, known)
        return f"{gpu} has no such MIG profile", f"{guess}it has {', '.join(known)}"
    named = ", ".join(load_mig_geometries())
    return f"no MIG profiles of {gpu} are known", f"known are those of {named}"
