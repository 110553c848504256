"""change.sh stops what goes and hands over to the next setup's script."""

import os
import subprocess
from pathlib import Path

from reports.deploy.cells_change import change_script, changes_table, setup_script_name

ABOUT = {"date": "2026-11-01", "planner_version": "x", "plan_hash": "h", "scenario": "s",
         "scenario_sha256": "0"}  # fmt: skip
CHANGES = [
    {
        "before": "day", "after": "night", "node": "p-0",
        "stop": ["a-0"], "start": ["b-0"], "stay": ["c-0"], "mps_stop": [],
    },
    {
        "before": "night", "after": "day", "node": "p-0",
        "stop": ["b-0"], "start": [], "stay": [], "mps_stop": [{"key": "GPU_P_0_1", "at": 1}],
    },
]  # fmt: skip


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = folder / "change.sh"
    script.write_text(change_script({"about": ABOUT, "changes": CHANGES}), encoding="utf-8")
    script.chmod(0o755)
    for label in ("day", "night"):
        next_one = folder / setup_script_name(label)
        next_one.write_text('#!/bin/bash\necho "$0 $*"\n', encoding="utf-8")
        next_one.chmod(0o755)
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    for name in ("nvidia-smi", "nvidia-cuda-mps-control"):
        (stubs / name).write_text(f'#!/bin/bash\necho "{name} $*" >>"{folder}/called"\n')
        (stubs / name).chmod(0o755)
    environment = {"PATH": f"{stubs}:{os.environ['PATH']}"}
    return subprocess.run(
        [script, *words], env=environment, capture_output=True, text=True, check=False
    )


def test_a_change_stops_then_starts(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a-0.pid").write_text("999999 1")  # a process that is gone
    done = run(tmp_path, "day", "night", "p-0")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "./deploy-night.sh start p-0\n"
    assert not (tmp_path / "run" / "a-0.pid").exists()


def test_the_daemon_ends_with_the_shared_servers(tmp_path: Path) -> None:
    done = run(tmp_path, "night", "day", "p-0")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "nvidia-smi -i 1 -c DEFAULT" in (tmp_path / "called").read_text()


def test_an_unknown_change_shows_how(tmp_path: Path) -> None:
    done = run(tmp_path, "day", "noon", "p-0")
    assert done.returncode == 2
    assert "usage: change.sh FROM TO NODE" in done.stderr
    assert "day night; night day" in done.stderr


def test_the_list_has_a_line_a_server() -> None:
    assert changes_table(CHANGES).splitlines() == [
        "from,to,node,what,server",
        *("day,night,p-0,stop,a-0", "day,night,p-0,start,b-0", "day,night,p-0,stay,c-0"),
        "night,day,p-0,stop,b-0",
    ]
