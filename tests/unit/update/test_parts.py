"""The folder of an upload holds one file: a part that grows, or the whole file after its checksum was compared."""

import hashlib
from pathlib import Path

import pytest

from v2h.update.pieces import LEAST_B, MOST_PIECE_B
from v2h.update.refusals import RefusedError
from v2h.update.shell.parts import Parts

CONTENT = bytes(range(256)) * (LEAST_B // 256) + b"the end"


def statement(content: bytes = CONTENT, name: str = "v2h.raucb") -> dict[str, object]:
    return {"name": name, "size_b": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def send(parts: Parts, content: bytes, start_b: int = 0) -> None:
    for offset_b in range(start_b, len(content), MOST_PIECE_B):
        parts.put(offset_b, content[offset_b : offset_b + MOST_PIECE_B])


def test_the_pieces_make_the_file(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    assert parts.state(statement()).have_b == 0
    send(parts, CONTENT)
    seen = parts.seen()
    assert seen is not None and seen.whole and (tmp_path / "v2h.raucb").read_bytes() == CONTENT
    assert {path.name for path in tmp_path.iterdir()} == {"statement.json", "v2h.raucb"}


def test_another_program_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    first = Parts(tmp_path)
    first.state(statement())
    first.put(0, CONTENT[:MOST_PIECE_B])
    second = Parts(tmp_path)
    assert second.state(statement()).have_b == MOST_PIECE_B
    send(second, CONTENT, MOST_PIECE_B)
    assert (tmp_path / "v2h.raucb").read_bytes() == CONTENT


def test_a_piece_that_is_sent_twice_does_no_harm_and_says_where_to_go_on(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.state(statement())
    parts.put(0, CONTENT[:1000])
    with pytest.raises(RefusedError) as refused:
        parts.put(0, CONTENT[:1000])
    assert refused.value.go_on_b == 1000 and (tmp_path / "v2h.raucb.part").read_bytes() == CONTENT[:1000]


def test_another_content_than_stated_is_deleted(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.state(statement())
    with pytest.raises(RefusedError) as refused:
        send(parts, CONTENT[:-1] + b"?")
    assert refused.value.sentence.id == "update.other_sha256" and list(tmp_path.iterdir()) == []


def test_stating_another_file_removes_the_one_before(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.state(statement())
    parts.put(0, CONTENT[:1000])
    assert parts.state(statement(CONTENT + b"more", "newer.raucb")).have_b == 0
    assert [path.name for path in tmp_path.iterdir()] == ["statement.json"]


def test_a_spoilt_statement_means_that_nothing_was_stated(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.state(statement())
    (tmp_path / "statement.json").write_text("{")
    assert parts.seen() is None


def test_no_folder_is_said_before_the_first_byte(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        Parts(tmp_path / "gone" / "update").state(statement())
    assert refused.value.sentence.id == "update.not_writable"
