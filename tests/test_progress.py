"""What a run that goes on has to know of what is on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import JournalError
from bench.journal import JOURNAL, read_manifest, read_run
from bench.progress import find_unfinished
from tests.running import run_toy

FINISHED = b'{"kind":"finished"}\n'


def interrupted(parent: Path) -> tuple[Path, str]:
    """A run whose last line a kill kept from being written, under the name it was given."""
    made = run_toy(parent)
    manifest = read_manifest(made)
    folder = made.rename(parent / manifest.run)
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes().removesuffix(FINISHED))
    return folder, manifest.identity


def test_an_interrupted_run_is_found_with_all_that_it_has_on_record(tmp_path: Path) -> None:
    folder, identity = interrupted(tmp_path)
    found = find_unfinished(tmp_path, identity)
    assert found is not None
    assert found.folder == folder
    recorded = read_run(folder)
    assert len(found.done) == len(recorded.trials) > 0
    assert all(trial.id in found.done for trial in recorded.trials)
    assert found.timed == {(batch.scenario, batch.records) for batch in recorded.batches}
    assert find_unfinished(tmp_path, "another") is None


def test_a_finished_run_is_not_gone_on_with(tmp_path: Path) -> None:
    folder, identity = interrupted(tmp_path)
    with (folder / JOURNAL).open("ab") as journal:
        journal.write(FINISHED)
    assert find_unfinished(tmp_path, identity) is None


def test_a_trial_that_stands_there_twice_stops_the_run_by_its_line(tmp_path: Path) -> None:
    folder, identity = interrupted(tmp_path)
    journal = folder / JOURNAL
    first = journal.read_bytes().splitlines(keepends=True)[0]
    journal.write_bytes(journal.read_bytes() + first)
    with pytest.raises(JournalError, match="stands there twice; delete one line"):
        find_unfinished(tmp_path, identity)
