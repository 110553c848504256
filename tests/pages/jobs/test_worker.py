"""What a worker makes of a function's end: its result, its faults, or a message without secrets."""

import pytest

from app_pages.jobs.messages import OutcomeKind
from app_pages.jobs.worker import BUG, _run_worker_job
from tests.support.page.page_charts import idle_job
from tests.support.page.page_jobs import FAULTS


def test_a_result_and_faults_are_handed_over_whole() -> None:
    assert _run_worker_job("tests.support.page.page_jobs:echo", (7,), idle_job()).result[0] == 7
    assert _run_worker_job("tests.support.page.page_jobs:faulty", (), idle_job()).faults == FAULTS


def test_a_bug_is_named_by_its_kind_alone(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = _run_worker_job("tests.support.page.page_jobs:bug", (), idle_job())
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.message == f"KeyError. {BUG}"
    assert "secret of the server" in capsys.readouterr().err
