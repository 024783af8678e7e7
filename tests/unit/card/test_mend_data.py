"""The bad days of the data partition before it is mounted: what mend-data makes of a damaged file system. Real
e2fsprogs, on a file of 136 MiB (its second superblock is at 128 MiB) that is a hole for the most part."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

OVERLAY = Path(__file__).resolve().parents[3] / "rootfs-overlay"
MEND = OVERLAY / "usr/lib/v2h/mend-data"
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
SIZE = 136 << 20
OWNERS = {
    "v2h/settings.json": '{"soc_max_pct": 80}\n',
    "v2h/schedule.json": '{"version": 1, "otherwise": "v2h"}\n',
    "v2h/meters/mine.toml": 'kind = "http"\n',
    "web/owner.json": '{"password": "a hash"}\n',
    "site/v2h-toml.json": '{"page": {}}\n',
    "ssh/ssh_host_ed25519_key": "a key\n",
}
OTHERS = {"v2h/order.json": '{"mode": "charge"}\n', "v2h/v2h.sqlite3": "x" * 100_000}

pytestmark = pytest.mark.skipif(shutil.which("debugfs", path=PATH) is None, reason="needs e2fsprogs")


def call(*words: str | Path) -> str:
    done = subprocess.run(words, env={**os.environ, "PATH": PATH}, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.fixture
def partition(tmp_path: Path) -> Path:
    """A data partition as image/steps/assemble makes it, with files of an owner who has not stopped the charger."""
    for name, content in (OWNERS | OTHERS | {"v2h/stopped.json": '{"stopped": false}\n'}).items():
        (tmp_path / "content" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "content" / name).write_text(content)
    path = tmp_path / "partition"
    features = ("-b", "4096", "-i", "16384", "-I", "256", "-O", "^orphan_file,^metadata_csum_seed")
    with path.open("wb") as file:
        file.truncate(SIZE)
    call("mke2fs", "-q", "-t", "ext4", *features, "-d", tmp_path / "content", path)
    return path


def mended(partition: Path) -> list[str]:
    """The lines that mend-data leaves for datalog."""
    found = partition.with_name("found")
    done = subprocess.run(
        [MEND, partition, found, partition.with_name("saved")],
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return found.read_text().splitlines()


def read(partition: Path, name: str) -> str:
    return call("debugfs", "-R", f"cat /{name}", partition)


def mark_errors(partition: Path) -> None:
    """As the kernel does when it finds an error in a mounted file system."""
    call("debugfs", "-w", "-R", "ssv state 3", partition)


def spoil(partition: Path, at: int, length: int) -> None:
    with partition.open("r+b") as file:
        file.seek(at)
        file.write(bytes(range(256)) * (length // 256))


def is_whole(partition: Path) -> bool:
    command = ["e2fsck", "-f", "-n", str(partition)]
    return subprocess.run(command, env={**os.environ, "PATH": PATH}, capture_output=True, check=False).returncode == 0


def test_a_whole_file_system_is_left_alone(partition: Path) -> None:
    assert mended(partition) == ["ok"]
    assert read(partition, "v2h/stopped.json") == '{"stopped": false}\n'
    assert not partition.with_name("saved").exists()


def test_errors_that_mend_themselves_are_told(partition: Path) -> None:
    mark_errors(partition)
    assert mended(partition) == ["mended"]
    assert is_whole(partition) and json.loads(read(partition, "v2h/stopped.json")) == {"stopped": False}
    assert mended(partition) == ["ok"], "told once"


@pytest.mark.parametrize("lost", ["a folder", "the superblock"])
def test_a_repair_saves_the_owners_files_first_and_stops_the_charger(partition: Path, lost: str) -> None:
    if lost == "a folder":
        spoil(partition, int(call("debugfs", "-R", "blocks /v2h/meters", partition)) * 4096, 4096)
        mark_errors(partition)
    else:
        spoil(partition, 0, 4096)
    gone = {"v2h/meters/mine.toml"} if lost == "a folder" else set()
    assert mended(partition) == ["repaired", *sorted(OWNERS.keys() - gone)]
    assert is_whole(partition)
    for name in OWNERS.keys() - gone:
        assert read(partition, name) == OWNERS[name], name
        assert (partition.with_name("saved") / "tree" / name).read_text() == OWNERS[name], name
    assert read(partition, "v2h/v2h.sqlite3") == OTHERS["v2h/v2h.sqlite3"], "the log survives a repair"
    assert json.loads(read(partition, "v2h/stopped.json"))["stopped"] is True
    said = call("debugfs", "-R", "stat /v2h/stopped.json", partition)
    assert "User:   654   Group:   662" in said, "manager must be able to replace it"
    assert oct(partition.with_name("saved").stat().st_mode & 0o777) == "0o700", "it holds a key"


def test_beyond_repair_a_new_file_system_has_the_owners_files_and_no_order(
    partition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An e2fsck that gives up stands for damage that it cannot repair; the files can still be read."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/e2fsck").write_text("#!/bin/sh\nexit 8\n")
    (tmp_path / "bin/e2fsck").chmod(0o755)
    with monkeypatch.context() as meanwhile:
        meanwhile.setitem(globals(), "PATH", f"{tmp_path / 'bin'}:{PATH}")
        assert mended(partition) == ["remade", *sorted(OWNERS)]
    assert is_whole(partition)
    assert {name: read(partition, name) for name in OWNERS} == OWNERS
    assert json.loads(read(partition, "v2h/stopped.json"))["stopped"] is True
    assert read(partition, "v2h/order.json") == read(partition, "v2h/v2h.sqlite3") == ""
    assert "Mode:  0755" in call("debugfs", "-R", "stat <2>", partition), "every program must enter it"


def test_a_partition_of_nothing_becomes_a_new_one(partition: Path) -> None:
    with partition.open("r+b") as file:
        file.truncate(0)
        file.truncate(SIZE)
    assert mended(partition) == ["remade"]
    assert is_whole(partition) and json.loads(read(partition, "v2h/stopped.json"))["stopped"] is True


def test_a_partition_that_takes_no_file_system_is_broken(tmp_path: Path) -> None:
    (tmp_path / "partition").write_bytes(b"\xff" * 4096)
    assert mended(tmp_path / "partition") == ["broken"]


def test_the_folders_of_the_partition_are_all_known_to_the_rescue() -> None:
    """A new folder of the owner's must be saved, too. system holds the clock's last time and warnings."""
    lines = (OVERLAY / "usr/lib/v2h/data-folders.conf").read_text().splitlines()
    made = {line.split()[1].removeprefix("/data/") for line in lines if line.startswith("d ")}
    assert made - {"system", "system/systemd"} == {name.rpartition("/")[0] for name in OWNERS}
