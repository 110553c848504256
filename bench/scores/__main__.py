"""Plans with score tables too large for memory, each in a process of its own: passes over the file,
search, memory, and what is proved of all prompts.

    python -m bench scores                          5 million prompts, 20 LLMs
    python -m bench scores --prompts 50e6 --kind grades

Seconds are those of the processor; in brackets times what it takes to decode the file alone. With
--prompts 1.5e6 or less all prompts are planned with, and nothing has to be said of others.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.case_process import measured_in_process
from bench.scores.large_table import KINDS, make_large_table

FOLDER = Path(__file__).resolve().parents[2] / "out" / "bench"


def main() -> int:
    """Make the tables, measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench scores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--prompts", type=float, default=5e6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, action="append")
    chosen = parser.parse_args()
    console = Console(width=160)
    table = Table(title="Score tables too large for memory: 20 LLMs, 1,024 GPUs")
    for name in ("kind", "prompts", "stand for them", "read", "solve", "check", "cuts", "GiB"):
        table.add_column(name, justify="right")
    for name in ("on these", "on all", "gap of all", "fractions off"):
        table.add_column(name, justify="right")
    for kind in chosen.kind or KINDS:
        scenario = make_large_table(kind, int(chosen.prompts), chosen.seed, FOLDER)
        table.add_row(kind, *_cells(measured_in_process("bench.scores.large_case", str(scenario))))
    console.print(table)
    return 0


def _cells(row: dict[str, Any]) -> list[str]:
    cells = [f"{row['prompts']:,}", f"{row['standing']:,}{' (all)' * row['exact']}"]
    cells.append(f"{row['read_s']:.1f} s ({row['read_s'] / row['decode_s']:.1f} x)")
    cells.append(f"{row['solve_s']:.1f} s")
    cells.append(f"{row['check_s']:.1f} s ({row['check_s'] / row['decode_s']:.1f} x)")
    cells += [f"{row['cuts']}", f"{row['peak_gib']:.2f}"]
    cells.append(f"{row['value']:.5f} to {row['bound']:.5f}")
    if row["bound_of_all"] is None:
        return [*cells, "", "", ""]
    low, high = row["quality_of_all"], row["bound_of_all"]
    cells.append(f"{low:.5f} to {high:.5f}")
    return [*cells, f"{100 * (high - low) / low:.3f} %", f"{row['off_pct']:.3f} %"]


if __name__ == "__main__":
    sys.exit(main())
