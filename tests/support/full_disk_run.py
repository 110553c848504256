"""Run by test_full_disk in a process of its own: commands of the planner in the current folder,
while no file may grow beyond a few bytes.

    python full_disk_run.py LIMIT COMMAND...      each command a JSON list of arguments

Prints a JSON list [exit code, standard error] a command.
"""

import contextlib
import io
import json
import resource
import sys

from planner.cli.app import run


def main() -> None:
    limit, answers = int(sys.argv[1]), []
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    for command in sys.argv[2:]:
        sys.argv[1:] = json.loads(command)
        errors, code = io.StringIO(), 0
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            try:
                run()
            except SystemExit as left:
                code = left.code or 0
        answers.append([code, errors.getvalue()])
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(json.dumps(answers))


main()
