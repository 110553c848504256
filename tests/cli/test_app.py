"""The command line itself: commands and help, usage, version, what importing it loads."""

import gc
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from planner.cli.app import app, run
from tests.support.paths import HOME


@pytest.mark.parametrize(
    "arguments",
    [["nope"], ["plan"], ["plan", "x.yaml", "--nope"], ["plan", "x.yaml", "--time-limit", "soon"]],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


COMMANDS = (
    *(
        "plan",
        "report",
        "diff",
        "export",
        "baselines",
        "setups",
        "check",
        "sweep",
        "tornado",
        "thresholds",
        "route",
    ),
    *(
        "simulate",
        "drift",
        "init",
        "app",
        "plugins",
        "profile gaps",
        "profile estimate",
        "profile import",
    ),
    *("profile derate", "profile merge"),
    *("profile check", "scores check", "scores import", "demand import"),
    *("library list", "library show", "library compare", "library tag", "library rename"),
    *("library replan", "library export", "library rm"),
)


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    listed = ""
    for group in ([], ["profile"], ["scores"], ["demand"], ["library"]):
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
    heavy = (
        "{'numpy', 'pandas', 'pyomo', 'rich', 'pydantic', 'highspy', 'scipy', 'streamlit',"
        " 'sqlalchemy', 'alembic', 'platformdirs'}"
    )
    code = f"import sys, planner, planner.cli.app; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=HOME, check=True, capture_output=True, text=True
        ).stdout.strip()
        == "[]"
    )


def test_planning_without_saving_loads_no_database() -> None:
    code = "import sys, planner.cli.commands.plan; print('sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_version() -> None:
    from planner.version import VERSION

    assert CliRunner().invoke(app, ["--version"]).stdout == f"planner {VERSION}\n"


def test_the_end_looks_for_no_garbage_and_listens_to_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(sys, "argv", ["planner", "--version"])
    monkeypatch.setattr("planner.cli.app.postpone_imports", lambda: None)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as end:
            run()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert (end.value.code, frozen) == (0, [True])
    assert capsys.readouterr().out.startswith("planner ")


def test_file_run_directly_says_how() -> None:
    outcome = subprocess.run(
        [sys.executable, HOME / "planner" / "__main__.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert "python -m planner" in outcome.stderr
