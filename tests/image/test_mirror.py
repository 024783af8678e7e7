"""Where the image build takes the Debian mirror from."""

from pathlib import Path

import pytest

from tests.support.buildscripts import STEPS, run, scripts

NAMES_IN_BRACES = "$(ORIGIN) $(LABEL) $(SITE)"


@pytest.fixture
def apt_that_knows(tmp_path: Path):
    """Puts an apt-get first in PATH that knows only the given repositories ("ORIGIN LABEL SITE" each)."""

    def make(*repositories: str) -> str:
        lines = "\n".join(repositories)
        return scripts(tmp_path / "bin", apt_get=f"[ \"$3\" = '{NAMES_IN_BRACES}' ] && cat <<'EOF'\n{lines}\nEOF")

    return make


def sources(path: str, **environment: str) -> list[str]:
    """Return the lines that find-mirror prints when it contacts no mirror."""
    done = run(STEPS / "find-mirror", "--no-probe", PATH=path, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_mirror_is_the_one_of_the_machines_own_apt(apt_that_knows) -> None:
    path = apt_that_knows(
        "Acme Acme http://other.example/apt",
        "Debian Debian http://house.example/debian/",
        "Debian Debian-Security http://house.example/security",
    )
    assert sources(path) == [
        "deb http://house.example/debian trixie main",
        "deb http://house.example/debian trixie-updates main",
        "deb http://house.example/security trixie-security main",
    ]


def test_machine_without_security_source_builds_without_security(apt_that_knows) -> None:
    found = sources(apt_that_knows("Debian Debian http://house.example/debian"))
    assert found == [
        "deb http://house.example/debian trixie main",
        "deb http://house.example/debian trixie-updates main",
    ]


def test_installation_disc_is_no_mirror(apt_that_knows) -> None:
    found = sources(apt_that_knows("Debian Debian cdrom://[Debian 13]", "Debian Debian http://house.example/debian"))
    assert found[0] == "deb http://house.example/debian trixie main"


def test_mirror_list_of_a_cloud_image_is_resolved(apt_that_knows, tmp_path: Path) -> None:
    listed = tmp_path / "debian.list"
    listed.write_text("# the provider's\nhttps://cloud.example/debian\nhttps://second.example/debian\n")
    assert sources(apt_that_knows(f"Debian Debian mirror+file:{listed}"))[0] == (
        "deb https://cloud.example/debian trixie main"
    )


def test_mirror_variable_wins(apt_that_knows) -> None:
    path = apt_that_knows("Debian Debian http://house.example/debian")
    assert sources(path, MIRROR="http://mine.example/debian/") == [
        "deb http://mine.example/debian trixie main",
        "deb http://mine.example/debian trixie-updates main",
        "deb http://mine.example/debian-security trixie-security main",
    ]


def test_machine_without_a_mirror_is_told_what_to_do(apt_that_knows) -> None:
    done = run(STEPS / "find-mirror", "--no-probe", PATH=apt_that_knows())
    assert done.returncode != 0
    assert "MIRROR=" in done.stderr
    assert "apt-get update" in done.stderr


# After apt has read a suite, find-mirror asks apt for the suite's codename.
CODENAME = 'case "$*" in *CODENAME*) echo {}; exit ;; esac'
NOT_WHOLE = "E: File has unexpected size (1 != 2). Mirror sync in progress?"


@pytest.mark.parametrize(("minutes", "finds"), [(2, True), (100, False)])
def test_a_mirror_that_is_being_updated_is_given_fifteen_minutes(tmp_path: Path, minutes: int, finds: bool) -> None:
    slept = tmp_path / "slept"
    slept.touch()
    path = scripts(
        tmp_path / "bin",
        apt_get=f"{CODENAME.format('trixie')}\n"
        f'[ $(wc -l <{slept}) -ge {minutes} ] || {{ echo "{NOT_WHOLE}"; exit 100; }}',
        sleep=f"echo $1 >>{slept}",
    )
    done = run(STEPS / "find-mirror", PATH=path, MIRROR="http://mine.example/debian")
    assert slept.read_text().splitlines() == ["60"] * (minutes if finds else 15)
    assert (done.returncode == 0) is finds
    assert done.stdout.startswith("deb http://mine.example/debian trixie main\n") is finds
    assert "trying again in a minute" in done.stderr and (finds or NOT_WHOLE in done.stderr.splitlines()[-1])


@pytest.mark.parametrize(("codename", "finds"), [("trixie", True), ("forky", False)])
def test_the_release_is_taken_as_stable_where_only_that_is_whole(tmp_path: Path, codename: str, finds: bool) -> None:
    path = scripts(
        tmp_path / "bin",
        apt_get=f"{CODENAME.format(codename)}\n"
        'grep -q "debian.* stable" "$(dirname "$APT_CONFIG")/sources.list" && exit\n'
        f'echo "{NOT_WHOLE}"; exit 100',
        sleep="",
    )
    done = run(STEPS / "find-mirror", PATH=path, MIRROR="http://mine.example/debian")
    names = [line.split()[2] for line in done.stdout.splitlines()]
    assert names == (["stable", "stable-updates", "stable-security"] if finds else [])
    assert (done.returncode == 0) is finds
    assert NOT_WHOLE in done.stderr


def test_a_mirror_without_the_suite_is_told_at_once(tmp_path: Path) -> None:
    path = scripts(tmp_path / "bin", apt_get='echo "E: no Release file"; exit 100', sleep="exit 1")
    done = run(STEPS / "find-mirror", PATH=path, MIRROR="http://mine.example/debian")
    assert done.returncode != 0 and "has no trixie" in done.stderr and "no Release file" in done.stderr
