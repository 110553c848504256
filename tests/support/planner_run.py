"""Commands of the planner as processes of their own that need not import it: a server imports once
and forks for each command. What a command's start costs, other tests look at.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryFile

__all__ = ["run_planner"]

PRELOADED = ["planner.cli.app", "planner.cli.commands.plan", "planner.cli.commands.sweep"]
LONGEST_S = 600.0
"""Nothing hangs: no matter how slow a busy machine is, this is not reached."""


def run_planner(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ
) -> "subprocess.CompletedProcess[str]":
    """`python -m planner WORDS` run in a folder; TimeoutError when it does not end."""
    with TemporaryFile() as out, TemporaryFile() as err:
        files = tuple(multiprocessing.reduction.DupFd(stream.fileno()) for stream in (out, err))
        process = _server().Process(
            target=_planner, args=(list(words), str(folder), dict(environment), files)
        )
        process.start()
        process.join(LONGEST_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"planner {' '.join(words)} runs longer than {LONGEST_S:g} s")
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8"))
    return subprocess.CompletedProcess(list(words), process.exitcode, *texts)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _planner(words: list[str], folder: str, environment: dict[str, str], files: tuple) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, stream in enumerate(files, 1):
        os.dup2(stream.detach(), descriptor)
    sys.argv = ["planner", *words]
    from planner.cli.app import run

    run()
