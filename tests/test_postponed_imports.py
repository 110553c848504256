"""The command line and the page's workers do not wait for packages that nobody uses; who uses them
gets them.
"""

import subprocess
import sys

import pytest

from tests.support.paths import HOME

COMMAND = """
sys.argv = ["planner", "plan", "no-such-scenario.yaml"]
from planner.cli.app import run
try:
    run()
except SystemExit as end:
    assert end.code == 2
"""
WORKER = """
import os
from app_pages.jobs import worker
os.killpg = lambda *_: os._exit(1)
class Ends(Exception): pass
class Pipe:
    def __init__(self, descriptor): pass
    def recv(self): import time; time.sleep(60)
    def send(self, word): raise Ends
worker.Connection = Pipe
try:
    worker.serve_worker_jobs(0)
except Ends:
    pass
"""


@pytest.mark.parametrize(
    ("process", "use"),
    [
        (COMMAND, "from scipy.stats import norm; import scipy.spatial.distance"),
        (WORKER, "import scipy.spatial.distance; import scipy.stats; norm = scipy.stats.norm"),
    ],
    ids=["command", "worker"],
)
def test_packages_are_imported_when_they_are_used(process: str, use: str) -> None:
    code = f"""
import sys
{process}
assert "pyomo.environ" in sys.modules
assert not {{"scipy.stats._stats_py", "scipy.spatial._kdtree"}} & sys.modules.keys()
{use}
assert norm.cdf(0.0) == 0.5
assert scipy.spatial.distance.euclidean([0.0], [2.0]) == 2.0
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
