"""The command line: exit codes, streams, --json, Ctrl-C.

The first half replaces the search by a hand-made one, the second half is real.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from models.instance import Instance
from planner.cli.app import app
from planner.joint import solve as joint
from planner.settings import Progress, Settings
from planner.solution import Effort, ShadowPrices, Shard, Solution, Termination
from tests.support.paths import HOME
from tests.support.small_scenarios import write_scenario


def best(instance: Instance, status: str = "optimal", bound: float = 0.9) -> Solution:
    """One replica of each LLM, half of the requests each."""
    effort = Effort(
        wall=0.1,
        seconds={"search": 0.1},
        milp_solves=1,
        quality_cuts=2,
        nodes=3,
        termination={"optimal": "gap", "feasible": "time"}[status],
        solver_version="1.16.0",
    )
    halves = np.full(2, 0.5)
    place = (Shard(0, 0, 0, 0, 0), Shard(1, 0, 0, 0, 1))
    prices = ShadowPrices(None, (None,), (None,), ("not asked for",))
    rates = halves * instance.arrival_rate
    return Solution(
        status=status,
        value=0.9,
        bound=bound,
        effort=effort,
        replicas=np.ones(2, dtype=int),
        routed_rates=rates,
        fractions=halves,
        quality=0.9,
        dual_prices=np.zeros(2),
        ties=(),
        tie_eps=1e-9,
        placement=place,
        shadow_prices=prices,
    )


def nothing(status: str) -> Solution:
    from planner.solution import Conflict

    conflict = Conflict(("10 req/s do not fit",)) if status == "infeasible" else None
    return Solution(
        status=status,
        value=None,
        bound=None,
        effort=Effort(
            wall=0.1,
            seconds={},
            milp_solves=0,
            quality_cuts=0,
            nodes=0,
            termination=Termination.TIME if status == "unknown" else status,
        ),
        conflict=conflict,
    )


Fake = Callable[[Callable[..., Solution]], None]


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a function (instance, settings, progress, cancel) in the place of the joint search."""

    def put(solve: Callable[..., Solution]) -> None:
        monkeypatch.setattr(
            joint,
            "solve",
            lambda instance, settings, *, progress, cancel, **_: solve(
                instance, settings, progress=progress, cancel=cancel
            ),
        )

    return put


def plan(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["plan", *map(str, arguments)])


@pytest.mark.parametrize(
    ("status", "code"), [("optimal", 0), ("infeasible", 3), ("feasible", 4), ("unknown", 5)]
)
def test_exit_code_follows_status(search: Fake, tmp_path: Path, status: str, code: int) -> None:
    bound = 0.9 if status == "optimal" else 0.95
    search(
        lambda i, s, progress, cancel: (
            best(i, status, bound) if status in ("optimal", "feasible") else nothing(status)
        )
    )
    outcome = plan(write_scenario(tmp_path), "--json", tmp_path / "plan.json")
    assert outcome.exit_code == code, outcome.output
    assert status in outcome.stdout.splitlines()[1]
    assert json.loads((tmp_path / "plan.json").read_text())["status"] == status


def test_json_on_standard_output_is_alone(search: Fake, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: best(i))
    outcome = plan(write_scenario(tmp_path), "--json", "-")
    content = json.loads(outcome.stdout)
    assert content["quality"] == 0.9
    assert content["scenario_path"] == (tmp_path / "scenario.yaml").as_posix()


def test_limits_reach_the_search_and_the_plan(search: Fake, tmp_path: Path) -> None:
    asked: list[Settings] = []
    search(lambda i, s, progress, cancel: asked.append(s) or best(i))
    outcome = plan(
        write_scenario(tmp_path),
        "--time-limit",
        7,
        "--rel-gap",
        1e-05,
        "--set",
        "arrival_rate_rps=12",
        "--json",
        "-",
    )
    assert asked == [Settings(rel_gap=1e-5, time_limit=7.0)]
    assert json.loads(outcome.stdout)["overrides"] == {
        "arrival_rate_rps": 12,
        "solver.time_limit_s": 7.0,
        "solver.rel_gap": 1e-05,
    }


def test_quiet_prints_the_verdict_alone(search: Fake, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: best(i))
    outcome = plan(write_scenario(tmp_path), "--quiet")
    assert len(outcome.stdout.splitlines()) == 3
    assert outcome.stderr == ""


def test_bad_input_lists_every_fault(search: Fake, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: best(i))
    path = write_scenario(tmp_path)
    path.write_text(
        path.read_text().replace("nodes: 1", "nodes: 0").replace("version: 1", "version: 7")
    )
    outcome = plan(path)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert "pools.0.nodes" in outcome.stderr
    assert "version" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [["nope"], ["plan"], ["plan", "x.yaml", "--nope"], ["plan", "x.yaml", "--time-limit", "soon"]],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.yaml"],
        ["{}", "--set", "nonsense"],
        ["{}", "--rel-gap", "-1"],
        ["{}", "--time-limit", "nan"],
    ],
)
def test_wrong_values_are_exit_2(search: Fake, tmp_path: Path, arguments: list[str]) -> None:
    search(lambda i, s, progress, cancel: best(i))
    path = write_scenario(tmp_path)
    outcome = plan(*[a.format(path) for a in arguments])
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stderr


