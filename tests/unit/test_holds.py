"""Names that are held by one at a time over processes, and what is said of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.stores import holds
from gateway.stores.holds import FileHolds

NOTES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=96)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.running"


@pytest.fixture
def here(file: Path) -> FileHolds:
    return FileHolds(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(), note=NOTES)
def test_a_note_is_of_who_holds_the_name_and_ends_with_that(here: FileHolds, name: str, note: str) -> None:
    assert here.note_of(name) is None
    with here.hold(name, note=note) as held:
        assert (held, here.note_of(name)) == (True, note)
        with here.hold(name, note="another's") as also:
            assert (also, here.note_of(name)) == (False, note), "who does not hold it says nothing"
        assert here.note_of(name) == note
    assert here.note_of(name) is None


def test_another_process_reads_it_and_it_ends_with_the_process_that_said_it(file: Path) -> None:
    told, tell = os.pipe()
    end, ended = os.pipe()
    child = os.fork()
    if child == 0:
        with FileHolds(file).hold("k", note="sha256:00"):
            os.write(tell, b"x")
            os.read(end, 1)
            os._exit(0)
    os.read(told, 1)
    here = FileHolds(file)
    with here.hold("k") as held:
        assert (held, here.note_of("k")) == (False, "sha256:00")
    os.write(ended, b"x")
    os.waitpid(child, 0)
    with here.hold("k", note="sha256:11") as held:
        assert (held, here.note_of("k")) == (True, "sha256:11")
    for each in (told, tell, end, ended):
        os.close(each)


def test_two_names_at_one_place_never_speak_for_each_other(here: FileHolds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "PLACES", 1)
    with here.hold("one", note="1"), here.hold("two", note="2") as second:
        assert (second, here.note_of("one"), here.note_of("two")) == (True, None, "2")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_what_nobody_said_is_not_read(here: FileHolds, file: Path, raw: bytes) -> None:
    file.write_bytes(raw * (holds.PLACES * holds.PLACE_BYTES // max(len(raw), 1) // 64))
    assert here.note_of("k") is None


def test_a_note_is_short(here: FileHolds) -> None:
    with pytest.raises(ValueError, match="short"), here.hold("k", note="x" * 97):
        pass
    with here.hold("k") as held:
        assert held
