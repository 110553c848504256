"""Nodes of a deployment: servers on one GPU never start together."""

from tests.support.plans.bundle_cases import deployment, every_case


@every_case
def test_servers_on_one_gpu_never_start_together(name: str) -> None:
    for node in deployment(name)["nodes"]:
        assert [row["port"] for row in node["servers"]] == sorted(
            {row["port"] for row in node["servers"]}
        )
        for k, row in enumerate(node["servers"]):
            before = [
                other for other in node["servers"][:k] if set(other["gpus"]) & set(row["gpus"])
            ]
            assert sorted(row["after"]) == sorted(other["name"] for other in before)
            assert all(other["wave"] < row["wave"] for other in before)
