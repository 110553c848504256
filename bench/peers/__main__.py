"""Plans the same instances in other ways and by the planner, each in a separate process, and prints
what the others lose.

    python -m bench peers                            the cases of CASES
    python -m bench peers paper3x4 cost-fleet12      these
    python -m bench peers --seed 1 --time-limit 30   other instances of the same names

Peers: the textbook program (one mixed-integer program over a sample of 200 prompts; SOS2: with
binaries where curves are not convex), greedy changes of a setup (replacing: replicas may also be
replaced), the two-stage baseline of `planner baselines` for quality, and a Melange-style division
into routing and GPUs for cost. All have the planner's curves, placement, exact routing and gap
(1e-3), one thread, and the same limit in CPU seconds; a plan counts when the independent verifier
has passed it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.case_process import CaseLostError, measured_in_process
from bench.cliffs.instances import CASES as CLIFFS
from bench.cliffs.instances import make_cliff
from bench.instances import SIZES, make
from bench.peers.measure import PEERS, PLANNER, SLACK

FOLDER = Path(__file__).resolve().parents[2] / "out" / "bench"
LIMIT_S = 15.0
GRACE_S = 300.0
"""On the wall, beyond SLACK times the limit, after which a process counts as lost."""

CASES = (
    *("paper3x4", "paper4x8", "fleet12x256", "mid8-l20", "each-8"),
    *("cost-small-grid", "cost-fleet12", "cost-fleet20"),
)

BEYOND = 1e-6
"""Part of a value by which rounding may put it beyond the planner's bound."""


def main() -> int:
    """Measure and print; 1 when a process failed, a plan did not pass the verifier, or one is
    better than the planner's bound allows.
    """
    arguments = _peer_arguments()
    rows: list[dict[str, Any]] = []
    for name in arguments.names or CASES:
        scenario, maker = _made(name, arguments.seed)
        found: list[dict[str, Any]] = []
        for peer in PEERS:
            row = _run_peer(scenario, arguments.time_limit, peer)
            if row is not None:
                found.append({"case": name, "peer": peer, "maker": maker, **row})
                print(f"{name}, {peer}: {row['value']}, {row['words']}", file=sys.stderr)
        rows += [{**row, **compared_with_planner(row, found[0])} for row in found]
        if arguments.json is not None and arguments.json != "-":
            Path(arguments.json).write_text(_peer_json(arguments, rows) + "\n", encoding="utf-8")
    if arguments.json == "-":
        print(_peer_json(arguments, rows))
    else:
        _print_peers(arguments, rows)
    faulty = any(row["beyond"] or row["verified"] is False or row["cpu_s"] is None for row in rows)
    return 1 if faulty else 0


def _peer_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = (*SIZES, *(name for name in CLIFFS if not name.startswith("inf-")))
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=LIMIT_S, help="CPU s of each peer")
    parser.add_argument(
        "--json", metavar="PATH|-", help="the rows as JSON, - in place of the table"
    )
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(known)):
        parser.error(f"no case is named {', '.join(unknown)}")
    if arguments.time_limit <= 0:
        parser.error("--time-limit must be above 0")
    return arguments


def _made(name: str, seed: int) -> tuple[Path, str]:
    return make(name, seed, 0.0, FOLDER) if name in SIZES else make_cliff(name, seed, FOLDER)


def _run_peer(scenario: Path, limit: float, peer: str) -> dict[str, Any] | None:
    """One process; without a result its words say why. None where the peer has nothing to plan."""
    try:
        result: dict[str, Any] | None = measured_in_process(
            "bench.peers.measure",
            *(str(scenario), str(limit), peer),
            within_s=SLACK * limit + GRACE_S,
        )
    except CaseLostError as lost:
        known = ("objective", "value", "bound", "quality", "cost_usd_per_h", "gpus_used")
        nothing = dict.fromkeys((*known, "verified", "cpu_s", "wall_s"))
        return {**nothing, "notes": [], "words": str(lost)}
    return result


def compared_with_planner(row: dict[str, Any], planner: dict[str, Any]) -> dict[str, Any]:
    """What a peer's plan loses against the planner's, in per cent of the planner's value; its CPU
    time in times the planner's; and whether it is better than the planner's bound allows, which is
    a bug.
    """
    value, best, bound = row["value"], planner["value"], planner["bound"]
    sign = -1.0 if planner["objective"] == "cost" else 1.0
    known = value is not None and best is not None
    beyond = value is not None and bound is not None
    times = row["cpu_s"] / planner["cpu_s"] if row["cpu_s"] and planner["cpu_s"] else None
    return {
        "planner_bound": bound,
        "loss_pct": 100 * sign * (best - value) / abs(best) + 0.0 if known and best else None,
        "cpu_ratio": times,
        "beyond": beyond and sign * (value - bound) > BEYOND * max(abs(bound), 1.0),
    }


def _peer_json(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> str:
    content = {"seed": arguments.seed, "time_limit_s": arguments.time_limit, "rows": rows}
    return json.dumps(content, indent=1)


def _print_peers(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    console = Console(width=150)
    makers = ", ".join(sorted({row["maker"] for row in rows}))
    console.print(
        f"instances: {makers} generator, seed {arguments.seed}; limit of each peer"
        f" {arguments.time_limit:g} CPU s",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    columns = ("case", "peer", "value", "planner's bound", "loss %", "CPU s", "times", "plan")
    for column in columns:
        left = column in ("case", "peer", "plan")
        table.add_column(column, justify="left" if left else "right", no_wrap=column != "plan")
    for row in rows:
        table.add_row(
            row["case"],
            row["peer"],
            _peer_number(row["value"], ".6g"),
            _peer_number(row["planner_bound"], ".6g"),
            "" if row["peer"] == PLANNER else _peer_number(row["loss_pct"], ".2f"),
            _peer_number(row["cpu_s"], ".1f"),
            "" if row["peer"] == PLANNER else _peer_number(row["cpu_ratio"], ".1f"),
            plan_in_words(row),
        )
    console.print(table)


def plan_in_words(row: dict[str, Any]) -> str:
    """Whether there is a plan and the verifier has passed it."""
    if row["beyond"]:
        return "BETTER THAN THE BOUND"
    if row["verified"] is False:
        return f"NOT VERIFIED: {row['words']}"
    if not row["verified"]:
        return str(row["words"])
    return ", ".join(["placed", "verified", *([row["words"]] if row["words"] else [])])


def _peer_number(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)


if __name__ == "__main__":
    sys.exit(main())
