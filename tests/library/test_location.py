"""Where the library is, and that no message repeats an address."""

from pathlib import Path

import pytest

from planner.errors import LibraryError
from planner.library.location import library_location

SECRET = "open-sesame"  # noqa: S105


def test_the_users_data_folder_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLANNER_LIBRARY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert library_location().file == tmp_path / "llm-planner" / "library.db"
    assert not list(tmp_path.iterdir())


def test_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLANNER_LIBRARY", "~/100 % kept?")
    location = library_location()
    assert location.file == tmp_path / "100 % kept?" / "library.db"
    assert location.words == str(location.file)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_is_named_without_its_password(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_DATABASE_URL", f"{scheme}://me:{SECRET}@db.example:5433/plans")
    location = library_location()
    assert location.words == "library in the PostgreSQL database plans on db.example"
    assert location.url.drivername == "postgresql+psycopg"
    assert location.url.query["connect_timeout"] == "10"
    assert SECRET not in repr(location)
    assert location.location_without_secrets(f"password {SECRET} is wrong") == (
        "password *** is wrong"
    )


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://me:{SECRET}@db/plans",
        f"sqlite:///{SECRET}.db",
        f"me:{SECRET}@db/plans",
        f"postgresql://me:{SECRET}@db:port/plans",
        SECRET,
    ],
)
def test_what_is_no_address_is_not_repeated(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_DATABASE_URL", address)
    with pytest.raises(LibraryError, match=r"^PLANNER_DATABASE_URL: .* write postgresql://") as no:
        library_location()
    assert SECRET not in str(no.value)
    assert no.value.__suppress_context__ or no.value.__context__ is None
