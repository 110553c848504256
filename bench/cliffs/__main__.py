"""Plans hard instances, each in a separate process, and prints value, bound, gap, time and memory.

    python -m bench cliffs                            the cases of CASES
    python -m bench cliffs fleet20-r1000 inf-grid     these
    python -m bench cliffs --seed 1 --time-limit 20   other instances of the same names

Seconds are those of the processor. A plan is verified before it counts. Every run is kept in
out/bench/cliffs.json; the last column is the time against that of the run before it with the same
case, seed and maker.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.case_process import CaseLostError, measured_in_process
from bench.cliffs.instances import CASES, make_cliff

FOLDER = Path(__file__).resolve().parents[2] / "out" / "bench"
SAVED = FOLDER / "cliffs.json"
LIMIT_S = 15.0
GRACE_S = 60.0
"""Beyond the limit, after which a process counts as lost."""

PHASES = ("relax", "plunge", "neighbourhood", "tree", "milp", "placement", "routing", "ties")


def main() -> int:
    """Measure and print; 1 when a process failed or a plan did not pass the verifier."""
    arguments = _arguments()
    saved = json.loads(SAVED.read_text()) if SAVED.exists() else {}
    rows = []
    for name in arguments.names or CASES:
        scenario, maker = make_cliff(name, arguments.seed, FOLDER)
        row = {"case": name, "maker": maker, **_run(scenario, arguments.time_limit)}
        key = f"{name} seed {arguments.seed} {maker} limit {arguments.time_limit:g}"
        before = saved.get(key, {}).get("cpu_s")
        row["ratio"] = row["cpu_s"] / before if before and row["cpu_s"] else None
        saved[key] = row
        rows.append(row)
        SAVED.parent.mkdir(parents=True, exist_ok=True)
        SAVED.write_text(json.dumps(saved, indent=1))
        print(f"{name}: {row['status']}", file=sys.stderr)
    _print(arguments, rows)
    return 0 if all(row["verified"] is not False and row["cpu_s"] for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench cliffs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=LIMIT_S, help="s of each search")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(CASES))
    if unknown:
        parser.error(f"no case is named {', '.join(unknown)}")
    return arguments


def _run(scenario: Path, limit: float) -> dict[str, Any]:
    """One process; without a result its status says why."""
    try:
        result: dict[str, Any] = measured_in_process(
            "bench.cliffs.measure", str(scenario), str(limit), within_s=limit + GRACE_S
        )
    except CaseLostError as lost:
        nothing = dict.fromkeys(("value", "bound", "gap", "cpu_s", "wall_s", "peak_mib"))
        unproved = dict.fromkeys(("repairs", "proved", "verified"))
        return {"status": str(lost), **nothing, "phases_s": {}, **unproved}
    return result


def _print(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    console = Console(width=140)
    console.print(
        f"instances: {rows[0]['maker']} generator, seed {arguments.seed}; limit"
        f" {arguments.time_limit:g} s",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for k, column in enumerate(
        ("case", "status", "value", "bound", "gap", "CPU s", "wall s", "MiB", *PHASES, "ratio")
    ):
        table.add_column(column, justify="left" if k < 2 else "right", no_wrap=True)
    for row in rows:
        status = row["status"]
        if row["repairs"] is not None:
            status += f", {row['proved']} of {row['repairs']} proved"
        if row["verified"] is False:
            status += ", NOT VERIFIED"
        phases = [_number(row["phases_s"].get(phase), ".1f") for phase in PHASES]
        table.add_row(
            row["case"],
            status,
            _number(row["value"], ".6g"),
            _number(row["bound"], ".6g"),
            _number(row["gap"], ".1e"),
            _number(row["cpu_s"], ".1f"),
            _number(row["wall_s"], ".1f"),
            _number(row["peak_mib"], ".0f"),
            *phases,
            _number(row["ratio"], ".2f"),
        )
    console.print(table)


def _number(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)


if __name__ == "__main__":
    sys.exit(main())
