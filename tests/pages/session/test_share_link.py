"""What of a share link counts: small inputs with values that the scenario takes."""

from app_pages.session.share_link import share_link_values
from planner.scenario.edits import ScenarioEdit
from tests.support.paths import EXAMPLES

EDIT = ScenarioEdit.of_file(str(EXAMPLES / "paper-trio" / "scenario.yaml"))


def test_sound_values_are_taken_with_their_kind() -> None:
    query = {"example": "paper-trio", "slo.0.limit_ms": "135", "pools.0.nodes": "2"}
    values, faults = share_link_values(EDIT, query)
    assert values == {"slo.0.limit_ms": 135.0, "pools.0.nodes": 2}
    assert isinstance(values["pools.0.nodes"], int)
    assert faults == []


def test_everything_else_is_a_separate_fault() -> None:
    query = {"example": "/etc", "pools.0.nodes": "1.5", "arrival_rate_rps": "-1", "profiles": "x"}
    values, faults = share_link_values(EDIT, query)
    assert values == {}
    assert [fault.where for fault in faults] == list(query)
