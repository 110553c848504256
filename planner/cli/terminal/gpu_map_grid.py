"""The GPU map on the terminal: a grid for every pool."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from planner.cli.terminal.output import output_line, print_heading, printable_output
from planner.plans.schema import PlanContent
from planner.presentation.plan.gpu_map import gpu_map_rows, llm_letters


def print_gpu_map(console: Console, content: PlanContent) -> None:
    """Print a grid for every pool."""
    signs = llm_letters(content["routing"])
    print_heading(
        console, "GPU map (one character = 10 % of a GPU, a dot = free; 2 x = two replicas)"
    )
    pools = content["context"]["pools"]
    maps = gpu_map_rows(content["placement"], pools, signs)
    for pool in pools:
        shown = maps[pool["name"]]
        total = pool["nodes"] * pool["gpus_per_node"]
        output_line(
            console,
            f"pool {pool['name']}: {pool['nodes']} x {pool['gpus_per_node']} {pool['gpu']},"
            f" {shown.used:,} of {total:,} GPUs used",
            indent=2,
        )
        grid = _gpu_grid()
        for where, bar, contents in shown.rows:
            if bar:
                grid.add_row(Text(where), Text(bar), Text(printable_output(contents)))
                continue
            _print_grid(console, grid)
            grid = _gpu_grid()
            output_line(console, f"{where}: {contents}" if contents else where, indent=4)
        _print_grid(console, grid)


def _gpu_grid() -> Table:
    """Make the grid of one node's GPUs: which, bar, contents."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=7, no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _print_grid(console: Console, grid: Table) -> None:
    """Print the rows gathered so far."""
    if grid.row_count:
        console.print(Padding(grid, (0, 0, 0, 6), expand=False))
