"""Times the planner on four sizes, from loaded data to the verified plan; each run in a separate
process.

    python -m bench                                  the four sizes once
    python -m bench --sizes paper3x4 --repeat 5      the median (by wall time) of five runs
    python -m bench --seed 3 --noise 5 --json        noisy curves; one JSON object for other
                                                     programs

Parts are in ms and do not overlap; HiGHS is HiGHS's own time wherever it was called. `wall` runs
from loaded data to the verified plan, so `load` (reading the files) is not part of it; imports are
in neither.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.case_process import CaseLostError, measured_in_process
from bench.instances import SIZES, make

FOLDER = Path(__file__).resolve().parents[1] / "out" / "bench"
REPLANNED = "paper3x4"
WIDTH = 100


def main() -> int:
    """Measure and print; 1 when a run failed or left its gap open."""
    arguments = _arguments()
    sizes = [size for size in SIZES if size in arguments.sizes]
    console = Console(width=WIDTH, stderr=arguments.json)
    results: list[dict[str, Any]] = []
    for size in sizes:
        scenario, maker = make(size, arguments.seed, arguments.noise, FOLDER)
        runs = [_run(scenario, replans=size == REPLANNED) for _ in range(arguments.repeat)]
        runs.sort(key=lambda run: run["wall_s"])
        median = runs[(len(runs) - 1) // 2]
        results.append(
            {
                "size": size,
                "maker": maker,
                "runs": len(runs),
                "wall_s_all": [run["wall_s"] for run in runs],
                **median,
            }
        )
    if arguments.json:
        print(
            json.dumps(
                {"seed": arguments.seed, "noise_pct": arguments.noise, "results": results}, indent=1
            )
        )
    else:
        _print(console, arguments, results)
    return 0 if all(result["status"] == "optimal" for result in results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--noise", type=float, default=0.0, help="relative noise on the latencies, in per cent"
    )
    parser.add_argument(
        "--repeat", type=int, default=1, help="runs of each size; the median is printed"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    return arguments


def _run(scenario: Path, *, replans: bool) -> dict[str, Any]:
    try:
        result: dict[str, Any] = measured_in_process(
            "bench.measure", str(scenario), *(["--replan"] if replans else [])
        )
    except CaseLostError as lost:
        sys.exit(f"{scenario}: {lost}")
    return result


def _print(console: Console, arguments: argparse.Namespace, results: list[dict[str, Any]]) -> None:
    maker, version = results[0]["maker"], results[0]["highs"]
    median = f", median of {arguments.repeat}" if arguments.repeat > 1 else ""
    console.print(
        f"instances: {maker} generator, seed {arguments.seed}, noise {arguments.noise:g} %{median};"
        f" HiGHS {version}, one thread",
        highlight=False,
    )
    console.print(_outcome(results))
    console.print(_parts(results))
    replans = [(result["size"], replan) for result in results for replan in result["replans"]]
    if replans:
        console.print(_replans(replans))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _outcome(results: list[dict[str, Any]]) -> Table:
    table = _table(
        "\nResults",
        "size",
        "status",
        "value",
        "bound",
        "gap",
        "wall s",
        "wall/HiGHS",
        "cuts",
        "MILPs",
        "nodes",
        "peak MiB",
    )
    for r in results:
        ratio = f"{r['wall_s'] / r['highs_s']:.2f}" if r["highs_s"] > 0 else "-"
        numbers = (
            [f"{r['value']:.6f}", f"{r['bound']:.6f}", f"{r['rel_gap']:.1e}"]
            if r["value"] is not None
            else ["-"] * 3
        )
        counts = [
            str(r["quality_cuts"]),
            str(r["milp_solves"]),
            str(r["nodes"]),
            f"{r['peak_mib']:.0f}",
        ]
        table.add_row(r["size"], r["status"], *numbers, f"{r['wall_s']:.3f}", ratio, *counts)
    return table


def _parts(results: list[dict[str, Any]]) -> Table:
    parts = list(results[0]["parts_s"])
    table = _table(
        "\nWhere the time went, ms (without overlap)",
        "size",
        *("HiGHS" if part == "highs" else part for part in parts),
    )
    table.padding = (0, 1, 0, 0)
    for r in results:
        table.add_row(r["size"], *(f"{1e3 * r['parts_s'][part]:.0f}" for part in parts))
    return table


def _replans(replans: list[tuple[str, dict[str, Any]]]) -> Table:
    table = _table(
        "\nRe-plan in the same process, s",
        "change",
        "cuts kept",
        "new cuts",
        "with them",
        "fresh",
        "value",
        "value fresh",
    )
    for size, r in replans:
        values = [
            "-" if r[key] is None else f"{r[key]:.6f}" for key in ("kept_value", "fresh_value")
        ]
        table.add_row(
            f"{size}, {r['change']}",
            str(r["kept_cuts"]),
            str(r["new_cuts"]),
            f"{r['kept_s']:.3f}",
            f"{r['fresh_s']:.3f}",
            *values,
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
