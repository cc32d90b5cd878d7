"""What is remembered of forms can be read with the key alone, and of the right form."""

from __future__ import annotations

import pytest

from gateway.errors import EngineFault
from gateway.pseudonyms import RecordKeys

KEYS = RecordKeys(bytes(range(32)))


def test_what_is_sealed_comes_back_and_is_sealed_anew_each_time() -> None:
    one, two = (KEYS.seal(b"facts", of="a") for _ in range(2))
    assert KEYS.open(one, of="a") == KEYS.open(two, of="a") == b"facts"
    assert one != two
    assert b"facts" not in one


@pytest.mark.parametrize(
    ("keys", "of", "change"), [(KEYS, "b", 0), (RecordKeys(bytes(32)), "a", 0), (KEYS, "a", 1)], ids=str
)
def test_what_was_moved_altered_or_sealed_with_another_secret_is_not_read(
    keys: RecordKeys, of: str, change: int
) -> None:
    sealed = bytearray(KEYS.seal(b"facts", of="a"))
    sealed[-1] ^= change
    with pytest.raises(EngineFault):
        keys.open(bytes(sealed), of=of)


def test_keyed_words_are_told_apart_by_every_word_and_the_secret() -> None:
    keyed = {
        KEYS.keyed("a", "b"),
        KEYS.keyed("ab"),
        KEYS.keyed("b", "a"),
        KEYS.keyed("a", "b", ""),
        RecordKeys(bytes(32)).keyed("a", "b"),
    }
    assert len(keyed) == 5
    assert KEYS.keyed("a", "b") == KEYS.keyed("a", "b")
    assert "RecordKeys(" in repr(KEYS)
    assert "secret" not in repr(KEYS)
