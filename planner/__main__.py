"""`python -m planner`: the same command line as the console command `llm-planner`."""

import sys

if not __package__:
    print(
        "Run the planner as a module from its checkout's folder: python -m planner --help",
        file=sys.stderr,
    )
    sys.exit(2)

from planner.cli.app import run

if __name__ == "__main__":
    run()
