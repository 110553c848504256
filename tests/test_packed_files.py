"""Files next to the modules, as a checkout has them; tests/install/test_wheel.py has the
wheel's.
"""

import pytest

from planner import packed_files
from tests.support.paths import HOME


def test_every_folder_with_a_scenario_is_an_example() -> None:
    folders = {path.parent.name for path in (HOME / "examples").glob("*/scenario.yaml")}
    assert set(packed_files.EXAMPLES) == folders


@pytest.mark.parametrize("name", packed_files.EXAMPLES)
def test_an_example_is_there(name: str) -> None:
    assert packed_files.packed_example_path(name) == HOME / "examples" / name / "scenario.yaml"


@pytest.mark.parametrize("name", ["paper-study", "../docs", ""])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no example"):
        packed_files.packed_example_path(name)


def test_page_and_schemas_are_there() -> None:
    assert not packed_files.IS_WHEEL
    assert packed_files.PAGE_SCRIPT.is_file()
    assert {path.name for path in packed_files.SCHEMAS.glob("*.schema.json")} == {
        *("plan.schema.json", "plan-cells.schema.json", "scenario.schema.json"),
    }