@pytest.mark.parametrize("target", ["no/such/folder/plan.json", "."])
def test_unwritable_target_is_found_before_the_search(
    search: Fake, tmp_path: Path, target: str
) -> None:
    search(lambda i, s, progress, cancel: pytest.fail("the search has begun"))
    outcome = plan(write_scenario(tmp_path), "--json", tmp_path / target)
    assert outcome.exit_code == 2
    assert "--json names" in outcome.stderr


def test_a_bug_is_no_answer(search: Fake, tmp_path: Path) -> None:
    search(lambda i, s, progress, cancel: best(i, bound=0.8))
    outcome = plan(write_scenario(tmp_path), "--json", tmp_path / "plan.json")
    assert outcome.exit_code == 1
    assert "bug of the planner" in str(outcome.exception)
    assert not (tmp_path / "plan.json").exists()


def test_progress_shows_after_a_second(search: Fake, tmp_path: Path) -> None:
    def slow(
        instance: Instance,
        settings: Settings,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Solution:
        progress(Progress(0.1, "milp", 0.88, 0.92))
        time.sleep(1.3)
        return best(instance)

    search(slow)
    outcome = plan(write_scenario(tmp_path))
    assert "milp, found 0.88000, best possible 0.92000, gap 4.5 %, 1 s" in outcome.stderr


def test_what_the_search_raises_comes_out(search: Fake, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> Solution:
        raise ZeroDivisionError("in the search")

    search(broken)
    outcome = plan(write_scenario(tmp_path))
    assert (outcome.exit_code, str(outcome.exception)) == (1, "in the search")


COMMANDS = (
    *("plan", "report", "diff", "export", "baselines", "setups", "check", "sweep", "route"),
    *("simulate", "init", "app", "profile gaps", "profile estimate", "profile import"),
    "profile check",
)


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    listed = ""
    for group in ([], ["profile"]):
        outcome = CliRunner().invoke(app, [*group, "-h"], env={"COLUMNS": "80"})
        listed += outcome.stdout.partition("Commands:")[2].partition("Example:")[0]
    lines = [line.strip() for line in listed.splitlines() if line.strip()]
    assert {line.split()[0] for line in lines} == {
        word for command in COMMANDS for word in command.split()
    }
    assert not [line for line in lines if not line.endswith(".") or line.endswith("...")]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_an_example(command: str) -> None:
    short, long = (
        CliRunner().invoke(app, [*command.split(), option]).stdout for option in ("-h", "--help")
    )
    assert short == long
    assert "Example: python -m planner" in long


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'pyomo', 'rich', 'pydantic', 'highspy', 'scipy', 'streamlit'}"
    code = f"import sys, planner, planner.cli.app; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=HOME, check=True, capture_output=True, text=True
        ).stdout.strip()
        == "[]"
    )


def test_version() -> None:
    from planner.version import VERSION

    assert CliRunner().invoke(app, ["--version"]).stdout == f"planner {VERSION}\n"


