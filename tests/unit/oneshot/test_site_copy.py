"""The copy of v2h.toml that programs read which need no password: it holds none, and means the same."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from v2h.config import files
from v2h.config.loading import load
from v2h.config.site import Config
from v2h.oneshot.site_copy import REFUSED, copy, masked

WORD = "hunter2 with ümlaut"
HEAD = '[limits]\nmax_charge_a = 6\n[meter.grid]\nkind = "http"\nurl = "http://192.168.1.20"\npath = "power"\n'
GOOD = {
    "password": f'user = "me"\npassword = "{WORD}"\n',
    "literal": f"user = 'me'\r\npassword='{WORD}' # mine\r\n",
    "token": f'token = "{WORD}"\n',
    "escapes": 'token = "hunter2\\"\\n\\u0041"\n',
    "on several lines": f'token = """\n{WORD}\n"""\n',
    "quoted key": f'"token" = "{WORD}"\n',
    "fallback": f'[meter.grid.fallback]\nkind="mqtt"\nhost="broker"\ntopic="t"\npassword="{WORD}"\n',
    "one line": f'[meter]\nsolar = {{ kind = "http", url = "http://a", token = "{WORD}", path = "p" }}\n',
    "the owner's own": f'[web]\npassword = "{WORD}"\n',
    "commented": f'# password = "{WORD}"\n',
    "Notepad's": f'token = "{WORD}"\n',
}


def words_of(config: Config) -> Any:
    """The configuration as values, with the length of each secret."""

    def plain(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: plain(each, name) for name, each in value.items()}
        return len(value) if key in ("password", "token") else value

    return plain(asdict(config))


@pytest.mark.parametrize("kind", GOOD)
def test_the_copy_means_the_same_and_holds_no_secret(tmp_path: Path, kind: str) -> None:
    card, made = tmp_path / "card" / "v2h.toml", tmp_path / "run" / "site" / "v2h.toml"
    card.parent.mkdir()
    card.write_bytes((("\ufeff" if kind == "Notepad's" else "") + HEAD + GOOD[kind]).encode())
    copy(card, made)
    assert made.stat().st_mode & 0o777 == 0o644
    assert b"hunter2" not in made.read_bytes()
    assert load([card]).errors == ()
    assert words_of(load([made])) == words_of(load([card]))


@pytest.mark.parametrize(
    "wrong", ['password = "hunter2\n', "password = 12345\n", "password = []\n", "[web]\nreading = owner\n", "x = 1\n"]
)
def test_both_have_the_same_error(tmp_path: Path, wrong: str) -> None:
    card, made = tmp_path / "v2h.toml", tmp_path / "site" / "v2h.toml"
    card.write_text(HEAD + wrong)
    copy(card, made)
    assert b"hunter2" not in made.read_bytes() and b"12345" not in made.read_bytes()
    assert load([made]).errors == load([card]).errors != ()
    assert load([made]).web.reading == load([card]).web.reading


@pytest.mark.parametrize("odd", ["password = hunter2\n", '"pass\\u0077ord" = "hunter2"\n', '[web]\nreading="open"\n'])
def test_what_cannot_be_hidden_surely_is_refused_with_what_to_do(tmp_path: Path, odd: str) -> None:
    made = tmp_path / "v2h.toml"
    made.write_bytes(masked((HEAD + odd).encode()))
    if "open" in odd:
        assert load([made]).errors == (), "the sentence is for the others only"
        return
    assert made.read_text() == REFUSED
    assert "write each password and token on one line, in quotes" in load([made]).errors[0]
    assert load([made]).web.reading == "owner", "no error opens a page that may be closed"


def test_bytes_that_are_no_utf8_stay_an_error(tmp_path: Path) -> None:
    made = tmp_path / "v2h.toml"
    made.write_bytes(masked(HEAD.encode() + 'token = "schlüssel"\n'.encode("latin-1")))
    assert b"schl" not in made.read_bytes()
    assert "is not UTF-8" in load([made]).errors[0]


def test_presets_come_along_and_what_has_gone_goes(tmp_path: Path) -> None:
    card, made = tmp_path / "card" / "v2h.toml", tmp_path / "site" / "v2h.toml"
    (card.parent / "meters").mkdir(parents=True)
    (card.parent / "meters" / "mine.toml").write_text("kind = 'http'\n")
    card.write_text(HEAD)
    copy(card, made)
    assert (made.parent / "meters" / "mine.toml").read_text() == "kind = 'http'\n"
    card.unlink()
    (card.parent / "meters" / "mine.toml").unlink()
    copy(card, made)
    assert not made.exists() and not (made.parent / "meters" / "mine.toml").exists()


def test_a_card_that_cannot_be_read_does_not_become_the_defaults(tmp_path: Path) -> None:
    card, made = tmp_path / "v2h.toml", tmp_path / "site" / "v2h.toml"
    card.mkdir()  # reading it is an error that is not "no such file"
    copy(card, made)
    assert load([made]).errors != ()


def test_who_may_not_read_the_card_reads_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("V2H_CONFIG", raising=False)
    monkeypatch.setattr(files, "CARD", tmp_path / "v2h.toml")
    assert files.config_paths()[0] == tmp_path / "v2h.toml"
    monkeypatch.setattr(files, "CARD", tmp_path / "closed" / "v2h.toml")
    assert files.config_paths()[0] == Path("/run/v2h/site/v2h.toml")
