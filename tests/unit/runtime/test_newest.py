"""A version learns from the data partition that a later one has been there."""

from pathlib import Path

from v2h.runtime.newest import has_run_newer, remember


def test_only_a_version_before_the_newest_sees_a_newer_one(tmp_path: Path) -> None:
    path = tmp_path / "newest.json"
    assert not has_run_newer(path, lambda: 100.0)
    remember(path, lambda: 100.0)
    assert not has_run_newer(path, lambda: 100.0) and not has_run_newer(path, lambda: 101.0)
    assert has_run_newer(path, lambda: 99.0)
    remember(path, lambda: 99.0)
    assert has_run_newer(path, lambda: 99.0), "the version before does not hide that a newer one was there"
    remember(path, lambda: 200.0)
    assert has_run_newer(path, lambda: 100.0)


def test_what_cannot_be_read_or_known_is_no_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "newest.json"
    remember(path, lambda: None)
    assert not path.exists()
    for text in ("{", '{"built_s": "soon"}', "[]"):
        path.write_text(text)
        assert not has_run_newer(path, lambda: 1.0)
    path.write_text('{"built_s": 5}')
    assert not has_run_newer(path, lambda: None)