def test_file_run_directly_tells_how() -> None:
    outcome = subprocess.run(
        [sys.executable, HOME / "planner" / "__main__.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert "python -m planner" in outcome.stderr


# --- Ctrl-C in a process of its own ---------------------------------------------------------------

FAKE_PROCESS = """
import time
import planner.joint.solve as joint
import tests.cli.test_app as t
def solve(instance, settings, progress, cancel, **_):
    print("searching", flush=True)
    cancel.wait(20) if {listens} else time.sleep(20)
    return t.best(instance, "feasible", 0.95) if {found} else t.nothing("unknown")
joint.solve = solve
t.app(["plan", {path!r}], prog_name="planner")
"""


def interrupted(
    path: Path, *, found: bool = True, listens: bool = True, times: int = 1
) -> tuple[int, str]:
    """Exit code and standard output of a process that got Ctrl-C; it must end within ten
    seconds.
    """
    code = FAKE_PROCESS.format(path=str(path), found=found, listens=listens)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "searching\n"
    for _ in range(times):
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=10)
    return process.returncode, stdout


@pytest.mark.parametrize(("found", "code"), [(True, 4), (False, 5)])
def test_ctrl_c_keeps_the_best_plan(tmp_path: Path, found: bool, code: int) -> None:
    returned, stdout = interrupted(write_scenario(tmp_path), found=found)
    assert returned == code, stdout
    assert "stopped by" in stdout


def test_ctrl_c_before_the_search(tmp_path: Path) -> None:
    """In the middle of the imports, when an exception might be swallowed, turned into another or
    end the process by SIGINT.
    """
    for delay in (0.2, 0.4):
        command = [sys.executable, "-m", "planner", "plan", str(write_scenario(tmp_path))]
        with subprocess.Popen(
            command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=10)
        if process.returncode not in (
            0,
            130,
            -signal.SIGINT,
        ):  # a fast machine is done, a slow one has not reached our code
            assert (process.returncode, stdout, "before the search" in stderr) == (5, "", True)


def test_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    returned, _ = interrupted(write_scenario(tmp_path), listens=False, times=2)
    assert returned == 5


# --- the real search in a process of its own ------------------------------------------------------


def write_hard_scenario(folder: Path) -> Path:
    """Eight LLMs on twelve nodes of eight GPUs in shares of 10 %, noisy curves, replicas free, gap
    0: about ten seconds of search.
    """
    rng = np.random.default_rng(5)
    names = "abcdefgh"
    rows = ["llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu"]
    for llm, size in zip(names, np.geomspace(7, 34, len(names)), strict=True):
        for tp in (1, 2, 4):
            for share in range(10, 101, 10):
                top = tp**0.85 * share / 100 * 420 / size
                base = 20 + 4 * size / (tp**0.7 * (share / 100) ** 0.6)
                for load in np.linspace(0, 0.97, 12):
                    latency = (
                        base * (1 + 0.6 * load / (1 - load)) * (1 + 0.05 * rng.standard_normal())
                    )
                    memory = size * 1.87 / tp + 6
                    point = f"{load * top:.6f},{latency:.4f},{memory:.2f}"
                    rows.append(f"{llm},GPU-X,{tp},{share},{point}")
    (folder / "profiles.csv").write_text("\n".join(rows) + "\n")
    spread, prompts = np.linspace(0.35, 0.75, len(names)), 4000
    scores = (
        spread
        + 0.5 * (0.5 - rng.beta(2, 2, prompts))[:, None]
        + rng.normal(0, 0.15, (prompts, len(names)))
    )
    lines = [",".join(["prompt_id", *names])] + [
        f"p{k}," + ",".join(f"{s:.6f}" for s in row) for k, row in enumerate(scores)
    ]
    (folder / "scores.csv").write_text("\n".join(lines) + "\n")
    llms = ", ".join(f"{{name: {llm}}}" for llm in names)
    path = folder / "scenario.yaml"
    path.write_text(f"""version: 1
name: hard
pools: [{{name: p, gpu: GPU-X, nodes: 12, gpus_per_node: 8, memory_gib: 80}}]
llms: [{llms}]
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: 1400
slo: [{{metric: ttft, statistic: mean, limit_ms: 250}}]
objective: {{maximize: quality}}
solver: {{rel_gap: 0, time_limit_s: 300}}
""")
    return path


def real(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "planner", "plan", *map(str, arguments)]
    return subprocess.run(
        command, cwd=HOME, capture_output=True, text=True, timeout=120, check=False
    )


def test_real_plan(tmp_path: Path) -> None:
    outcome = real(write_scenario(tmp_path), "--json", "-")
    assert outcome.returncode == 0, outcome.stderr
    content = json.loads(outcome.stdout)
    jsonschema.validate(
        content,
        json.loads((HOME / "docs" / "plan.schema.json").read_text()),
        cls=jsonschema.Draft202012Validator,
    )
    assert content["quality"] == pytest.approx(0.9), (
        "every prompt gets its best LLM: 10 req/s fit easily"
    )
    assert "HiGHS" not in outcome.stderr


def test_real_infeasible(tmp_path: Path) -> None:
    outcome = real(write_scenario(tmp_path, rate=200.0), "--json", tmp_path / "plan.json")
    assert outcome.returncode == 3, outcome.stderr
    content = json.loads((tmp_path / "plan.json").read_text())
    jsonschema.validate(
        content,
        json.loads((HOME / "docs" / "plan.schema.json").read_text()),
        cls=jsonschema.Draft202012Validator,
    )
    changes = {repair["change"]: repair["to"] for repair in content["conflict"]["repairs"]}
    assert changes["arrival_rate_rps"] <= 80, "two replicas of at most 40 req/s"
    assert changes["pools.0.nodes"] == 3, "200 req/s need five GPUs"


def test_real_time_limit(tmp_path: Path) -> None:
    outcome = real(write_hard_scenario(tmp_path), "--time-limit", "3", "--json", "-")
    content = json.loads(outcome.stdout)
    assert (outcome.returncode, content["status"]) in {(4, "feasible"), (5, "unknown")}, (
        outcome.stderr
    )


def test_real_ctrl_c(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "planner",
        "plan",
        str(write_hard_scenario(tmp_path)),
        "--json",
        "-",
    ]
    with subprocess.Popen(
        command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("search") for line in iter(process.stderr.readline, "")), (
            "it ended before its search"
        )
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    content = json.loads(stdout)
    assert (process.returncode, content["status"]) in {(4, "feasible"), (5, "unknown")}, stderr
    assert content["solver"]["termination"] == "interrupt"
