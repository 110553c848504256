"""Programs that are not Python packages: a test that needs one asks here, and is skipped with a NOT
RUN line where it is missing.

PLANNER_MUST_RUN (words, as .ci/run sets it once an installation has succeeded) turns such a skip
into a failure.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.paths import HOME

__all__ = ["NOT_RUN", "need"]

NOT_RUN = "NOT RUN"
PLACES = {
    "soffice": ("soffice",),
    "chromium": ("chromium", "/usr/bin/chromium"),
    "shellcheck": ("shellcheck",),
    "docker-compose": ("docker-compose",),
    "unshare": ("unshare",),
    "prometheus": ("prometheus",),
    "postgres": (
        "postgres",
        *(str(one) for one in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))[::-1]),
    ),
    "litellm": (str(HOME / ".venv-litellm" / "bin" / "python"),),
    "mkdocs": (str(HOME / ".venv-docs" / "bin" / "mkdocs"),),
}
"""Where each is looked for."""
INSTALL = {
    "soffice": "apt-get install libreoffice-calc",
    "chromium": "apt-get install chromium",
    "shellcheck": "apt-get install shellcheck",
    "docker-compose": "apt-get install docker-compose",
    "unshare": "apt-get install util-linux",
    "postgres": "apt-get install postgresql",
    "prometheus": "apt-get install prometheus",
    "litellm": "make litellm",
    "mkdocs": "make docs",
}


def need(name: str) -> str:
    """Path of a program; skip (or fail, where it must be there) without it."""
    found = next((path for place in PLACES[name] if (path := shutil.which(place))), None)
    if found is not None:
        return found
    reason = f"{NOT_RUN}: {name} is not here ({INSTALL[name]})"
    if name in os.environ.get("PLANNER_MUST_RUN", "").split():
        pytest.fail(reason)
    pytest.skip(reason)
