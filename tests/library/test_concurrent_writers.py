"""Several processes write into one library at once, and one is killed: nothing is lost, nothing is
crossed, nothing is there by half.
"""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from planner.library.kept_input import load_kept_plan, opened_kept_content, read_kept_content
from planner.library.kept_record import KeptAs, RecordKind
from planner.library.kept_tables import Blob
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_changes import remove_records
from planner.library.record_keeping import keep_study
from planner.library.record_search import RecordSearch, list_records
from tests.support.kept.kept_plans import small_plan
from tests.support.kept.postgres_server import PostgresServer
from tests.support.kept.writers import ROUNDS, WRITERS
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S


@pytest.mark.slow
def test_writers_at_once_and_writers_that_are_killed(
    library: LibraryDatabase, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.kept.writers", tmp_path / "s"],
        cwd=HOME,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=UNHURRIED_S,
        check=False,
    )
    assert not done.returncode, done.stderr
    seen = json.loads(done.stdout)
    assert seen["codes"] == [0] * WRITERS, done.stderr
    # The first writer was killed with pages on the disk that are not committed.
    is_file = library.location.file is not None
    assert (seen["journals"][0] > 0) is is_file
    assert seen["after early kill"] == []
    assert sorted(seen["after late kill"]) == ["killed", "tiny"]

    plans = list_records(library, RecordSearch(kind=RecordKind.PLAN))
    named = {record.name: record for record in plans}
    assert set(named) == {f"w{w}-{k}!" for w in range(WRITERS) for k in range(ROUNDS)}
    for name, record in named.items():
        writer, round_ = int(name[1]), int(name[3])
        assert (record.owner, record.tags) == (f"w{writer}", ("mine",))
        assert record.figures["cost_usd_per_h"] == writer + round_ / 100.0
    scenarios = [r for r in list_records(library) if r.kind == RecordKind.SCENARIO]
    common = [record for record in scenarios if record.owner is None]
    assert len({record.scenario_sha256 for record in common}) == len(common) == 2
    assert all({f"w{w}" for w in range(WRITERS)} <= set(record.tags) for record in common)
    for record in list_records(library):
        kept = read_kept_content(library, record)
        if record.name == "w0-0!":
            with opened_kept_content(kept) as folder:
                source = load_kept_plan(kept, folder, unverified=True)
            assert source.loaded.instance.arrival_rate == 2
    if is_file:
        file = sqlite3.connect(str(library.location.file))
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        file.close()
    # Studies that were removed have left nothing: scenario.yaml, two tables, plans, one study.
    count = library.read_library(lambda session: session.query(Blob).count())
    assert count == 3 + WRITERS * ROUNDS + 1


@pytest.mark.slow
def test_two_that_remove_the_last_uses_of_a_blob_at_once_leave_nothing(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second removes while the first has not committed yet, and then waits for it."""
    monkeypatch.setenv("PLANNER_DATABASE_URL", postgres.new_library())
    loaded = small_plan(tmp_path).scenario.result
    first, second = open_library_database(), open_library_database()
    blobs = lambda: first.read_library(lambda session: session.query(Blob).count())  # noqa: E731
    keep_study(first, "sweep", {"round": 0}, loaded, KeptAs(owner="c"))
    before = blobs()
    one, other = (
        keep_study(first, "sweep", {"round": 1}, loaded, KeptAs(owner=owner)) for owner in "ab"
    )
    assert blobs() == before + 1
    follower = threading.Thread(target=remove_records, args=(second, [other.number]))

    def remove_the_other(_: object) -> None:
        if follower.ident is None:
            follower.start()
            while follower.is_alive() and not postgres.waiting():
                follower.join(0.01)

    event.listen(first._engine, "commit", remove_the_other)
    remove_records(first, [one.number])
    follower.join()
    assert blobs() == before
