"""The configuration of the MIG manager: every GPU of a divided node, alike ones together."""

from typing import Any

from reports.deploy.mig_config import mig_config_files, mig_config_nodes


def node(label: str, *servers: tuple[str, int]) -> dict[str, Any]:
    rows = [{"mig_profile": profile, "gpus": (gpu,)} for profile, gpu in servers]
    return {"label": label, "gpus_per_node": 4, "servers": rows}


def test_gpus_with_the_same_instances_stand_together() -> None:
    divided = node("a-0", ("3g.40gb", 0), ("3g.40gb", 0), ("3g.40gb", 2), ("3g.40gb", 2), ("", 1))
    deployment = {"nodes": [divided, node("b-0", ("", 0))]}
    assert [one["label"] for one in mig_config_nodes(deployment)] == ["a-0"]
    [file] = mig_config_files([deployment])["mig-parted.yaml"]
    assert file["mig-configs"] == {
        "a-0": [
            {"devices": [0, 2], "mig-enabled": True, "mig-devices": {"3g.40gb": 2}},
            {"devices": [1, 3], "mig-enabled": False},
        ]
    }


def test_a_plan_without_instances_has_no_file() -> None:
    assert mig_config_files([{"nodes": [node("a-0", ("", 0))]}]) == {}
