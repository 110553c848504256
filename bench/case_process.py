"""A measurement in a process of its own: memory, imports and HiGHS's threads are those of one case
alone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["CaseLostError", "measured_in_process"]

HOME = Path(__file__).resolve().parents[1]


class CaseLostError(Exception):
    """A process that has no result, in words."""


def measured_in_process(module: str, *arguments: str, within_s: float | None = None) -> Any:
    """What `python -m MODULE ARGUMENTS` prints last, a line of JSON; its warnings go to standard
    error. Raises CaseLostError where it fails, or has not ended after some seconds.
    """
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=HOME, timeout=within_s, env=environment
        )
    except subprocess.TimeoutExpired as late:
        raise CaseLostError(f"not ended after {within_s:g} s") from late
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise CaseLostError(f"failed, exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])
