"""The owner's password on the emulated board: the start removes it from the card, and only `web` keeps its hash."""

from tests.support.guest import Guest


def test_password_was_taken_off_the_card_and_the_card_is_read_only_again(remade: Guest) -> None:
    assert remade.password not in remade.out("cat /boot/firmware/v2h.toml")
    assert remade.sh(f"grep -c -a -F -e '{remade.password}' /dev/disk/by-partuuid/56324831-01", 120)[1].strip() == "0"
    assert "ro" in remade.out("findmnt -n -o OPTIONS /boot/firmware").split(",")
    result = remade.out("systemctl show -P Result v2h-owner-password.service")
    assert result in ("success", "exec-condition"), "taken in this boot, or in the one before a power cut"
    assert remade.sh(f"journalctl --boot | grep -F -e '{remade.password}'")[0] == 1, "no secret in the journal"


def test_hash_is_webs_alone(remade: Guest) -> None:
    assert remade.out("stat -c '%U %a' /data/web /data/web/owner.json").splitlines() == ["v2h-web 700", "v2h-web 600"]
    assert "scrypt$" in remade.out("cat /data/web/owner.json")
    code, _ = remade.sh("setpriv --reuid v2h-manager --regid v2h --init-groups cat /data/web/owner.json")
    assert code != 0
    toml = "/boot/firmware/v2h.toml"
    modes = remade.out(f"stat -c '%U %G %a' /boot/firmware {toml} /run/v2h/site/v2h.toml").splitlines()
    assert modes == ["root v2h-card 750", "root v2h-card 640", "root root 644"]
    assert remade.sh(f"setpriv --reuid v2h-web --regid v2h --init-groups cat {toml}")[0] != 0
    assert remade.sh(f"setpriv --reuid v2h-meter --regid v2h --init-groups cat {toml}")[0] == 0
    given = "from v2h.config.files import config_paths; print(config_paths()[0])"
    for user, path in (("v2h-web", "/run/v2h/site/v2h.toml"), ("v2h-meter", toml)):
        found = remade.out(f"cd / && setpriv --reuid {user} --regid v2h --init-groups python3 -c '{given}'", 60)
        assert found == path


def test_cost_of_a_log_in_is_bearable(remade: Guest) -> None:
    """The time is printed. The limit of 30 s is wide, because the emulator does not show the board's speed."""
    measured = remade.out(
        "cd / && python3 -c 'import time; from v2h.web.passwords import hashed; t = time.monotonic(); "
        'hashed("x" * 10); print(round(time.monotonic() - t, 2))\'',
        120,
    )
    print(f"\none hash of a password: {measured} s in the emulated board")
    assert float(measured) < 30


def test_without_the_owner_nothing_is_changed(remade: Guest) -> None:
    ask = "u.urlopen(u.Request('http://localhost/api/v1/command/stop', b'{}', {'Content-Type': 'application/json'}))"
    code, said = remade.sh(f'python3 -c "import urllib.request as u; {ask}"')
    assert code == 1 and "HTTP Error 401" in said
