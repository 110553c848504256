"""Azure traces."""

from pathlib import Path

from profiles.request_logs.azure_csv import is_azure_csv, read_azure_csv
from profiles.request_logs.record import LoggedRequest
from tests.support.scenarios.log_files import INPUT, OUTPUT, START, azure_csv_text


def test_requests_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(azure_csv_text())
    assert is_azure_csv(azure_csv_text().splitlines()[0].split(","))
    assert not is_azure_csv(["TIMESTAMP", "ContextTokens"])
    assert list(read_azure_csv(path)) == [
        LoggedRequest(START + 10 * k + 0.5, None, float(INPUT[k]), float(OUTPUT[k]))
        for k in range(4)
    ]
