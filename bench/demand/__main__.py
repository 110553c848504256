"""Plans days, each in a separate process, and prints value, bound, gap, time and memory.

    python -m bench demand                       the days of DAYS
    python -m bench demand paper4x8-8 lost-node  these
    python -m bench demand --seed 1              other fleets of the same names

Seconds are those of the processor, `target` those to reach. A plan is verified before it counts.
Every run is kept in out/bench/demand.json; the last column is the time against that of the run
before it with the same day, seed and maker.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.case_process import CaseLostError, measured_in_process
from bench.demand.instances import DAYS, make_day

FOLDER = Path(__file__).resolve().parents[2] / "out" / "bench"
SAVED = FOLDER / "demand.json"
LIMIT_S = 60.0
PHASES = ("relax", "master", "price", "route", "arms")


def main() -> int:
    """Measure and print; 1 when a process failed or a plan did not pass the verifier."""
    arguments = _day_arguments()
    saved = json.loads(SAVED.read_text()) if SAVED.exists() else {}
    rows = []
    for name in arguments.names or DAYS:
        scenario, maker = make_day(name, arguments.seed, FOLDER)
        row = {"day": name, "maker": maker, **_run_day(scenario, arguments.time_limit)}
        key = f"{name} seed {arguments.seed} {maker} limit {arguments.time_limit:g}"
        before = saved.get(key, {}).get("cpu_s")
        row["ratio"] = row["cpu_s"] / before if before else None
        saved[key] = row
        rows.append(row)
        SAVED.parent.mkdir(parents=True, exist_ok=True)
        SAVED.write_text(json.dumps(saved, indent=1))
        print(f"{name}: {row['status']}", file=sys.stderr)
    _print_days(arguments, rows)
    return 0 if all(row["verified"] is not False for row in rows) else 1


def _day_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench demand",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DAYS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=LIMIT_S, help="s of each search")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(DAYS))
    if unknown:
        parser.error(f"no day is named {', '.join(unknown)}")
    return arguments


def _run_day(scenario: Path, limit: float) -> dict[str, Any]:
    try:
        result: dict[str, Any] = measured_in_process(
            "bench.demand.measure", str(scenario), str(limit)
        )
    except CaseLostError as lost:
        sys.exit(f"{scenario}: {lost}")
    return result


def _print_days(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    console = Console(width=130)
    console.print(
        f"fleets: {rows[0]['maker']} generator, seed {arguments.seed}; limit"
        f" {arguments.time_limit:g} s",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    columns = ("day", "status", "value", "bound", "gap", "to reach", "CPU s", "target", "wall s")
    for k, column in enumerate((*columns, "MiB", *PHASES, "ratio")):
        table.add_column(column, justify="left" if k < 2 else "right", no_wrap=True)
    for row in rows:
        day = DAYS[row["day"]]
        status = row["status"] if row["verified"] is not False else "NOT VERIFIED"
        table.add_row(
            row["day"],
            status,
            _day_number(row["value"], ".5f"),
            _day_number(row["bound"], ".5f"),
            _day_number(row["gap"], ".1e"),
            f"{day.rel_gap:.0e}",
            _day_number(row["cpu_s"], ".1f"),
            f"{day.target_s:g}",
            _day_number(row["wall_s"], ".1f"),
            _day_number(row["peak_mib"], ".0f"),
            *(_day_number(row["phases_s"].get(phase), ".1f") for phase in PHASES),
            _day_number(row["ratio"], ".2f"),
        )
    console.print(table)


def _day_number(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)


if __name__ == "__main__":
    sys.exit(main())
