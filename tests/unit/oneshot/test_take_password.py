"""The boot step that removes the owner's password from v2h.toml: it hashes first and blanks second, on real files."""

import contextlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from v2h.config.loading import load
from v2h.oneshot import take_password
from v2h.oneshot.take_password import StepError, take
from v2h.web.auth_store import AuthStore, RefusedError

WORD = "horse battery staple"
FILES = {
    "table": f'# site\n[site]\nname = "[web]"\n[web]\nhost_names = "a"\npassword = "{WORD}"  # mine\n[limits]\n',
    "dotted": f'web.password = "{WORD}"\n[site]\nname = "password = 1"\n',
    "literal": f"[web]\r\n  password='{WORD}'\r\n",
    "marked by Notepad": f'\ufeff[web]\r\npassword = "{WORD}"\r\n',
    "on the marked line": f'\ufeffweb.password = "{WORD}"\r\n[site]\r\nname = "Café"\r\n',
    "commented before": f'[web]\n# password = "old old old old"\npassword = "{WORD}"',
}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return tmp_path / "v2h.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "web"


@contextlib.contextmanager
def always(path: Path) -> Iterator[None]:
    yield


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_password_is_hashed_and_only_its_line_blanked(card: Path, folder: Path, kind: str) -> None:
    card.write_bytes(FILES[kind].encode())
    before = tomllib.loads(FILES[kind].removeprefix("\ufeff"))
    said = take(card, folder, always)
    assert said is not None and WORD not in said
    after = card.read_bytes()
    assert len(after) == len(FILES[kind].encode()), "same length: nothing of the file system moves"
    assert WORD.encode() not in after
    del before["web"]["password"]
    assert after.startswith(b"\xef\xbb\xbf") is FILES[kind].startswith("\ufeff"), "still the file that Notepad wrote"
    read = tomllib.loads(after.decode("utf-8-sig"))
    assert {**read, "web": read.get("web", {})} == before
    owner = folder / "owner.json"
    assert owner.stat().st_mode & 0o777 == 0o600
    assert WORD not in owner.read_text()
    assert AuthStore(folder).log_in(WORD, 0.0)
    assert take(card, folder, always) is None, "the next boot finds nothing"


def test_a_new_password_revokes_what_the_old_one_gave_out(card: Path, folder: Path) -> None:
    keys = AuthStore(folder)
    session, token = keys.set_password("the old one is long"), keys.make_token("phone", "operate")
    card.write_text(FILES["table"])
    take(card, folder, always)
    after = AuthStore(folder)
    assert after.holder(session, "session") is after.holder(token, "token") is None
    with pytest.raises(RefusedError):
        after.log_in("the old one is long", 0.0)
    assert after.take_news() == "set by v2h.toml on the card"
    assert after.take_news() is None and AuthStore(folder).take_news() is None, "told once, also across a restart"
    assert AuthStore(folder).has_password


def test_a_power_cut_between_the_two_is_taken_again(card: Path, folder: Path) -> None:
    card.write_text(FILES["table"])

    @contextlib.contextmanager
    def power_cut(path: Path) -> Iterator[None]:
        raise OSError("power cut")
        yield

    with pytest.raises(OSError, match="power cut"):
        take(card, folder, power_cut)
    assert AuthStore(folder).log_in(WORD, 0.0)
    assert WORD in card.read_text()
    assert take(card, folder, always) is not None
    assert WORD not in card.read_text()


@pytest.mark.parametrize("kind", ["table", "on the marked line"])
def test_every_torn_write_leaves_a_file_that_is_good(
    card: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A part of the second write may have reached the card: the rest is still a comment, with any content."""
    written: list[tuple[int, bytes]] = []
    monkeypatch.setattr(take_password, "_overwrite", lambda path, offset, what: written.append((offset, what)))
    card.write_bytes(FILES[kind].encode())
    take(card, folder, always)
    (mark, first), (rest, second) = written
    assert first == b"#" and rest == mark + 1
    for cut in range(len(second)):
        for torn in (second[:cut], None):  # only the first part arrived, or only the last
            image = bytearray(card.read_bytes())
            image[mark : mark + 1] = first
            if torn is not None:
                image[rest : rest + cut] = torn
            else:
                image[rest + cut : rest + len(second)] = second[cut:]
            assert "password" not in tomllib.loads(image.decode("utf-8-sig")).get("web", {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[web]\npassword = "short"\n', "has 5 characters; it needs 10 to 128"),
        ("[web]\npassword = 1234567890\n", "not a text"),
        ('[web]\npassword = """\nhorse battery staple"""\n', "on one line"),
        ('web = { password = "horse battery staple" }\n', "on one line"),
    ],
)
def test_what_cannot_be_used_stays_and_is_told_without_the_word(card: Path, folder: Path, text: str, says: str) -> None:
    card.write_text(text)
    with pytest.raises(StepError, match=says) as refused:
        take(card, folder, always)
    assert "short" not in str(refused.value) and "horse" not in str(refused.value)
    assert card.read_text() == text
    assert not (folder / "owner.json").exists()


@pytest.mark.parametrize("text", [None, "", '[web]\npassword = ""\n', "[web\n", '[web]\npassword = "x\n', "web = 3\n"])
def test_nothing_to_do(card: Path, folder: Path, text: str | None) -> None:
    if text is not None:
        card.write_text(text)
    assert take(card, folder, always) is None
    assert not folder.exists()


def test_a_data_partition_that_cannot_be_written_keeps_the_password_in_the_file(card: Path, tmp_path: Path) -> None:
    card.write_text(FILES["table"])
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        take(card, tmp_path / "file" / "web", always)
    assert WORD in card.read_text()


def test_as_a_program(card: Path, tmp_path: Path) -> None:
    card.write_text(FILES["table"])
    env = {**os.environ, "V2H_CONFIG": f"{card}:{tmp_path}/rig.toml", "V2H_DATA": str(tmp_path / "v2h")}
    done = subprocess.run([sys.executable, "-m", "v2h.oneshot.take_password"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert WORD not in done.stdout + done.stderr and WORD not in card.read_text()
    assert json.loads((tmp_path / "web" / "owner.json").read_text())["password"].startswith("scrypt$14$8$1$")


def test_configuration_never_shows_the_password(card: Path) -> None:
    card.write_text('[web]\npassword = "short"\n')
    (error,) = load([card]).errors
    assert "web.password is not a text in quotes of 10 to 128 characters" in error and "short" not in error
    card.write_text(FILES["table"])
    config = load([card])
    assert config.errors == () and WORD not in repr(config)


def test_no_mistake_elsewhere_opens_what_the_owner_closed(card: Path) -> None:
    card.write_text('[web]\nreading = "owner"\n[limits]\nmax_charge_a = 99\n')
    config = load([card])
    assert config.errors and config.web.reading == "owner"
