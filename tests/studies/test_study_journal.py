"""The journal of a study: an interrupted one goes on; that of another study is not used."""

import json
import threading
from pathlib import Path

import pytest

from planner.studies.setup_study import study_setups
from tests.support.instances.setup_studies import same
from tests.support.instances.tiny import random_instance


def test_an_interrupted_study_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.studies.setup_study.CHUNK", 3)
    instance = next(
        i
        for i in (random_instance(seed, "convex") for seed in range(99))
        if study_setups(i, jobs=1).positions.size >= 8
    )
    whole, journal, cancel = (
        study_setups(instance, jobs=1),
        tmp_path / "s.csv.partial",
        threading.Event(),
    )
    broken = study_setups(
        instance, jobs=1, journal=(journal, "k"), cancel=cancel, progress=lambda _: cancel.set()
    )
    assert not broken.complete
    assert broken.count("not routed") == whole.positions.size - 3
    with journal.open("a", encoding="utf-8") as stream:
        stream.write("[[3, 4], [[0.5, 0.")  # killed in the middle of a line
    resumed = study_setups(instance, jobs=1, journal=(journal, "k"))
    assert resumed.resumed == 3
    assert same(resumed, whole)
    assert not journal.exists()


def test_a_journal_of_another_study_is_not_used(tmp_path: Path) -> None:
    instance, journal = random_instance(3, "convex"), tmp_path / "j"
    journal.write_text(
        json.dumps({"key": "other"}) + "\n[[0], [[9.0, 9.0, [], [], [], [], []]]]\n",
        encoding="utf-8",
    )
    found = study_setups(instance, jobs=1, journal=(journal, "k"))
    assert found.resumed == 0
    assert same(found, study_setups(instance, jobs=1))
