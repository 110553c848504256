"""Two people who signed in plan and keep at the same time on one PostgreSQL: nothing is lost, and
nothing of one gets to the other. As Streamlit's own messages, without a browser.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.page_session import PageSession
from planner.library.kept_input import load_kept_plan, opened_kept_content, read_kept_content
from planner.library.kept_record import KeptRecord, RecordKind
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_search import RecordSearch, list_records
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.browser.conftest import free_port, page_process
from tests.browser.test_log_in import upload, write_secrets
from tests.support.kept.openid_provider import USERS, running_provider, signed_in_cookies
from tests.support.kept.postgres_server import PostgresServer
from tests.support.walls import wall_size

ROUNDS = wall_size(3, 20)
RATES = {"anna": 10.0, "berta": 15.0}
"""Of each person's first plan; the next ones are a tenth higher each."""


def solve_and_keep(page: PageSession, rates: list[float]) -> None:
    """A plan for each rate, kept by the page Export."""
    for rate in rates:
        page.go_to("")
        page.set_number("knob-arrival_rate_rps", rate)
        page.wait_until(lambda: page.shows("This plan is out of date"))
        page.click("solve")
        page.wait_until(lambda: not page.shows("Solving. "))
        assert not page.shows("This plan is out of date")
        page.go_to("export")
        page.click("share-plan")
        page.wait_until(lambda: page.shows("Kept as number"))


@pytest.mark.slow
def test_two_people_plan_and_keep_at_the_same_time(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_DATABASE_URL", postgres.new_library())
    port = free_port()
    rates = {user: [first + k / 10.0 for k in range(ROUNDS)] for user, first in RATES.items()}
    with running_provider() as provider:
        options = ("--secrets.files", str(write_secrets(tmp_path, port, provider)))
        with page_process(port, *options) as (_, address), ThreadPoolExecutor() as pool:
            stranger = PageSession(address, "visitor-0000")
            stranger.click("sign-in-default")
            people = {
                user: PageSession(
                    address, f"visitor-{k:04d}", signed_in_cookies(address, stranger.redirect, user)
                )
                for k, user in enumerate(USERS, 1)
            }
            for page in people.values():
                named = {k: v.replace("my-cluster", page.name) for k, v in TEMPLATE_TEXTS.items()}
                upload(page, {k: v.encode() for k, v in named.items()})
                page.wait_until(lambda page=page: not page.shows("Solving. "))
            list(pool.map(solve_and_keep, people.values(), [rates[user] for user in people]))
            for page in (stranger, *people.values()):
                page.close()
                assert page.strangers == 0
    library = open_library_database()
    plans = list_records(library, RecordSearch(kind=RecordKind.PLAN))
    assert len(plans) == 2 * ROUNDS
    for user, page in people.items():
        own = [record for record in plans if record.owner_name == USERS[user]]
        assert {record.scenario for record in own} == {page.name}
        kept = [arrival_rate_of(library, record) for record in own]
        assert sorted(kept) == pytest.approx(rates[user])


def arrival_rate_of(library: LibraryDatabase, record: KeptRecord) -> float:
    """Of a kept plan, which passes the verifier once more."""
    kept = read_kept_content(library, record)
    with opened_kept_content(kept) as folder:
        plan = load_kept_plan(kept, folder)
    assert isinstance(plan, PlanAndScenario)
    return plan.loaded.instance.arrival_rate
