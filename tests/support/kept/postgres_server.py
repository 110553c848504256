"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket in it, without a
network port, run by a user without rights.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.outside import need
from tests.support.walls import UNHURRIED_S

__all__ = ["PostgresServer", "running_postgres"]


class PostgresServer:
    """A server that runs; every library has a schema of its own, and a password that means
    nothing here.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs, self._count = folder, programs, 0

    def new_library(self) -> str:
        """The address of a library that is empty."""
        self._count += 1
        schema = f"library_{self._count}"
        self.run_sql(f"CREATE SCHEMA {schema}")
        return self.address(f"&options=-csearch_path%3D{schema}")

    def address(self, more: str = "", user: str = "planner") -> str:
        return f"postgresql://{user}:open-sesame@/postgres?host={self.folder}{more}"

    def run_sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(statement)

    def waiting(self) -> bool:
        """Whether a session waits for a lock that another one holds."""
        import psycopg

        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return bool(row and row[0])


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server for the time of the tests; skipped with NOT RUN where the program is missing."""
    programs = Path(need("postgres")).resolve().parent
    # Short, the path of a socket has at most 107 signs; and not below pytest's own folder, which is
    # closed to others.
    folder = Path(tempfile.mkdtemp(prefix="planner-pg-", dir="/tmp"))
    who: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # the server refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    made = ("-D", data, "-U", "planner", "-A", "trust", "--no-sync", "--no-instructions")
    subprocess.run([programs / "initdb", *made, "-E", "UTF8"], check=True, **quiet, **who)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "max_connections": "30",
        "shared_buffers": "16MB",
        "lc_messages": "C",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, **who
        )
    try:
        _wait_for_postgres(programs, folder, server)
        yield PostgresServer(folder, programs)
    finally:
        server.terminate()
        try:
            server.wait(timeout=UNHURRIED_S)
        finally:
            server.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for_postgres(programs: Path, folder: Path, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + UNHURRIED_S
    ready = [programs / "pg_isready", "-q", "-h", folder]
    while subprocess.run(ready, check=False).returncode:
        log = (folder / "log").read_text()
        assert server.poll() is None, log
        assert time.monotonic() < end, log
        time.sleep(0.05)
