"""An upload is stated before its first byte, its pieces come in order, and it goes on where it stopped."""

import pytest

from v2h.update.pieces import FREE_B, LEAST_B, MOST_B, MOST_PIECE_B, Statement, check_piece, check_room, read_statement
from v2h.update.refusals import RefusedError
from v2h.web.app import MAX_BODY

SHA = "0123456789abcdef" * 4
GOOD = {"name": "v2h-2026.12.raucb", "size_b": 90_000_000, "sha256": SHA}
STATED = Statement("v2h.raucb", LEAST_B, SHA)


def test_a_statement_names_file_size_and_checksum() -> None:
    assert read_statement(GOOD) == Statement("v2h-2026.12.raucb", 90_000_000, SHA)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("name", "../v2h.raucb", "update.bad_name"),
        ("name", ".raucb", "update.bad_name"),
        ("name", "v2h.img", "update.bad_name"),
        ("name", None, "update.bad_name"),
        ("size_b", LEAST_B - 1, "update.bad_size"),
        ("size_b", MOST_B + 1, "update.bad_size"),
        ("size_b", True, "update.bad_size"),
        ("size_b", 9e7, "update.bad_size"),
        ("sha256", SHA.upper(), "update.bad_sha256"),
        ("sha256", SHA[:-1], "update.bad_sha256"),
    ],
)
def test_a_statement_that_cannot_be_true_is_bad_input(key: str, value: object, sentence: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_statement({**GOOD, key: value})
    assert refused.value.sentence.id == sentence and refused.value.bad_input


def test_room_is_asked_for_what_is_still_to_come_and_some_stays_free() -> None:
    check_room(STATED, 0, LEAST_B + FREE_B)
    check_room(STATED, LEAST_B, FREE_B)
    with pytest.raises(RefusedError, match="68 MB must be free, 67 MB are"):
        check_room(STATED, 0, LEAST_B + FREE_B - 1_000_000)


@pytest.mark.parametrize(
    ("have_b", "offset_b", "length_b", "sentence"),
    [
        (0, 0, 0, "update.bad_piece"),
        (0, 0, MOST_PIECE_B + 1, "update.bad_piece"),
        (5, 0, 5, "update.bad_offset"),
        (5, 6, 5, "update.bad_offset"),
        (LEAST_B - 4, LEAST_B - 4, 5, "update.beyond_end"),
    ],
)
def test_a_piece_that_does_not_fit_is_refused(have_b: int, offset_b: int, length_b: int, sentence: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check_piece(STATED, have_b, offset_b, length_b)
    assert refused.value.sentence.id == sentence
    assert refused.value.go_on_b == (have_b if sentence == "update.bad_offset" else None)


def test_the_next_piece_and_the_last_one_fit() -> None:
    check_piece(STATED, 0, 0, MOST_PIECE_B)
    check_piece(STATED, LEAST_B - 1, LEAST_B - 1, 1)


def test_without_a_statement_there_is_nothing_to_append_to() -> None:
    with pytest.raises(RefusedError) as refused:
        check_piece(None, 0, 0, 10)
    assert refused.value.sentence.id == "update.not_stated"


def test_the_pages_server_takes_the_longest_piece() -> None:
    assert MOST_PIECE_B <= MAX_BODY
