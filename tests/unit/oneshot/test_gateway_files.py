"""The boot step that lets gateway and ccs run: nothing at all while v2h.toml does not ask for them."""

import json
from pathlib import Path

import pytest

from v2h.config.loading import load
from v2h.config.site import Config
from v2h.oneshot import gateway_files
from v2h.oneshot.gateway_files import make

CONF = Path(__file__).resolve().parents[3] / "rootfs-overlay/etc/supervisor/optional.d"


def made(folder: Path, toml: str) -> set[str]:
    """The files below `run` after a boot with this v2h.toml."""
    card, run = folder / "v2h.toml", folder / "run"
    card.write_text(toml)
    config = load([card])
    make(run, config, CONF)
    return {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "toml",
    [
        '[gateway.mqtt]\nhost = "broker.local"\npassword = "secret"\n',
        '[gateway.websocket]\nlisten = "0.0.0.0:5555"\n',
        '[gateway.notify]\nwebhook = "http://192.168.1.2/hook"\n',
    ],
)
def test_each_face_lets_it_run_and_its_secrets_are_its_own(tmp_path: Path, toml: str) -> None:
    assert made(tmp_path, toml) == {"tree/gateway.conf", "secrets/outside"}
    secret = tmp_path / "run/secrets/outside"
    assert secret.stat().st_mode & 0o777 == 0o400
    assert json.loads(secret.read_text()).keys() == {"mqtt", "websocket", "notify"}
    assert (tmp_path / "run/tree/gateway.conf").read_text() == (CONF / "gateway.conf").read_text()


def test_its_secrets_are_given_to_it_and_to_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Path, str]] = []
    monkeypatch.setattr(gateway_files, "give", lambda path, user: given.append((path, user)))
    made(
        tmp_path, '[gateway.mqtt]\nhost = "h"\n[meter.grid]\nkind = "http"\nurl = "http://m"\npassword = "the-meters"\n'
    )
    assert given == [(tmp_path / "run/secrets/outside", "v2h-gateway")]
    assert "the-meters" not in given[0][0].read_text()


def test_a_table_ccs_lets_ccs_run_and_one_with_an_error_does_not(tmp_path: Path) -> None:
    assert made(tmp_path, '[ccs]\ninsulation_monitor = "serial:/dev/v2h-imd?unit=3"\n') == {"tree/ccs.conf"}
    assert made(tmp_path, "[ccs]\n") == set(), "no insulation monitor, no CCS"


@pytest.mark.parametrize("toml", ["", "[gateway.mqtt]\nport = 1884\n", "[gateway.mqtt]\nhost = 5\n"])
def test_by_default_there_is_no_program_and_no_secret(tmp_path: Path, toml: str) -> None:
    assert made(tmp_path, '[gateway.mqtt]\nhost = "broker.local"\n') != set()
    assert made(tmp_path, toml) == set(), "and what an earlier start made is gone"
    assert not Config().gateway.is_on
