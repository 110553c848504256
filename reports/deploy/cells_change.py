"""The script that leads a machine from one setup of a plan to the next, and the list of what it
does.

The functions are those of deploy.sh (functions.sh); per pair of setups and node there are calls
that stop what goes, then the next setup's own script starts what is missing. What stays is not
touched.
"""

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.deploy.file_heads import with_head

__all__ = ["change_script", "changes_table", "setup_script_name"]

FUNCTIONS = Path(__file__).with_name("functions.sh")

Row = Mapping[str, Any]


def setup_script_name(label: str) -> str:
    """Name of a setup's script; label "" where there is one setup."""
    return f"deploy-{label}.sh" if label else "deploy.sh"


def change_script(bundle: Row) -> str:
    """Change.sh."""
    changes = bundle["changes"]
    pairs = list(dict.fromkeys((row["before"], row["after"]) for row in changes))
    nodes = list(dict.fromkeys(row["node"] for row in changes))
    head = with_head(
        bundle["about"],
        "",
        "Leads a machine from one setup to the next: stops what goes, starts what is new.",
    )
    functions = FUNCTIONS.read_text(encoding="utf-8").replace("deploy.sh: ", "change.sh: ")
    a, b = functions.index("usage() {"), functions.index("need_programs() {")
    usage = [
        "usage() {",
        '\tsay "usage: change.sh FROM TO NODE"',
        f'\tsay "  FROM TO: {"; ".join(" ".join(pair) for pair in pairs)}"',
        f'\tsay "  NODE: {" ".join(nodes)}"',
        "\texit 2",
        "}",
        "",
        "",
    ]
    text = ["#!/usr/bin/env bash\n" + head, functions[:a] + "\n".join(usage) + functions[b:]]
    lines = ["(($# == 3)) || usage", 'case "$1 $2 $3" in']
    for row in changes:
        lines += [f'"{row["before"]} {row["after"]} {row["node"]}")']
        lines += [f"\thalt {shlex.quote(name)}" for name in row["stop"]]
        if row["mps_stop"]:
            gpus = " ".join(f'"${{{gpu["key"]}:-{gpu["at"]}}}"' for gpu in row["mps_stop"])
            lines.append(f"\tmps_stop {gpus}")
        if row["start"] or row["stay"]:
            lines.append(f"\t./{setup_script_name(row['after'])} start {row['node']}")
        lines.append("\t;;")
    return "\n".join([*text, *lines, "*) usage ;;", "esac", ""])


def changes_table(changes: Sequence[Row]) -> str:
    """Changes.csv: one line a server of every change."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["from", "to", "node", "what", "server"])
    for row in changes:
        for what in ("stop", "start", "stay"):
            writer.writerows(
                [row["before"], row["after"], row["node"], what, name] for name in row[what]
            )
    return stream.getvalue()
