"""One installed planner for all tests of this folder."""

import pytest

from tests.support.installed import Installed, build_wheel, install_wheel


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a separate environment; commands run in a folder that is empty at first."""
    base = tmp_path_factory.mktemp("installed")
    return install_wheel(build_wheel(base), base / "environment", base / "folder")
