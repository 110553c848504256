"""What every run of the tests tells at its end: which outside programs were missing, in capitals."""

from collections import Counter
from typing import Any

from tests.outside import NOT_RUN


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the tests that were not run for want of a program."""
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    missing = Counter(reason[reason.index(NOT_RUN) :] for reason in reasons if NOT_RUN in reason)
    for reason, tests in sorted(missing.items()):
        terminalreporter.write_line(f"{reason.upper()}: {tests} TESTS", red=True)
