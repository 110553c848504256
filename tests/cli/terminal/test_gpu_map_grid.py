"""The GPU map on the terminal: a head for every pool, a bar for every kind of GPU."""

import io

from rich.console import Console

from planner.cli.terminal.gpu_map_grid import print_gpu_map
from planner.plans.plan_content import build_plan_content
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import SETTINGS, fleet, loaded


def printed(content: object) -> list[str]:
    stream = io.StringIO()
    print_gpu_map(Console(file=stream, width=80), content)  # type: ignore[arg-type]
    return stream.getvalue().splitlines()


def test_every_pool_has_its_head_and_bars() -> None:
    lines = printed(built_plan().content)
    assert "  pool a100: 1 x 4 A100-PCIe-80GB, 4 of 4 GPUs used" in [
        line.rstrip() for line in lines
    ]
    bars = [line for line in lines if line.strip().startswith("gpu")]
    assert bars
    assert all(len(line.split()[2]) == 10 for line in bars), "one character is 10 % of a GPU"


def test_identical_nodes_are_printed_once() -> None:
    instance, solution = fleet(12)
    lines = printed(build_plan_content(loaded(instance), solution, SETTINGS, {}).content)
    heads = [line for line in lines if "identical" in line]
    assert len(heads) == 3
    assert all("(4 identical), each" in line for line in heads)
