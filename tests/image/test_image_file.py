"""The built card image, read as a file: what the ROM, U-Boot, the kernel and systemd will find on it."""

import binascii
import configparser
import hashlib
import json
import re
import shlex
import shutil
import stat
import struct
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.card import SECTOR, Card, Fat, Root, initrd_names
from tests.support.imager import imager_schema
from v2h.vendor.devicetree import cells, parse, words

pytestmark = pytest.mark.image

REPOSITORY = Path(__file__).resolve().parents[2]
KIB, MIB = 1 << 10, 1 << 20
MLO_AT, MLO_AGAIN_AT, U_BOOT_AT, FIRST_PARTITION_AT = 128 * KIB, 256 * KIB, 384 * KIB, 4 * MIB

# U-Boot loads the initrd to 0x88080000, and the initrd must not reach into the space above 0x89000000.
INITRD_ROOM = 0x89000000 - 0x88080000
ON_EMULATED_BOARD_ONLY = "device-tree-compatible(arm,vexpress)"


def arguments(root: Root) -> dict[str, str]:
    """Return the lines of extlinux.conf as first word: rest of the line."""
    lines = root.text("/boot/extlinux/extlinux.conf").splitlines()
    return dict(line.strip().split(maxsplit=1) for line in lines if line.strip())


def options(text: str) -> list[tuple[str, str, str]]:
    """Return the entries of a systemd file as (section, key, value); repeated keys are kept."""
    found, section = [], ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith(("#", ";")):
            key, value = line.split("=", 1)
            found.append((section, key.strip(), value.strip()))
    return found


def own_units(root: Root, folder: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return the options of every unit or network file in a folder of /etc/systemd that is a regular file."""
    return {
        path: options(root.text(path))
        for path, entry in root.files(f"/etc/systemd/{folder}").items()
        if stat.S_ISREG(entry.mode)
    }


def set_values(table: dict[str, Any]) -> list[str]:
    """Return the keys of a parsed TOML file that have a value, in any table."""
    found = [key for key, value in table.items() if not isinstance(value, dict)]
    return found + [key for value in table.values() if isinstance(value, dict) for key in set_values(value)]


# The boot loader


@pytest.mark.parametrize("at", [MLO_AT, MLO_AGAIN_AT])
def test_the_rom_finds_mlo_at_128_kib_and_again_at_256(card: Card, at: int) -> None:
    """AM335x TRM, chapter 26: the first sector has a TOC with CHSETTINGS, the next has size and load address."""
    head = card.read(at, 2 * SECTOR)
    assert head[0x14:0x20].rstrip(b"\0") == b"CHSETTINGS"
    assert head[0x40:0x44] == bytes.fromhex("c1c0c0c0")
    size, address = struct.unpack_from("<II", head, SECTOR)
    assert address == 0x402F0400, "MLO runs in the processor's own memory"
    assert 64 * KIB < size <= MLO_AGAIN_AT - MLO_AT - SECTOR, "MLO reaches into the next one, or into U-Boot"
    assert card.read(at, MLO_AGAIN_AT - MLO_AT) == card.read(MLO_AT, MLO_AGAIN_AT - MLO_AT)


def test_u_boot_is_whole_at_384_kib_and_ends_before_the_first_partition(card: Card) -> None:
    magic, size = struct.unpack(">II", card.read(U_BOOT_AT, 8))
    assert magic == 0xD00DFEED, "U-Boot's image is a FIT"
    fit = parse(card.read(U_BOOT_AT, size))
    data_at = U_BOOT_AT + -(-size // 4) * 4
    images = {words(fit[path]["description"])[0]: fit[path] for path in fit if re.fullmatch("/images/[^/]+", path)}
    assert "am335x-bonegreen" in images
    (firmware,) = (name for name in images if name.startswith("U-Boot "))
    assert "am335x" in firmware
    ends = []
    for path in (path for path in fit if path.endswith("/hash")):
        image, digest = fit[path.removesuffix("/hash")], fit[path]
        (start,), (length,) = cells(image["data-offset"]), cells(image["data-size"])
        assert words(digest["algo"]) == ["crc32"]
        assert binascii.crc32(card.read(data_at + start, length)) == cells(digest["value"])[0], path
        ends.append(data_at + start + length)
    assert len(ends) == len(images)
    assert max(ends) <= FIRST_PARTITION_AT
    # SPL's falcon mode looks for a kernel in this gap.
    assert not any(card.read(max(ends), FIRST_PARTITION_AT - max(ends)))


def test_partition_table_is_fat_two_equal_roots_and_data(card: Card) -> None:
    firmware, root_a, root_b, data = card.partitions()
    assert firmware.start == FIRST_PARTITION_AT
    assert [part.kind for part in (firmware, root_a, root_b, data)] == [0x0C, 0x83, 0x83, 0x83]
    assert [part.active for part in (firmware, root_a, root_b, data)] == [False, True, False, False]
    assert root_a.size == root_b.size
    for before, after in pairwise((firmware, root_a, root_b, data)):
        assert before.start + before.size <= after.start
    assert all(part.start % MIB == 0 for part in card.partitions())
    assert data.start + data.size <= card.path.stat().st_size
    assert card.disk_id() != 0, "the vendor's eMMC has the id 0"


def test_the_block_map_has_all_data_and_hardly_more(card: Card, build: Path) -> None:
    """The card is written by this map. Data is what a file system counts as used, and the boot area; zeros that mean
    something must be written, because a used card holds something else."""
    text = (build / "v2h.img.bmap").read_text()
    ranges = [(int(a), int(b or a)) for a, b in re.findall(r"<Range[^>]*> (\d+)(?:-(\d+))? </Range>", text)]
    mapped = {block for first, last in ranges for block in range(first, last + 1)}
    firmware, root_a, root_b, data = card.partitions()

    def used(part: Any) -> int:
        total, _, free = struct.unpack("<III", card.read(part.start + 1024 + 4, 12))
        return int(total - free)

    blocks = 4 * KIB
    content = 4 * MIB // blocks + MIB // blocks + used(root_a) + used(data)
    print(f"\nmapped {len(mapped) / 256:.0f} MiB, data {content / 256:.0f} MiB")
    assert len(mapped) <= 1.05 * content
    nothing = bytes(blocks)
    with card.path.open("rb") as image:
        held = {number for number, block in enumerate(iter(lambda: image.read(blocks), b"")) if block != nothing}
    assert held <= mapped
    for what, first, count in (
        ("boot area, where the SPL looks for a kernel", 2 * MIB, 2 * MIB),
        ("FAT and its directory", firmware.start, MIB),
        ("head of root B", root_b.start, MIB),
        ("journal of the data partition", data.start, used(data) * blocks),
    ):
        assert set(range(first // blocks, (first + count) // blocks)) <= mapped, what


def test_the_root_image_is_as_small_as_its_content(card: Card) -> None:
    """An update writes and reads all of it; its slot is larger, so that a later version has room."""
    root_a = card.partitions()[1]
    total, _, free = struct.unpack("<III", card.read(root_a.start + 1024 + 4, 12))
    print(f"\nroot image {total / 256:.0f} MiB, {free / 256:.0f} MiB of it free, slot {root_a.size // MIB} MiB")
    assert free <= 0.06 * total
    assert total * 4 * KIB <= 0.6 * root_a.size


def test_roots_place_for_updates_is_empty(card: Card) -> None:
    assert not any(card.read(card.partitions()[2].start, 4 * MIB))


# The partition that the owner sees


def test_fat_partition_holds_what_the_owner_edits(firmware: Fat) -> None:
    assert firmware.label() == "V2H"
    assert firmware.names() == {"READ-ME.txt", "v2h.toml", "authorized_keys", "uboot.env"}
    told = firmware.read("READ-ME.txt").decode("ascii")
    assert all(name in told for name in firmware.names() - {"READ-ME.txt"})


def test_settings_on_the_card_are_explained_and_all_default(firmware: Fat) -> None:
    text = firmware.read("v2h.toml").decode()
    assert text == (REPOSITORY / "image" / "firmware" / "v2h.toml").read_text()
    assert text.startswith("# ")
    assert set_values(tomllib.loads(text)) == []


def test_nobody_can_log_in_to_a_new_card(firmware: Fat) -> None:
    keys = firmware.read("authorized_keys").decode().splitlines()
    assert [line for line in keys if line.strip() and not line.startswith("#")] == []


def test_u_boots_environment_is_complete_and_counts_failed_starts(card: Card, firmware: Fat) -> None:
    """The file replaces the whole built-in environment: if one variable were missing, the card would not boot."""
    raw = firmware.read("uboot.env")
    assert len(raw) == 128 * KIB
    (checksum,) = struct.unpack_from("<I", raw)
    assert binascii.crc32(raw[4:]) == checksum
    variables = dict(field.split("=", 1) for field in raw[4:].split(b"\0\0")[0].decode().split("\0"))
    loader = card.read(U_BOOT_AT, FIRST_PARTITION_AT - U_BOOT_AT)
    start = loader.index(b"\0bootcmd=") + 1
    built_in = dict(field.split("=", 1) for field in loader[start:].split(b"\0\0")[0].decode().split("\0"))
    assert len(built_in) > 50
    changed = {"boot_targets": "mmc0", "bootcmd": f"{built_in['bootcmd']}; reset"}
    assert {name: variables.get(name) for name in built_in} == built_in | changed
    assert set(variables) - set(built_in) == {"bootlimit", "altbootcmd"}
    assert int(variables["bootlimit"]) == 3
    assert "setenv alt 3; else setenv alt 2" in variables["altbootcmd"], "the roots are the partitions 2 and 3"
    assert variables["altbootcmd"].endswith("; run bootcmd")


# The root file system


def test_extlinux_names_files_that_exist(root: Root, card: Card) -> None:
    said = arguments(root)
    for word in ("linux", "initrd", "fdt"):
        assert root.exists(said[word]), said[word]
    assert said["fdt"] == "/boot/am335x-bonegreen-v2h.dtb"
    assert root.read(said["linux"])[0x24:0x28] == bytes.fromhex("18286f01"), "not an ARM zImage"


def test_extlinux_starts_the_read_only_root_from_which_it_was_read(root: Root) -> None:
    """U-Boot sets the variable to the partition that it scans, so the same image starts from both slots."""
    words_ = arguments(root)["append"].split()
    assert "root=PARTUUID=${distro_bootpart_uuid}" in words_
    assert "ro" in words_
    assert "rw" not in words_
    assert "console=ttyO0,115200n8" in words_


def test_the_card_does_not_open_a_root_shell_on_a_serial_line(root: Root) -> None:
    """Only `make emulate` and the tests add v2h.console to the kernel's arguments."""
    assert "v2h.console" not in root.text("/boot/extlinux/extlinux.conf")
    (unit,) = (path for path in own_units(root, "system") if "console" in path)
    assert ("Unit", "ConditionKernelCommandLine", "v2h.console=%I") in own_units(root, "system")[unit]


def test_initrd_fits_and_holds_every_module_of_the_list(root: Root) -> None:
    archive = root.read(arguments(root)["initrd"])
    assert len(archive) < INITRD_ROOM
    version = arguments(root)["linux"].removeprefix("/boot/vmlinuz-")
    built_in = root.text(f"/usr/lib/modules/{version}/modules.builtin").split()
    present = {
        re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1]).replace("-", "_")
        for path in [*initrd_names(archive), *built_in]
        if ".ko" in path
    }
    wanted = [line.split("#")[0].strip() for line in (REPOSITORY / "image/initrd-modules").read_text().splitlines()]
    assert "sdhci_omap" in wanted
    assert [module for module in wanted if module and module not in present] == []


def test_no_secret_and_nothing_of_one_machine_in_the_root(root: Root) -> None:
    assert root.read("/etc/machine-id") == b""
    assert [name for name in root.directory("/etc/ssh") if name.startswith("ssh_host_")] == []
    assert not root.exists("/var/lib/dbus/machine-id") or root.resolve("/var/lib/dbus/machine-id") == "/etc/machine-id"
    assert not root.exists("/var/lib/systemd/random-seed")
    assert root.directory("/root").keys() <= {".bashrc", ".profile", ".ssh"}
    plain = [path for path, entry in root.files("/etc").items() if stat.S_ISREG(entry.mode) and entry.size]
    with_keys = [path for path in plain if b"PRIVATE KEY-" in root.read(path)]
    assert with_keys == []


def test_no_password_opens_any_account(root: Root) -> None:
    accounts = [line.split(":") for line in root.text("/etc/shadow").splitlines()]
    assert [name for name, password, *_ in accounts if not password.startswith(("!", "*"))] == []
    assert "root" in {name for name, *_ in accounts}
    assert [line for line in root.text("/etc/passwd").splitlines() if line.split(":")[1] != "x"] == []


def test_the_clock_never_shows_a_time_before_the_build(build: Path) -> None:
    listed = [line.split(maxsplit=5) for line in (build / "rootfs.files").read_text().splitlines()]
    (epoch,) = (row for row in listed if row[-1] == "./usr/lib/clock-epoch")
    assert int(epoch[2]) == json.loads((build / "manifest.json").read_text())["source_date_epoch"]


def test_no_test_and_no_rare_character_set_is_on_the_card(build: Path) -> None:
    files = [line.split(maxsplit=5)[-1] for line in (build / "rootfs.files").read_text().splitlines() if line[0] == "-"]
    assert [path for path in files if re.search(r"python3[^/]*/(.*/)?(tests?|pydoc_data)/", path)] == []
    assert len([path for path in files if "/gconv/" in path and path.endswith(".so")]) <= 3


def test_apt_knows_debians_own_servers_and_no_other(root: Root) -> None:
    texts = [root.text(path) for path, entry in root.files("/etc/apt").items() if entry.size and ".d/" in path]
    hosts = {host for text in texts for host in re.findall(r"https?://([^/\s\"]+)", text)}
    assert all(host.endswith(".debian.org") for host in hosts)


# The programs, and what they may open


def test_every_supervised_program_has_its_command_and_its_user(root: Root) -> None:
    users = {line.split(":")[0] for line in root.text("/etc/passwd").splitlines()}
    programs = {}
    for path in root.files("/etc/supervisor/conf.d"):
        parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
        parser.read_string(root.text(path))
        programs |= {name.split(":")[1]: dict(parser[name]) for name in parser.sections()}
    expected = {"broker", "guard", "charger", "meter", "manager", "panel", "datalog", "web", "pulse"}
    assert set(programs) == expected
    for name, program in programs.items():
        command = shlex.split(program["command"])
        assert root.exists(command[0]), f"{name}: no {command[0]}"
        assert root.entry(root.resolve(command[0])).mode & 0o111
        assert program["user"] in users, f"{name}: no user {program['user']}"
        if "-m" in command:
            module = command[command.index("-m") + 1].replace(".", "/")
            assert root.exists(f"/usr/lib/python3/dist-packages/{module}.py"), f"{name}: no {module}"


def test_the_pages_charting_library_is_there_and_its_sources_are_not(root: Root) -> None:
    assert root.exists("/usr/share/javascript/dygraphs/dygraph.min.js")
    assert not root.exists("/usr/share/javascript/dygraphs/dygraph.js.map")


def test_every_user_of_sysusers_came_to_be(root: Root) -> None:
    """systemd-sysusers skips a line that it cannot read; because of a colon the first image lacked guard's user."""
    lines = [shlex.split(line, comments=True) for line in root.text("/usr/lib/sysusers.d/v2h.conf").splitlines()]
    wanted = {line[1]: line[2].split(":")[0] for line in lines if line and line[0].startswith("u")}
    users = {line.split(":")[0]: line.split(":")[2] for line in root.text("/etc/passwd").splitlines()}
    assert len(wanted) >= 8
    assert {name: users.get(name) for name in wanted} == wanted


def test_outputs_belong_to_guard_by_udev(root: Root) -> None:
    rules = root.text("/etc/udev/rules.d/70-v2h.rules").replace("\\\n", " ").splitlines()
    (rule,) = (line for line in rules if 'SUBSYSTEM=="leds"' in line)
    named = re.search(r'KERNEL=="([^"]+)"', rule)
    assert named is not None
    assert set(named[1].split("|")) == {"d1", "d2", "c1", "c2", "plug-lock", "pre-ac", "master"}
    assert "v2h-guard" in rule


def test_the_supervised_tree_ends_and_starts_as_a_whole(root: Root) -> None:
    """Debian's own unit leaves the programs running when supervisord dies, and waits 50 s."""
    said = options(root.text("/etc/systemd/system/supervisor.service.d/v2h.conf"))
    service = {key: value for section, key, value in said if section == "Service"}
    assert service["KillMode"] == "control-group"
    assert service["Restart"] == "always"
    assert float(service["RestartSec"].removesuffix("s")) <= 1
    # This value applies until the first message of `pulse`, which sets 20 s; see test_guest.py.
    assert float(service["WatchdogSec"].removesuffix("s")) <= 120
    assert "make_safe" in service["ExecStopPost"]
    assert ("Unit", "StartLimitAction", "reboot-force") in said
    assert root.exists("/etc/systemd/system/multi-user.target.wants/supervisor.service")


def test_no_file_gives_the_rights_of_another_user(root: Root, build: Path) -> None:
    """Set-uid and set-gid programs are for people who are not root; nobody else logs in here."""
    listed = [line.split(maxsplit=5) for line in (build / "rootfs.files").read_text().splitlines()]
    assert len(listed) > 5000
    assert [row[-1] for row in listed if row[0][0] == "-" and int(row[0][1:], 8) & 0o6000] == []
    assert root.entry("/usr/bin/su").mode & 0o7777 == 0o755


def test_the_watchdog_guards_the_first_process(root: Root) -> None:
    said = {
        key: value for path in root.files("/etc/systemd/system.conf.d") for _, key, value in options(root.text(path))
    }
    assert said["RuntimeWatchdogSec"].removesuffix("s") == "8"


def test_a_kernel_that_panics_starts_again_at_once(root: Root) -> None:
    """-1 means at once. The command line sets it from the kernel's start; sysctl sets it whatever that line says."""
    assert "panic=-1" in arguments(root)["append"].split()
    said = {key: value for _, key, value in options(root.text("/etc/sysctl.d/v2h.conf"))}
    assert (said["kernel.panic"], said["kernel.panic_on_oops"]) == ("-1", "1")


def test_virtual_can_is_made_on_the_emulated_board_only(root: Root) -> None:
    """Without the match the virtual bus would take the name can0 on the charger."""
    virtual = {path: said for path, said in own_units(root, "network").items() if ("NetDev", "Kind", "vxcan") in said}
    assert len(virtual) == 2
    for path, said in virtual.items():
        assert ("Match", "Firmware", ON_EMULATED_BOARD_ONLY) in said, path


def test_the_simulated_charger_runs_on_the_emulated_board_only(root: Root) -> None:
    rigs = {
        path: said
        for path, said in own_units(root, "system").items()
        if any("v2h.rig" in value for _, key, value in said if key.startswith("Exec"))
    }
    assert rigs, "no unit starts the rig: the emulated board has no car"
    for path, said in rigs.items():
        assert ("Unit", "ConditionFirmware", ON_EMULATED_BOARD_ONLY) in said, path
    for path, entry in root.files("/etc/supervisor").items():
        assert entry.size == 0 or "v2h.rig" not in root.text(path), path


def test_other_partitions_are_found_by_the_cards_own_id(root: Root, card: Card) -> None:
    lines = [line.split() for line in root.text("/etc/fstab").splitlines() if line and not line.startswith("#")]
    mounts = {line[1]: line for line in lines}
    assert mounts["/data"][0] == f"PARTUUID={card.disk_id():08x}-04"
    assert mounts["/boot/firmware"][0] == f"PARTUUID={card.disk_id():08x}-01"
    assert "ro" in mounts["/boot/firmware"][3].split(",")
    assert "/" not in mounts


def test_the_release_is_debian_13_under_whatever_name_it_was_fetched(root: Root) -> None:
    assert "VERSION_CODENAME=trixie\n" in root.text("/usr/lib/os-release")


def test_the_bill_of_materials_is_dpkgs_list(root: Root, build: Path) -> None:
    """CycloneDX permits no other keys than its own; those used here, and no more, are in 1.6."""
    bill = json.loads((build / "sbom.cdx.json").read_text())
    assert set(bill) == {
        *("bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies")
    }
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    stanzas = root.text("/var/lib/dpkg/status").split("\n\n")
    fields = [dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line) for stanza in stanzas]
    installed = {(each["Package"], each["Version"]) for each in fields if each.get("Status") == "install ok installed"}
    components = bill["components"]
    assert {(each["name"], each["version"]) for each in components} == installed
    assert len({each["bom-ref"] for each in components}) == len(components) == len(installed)
    for each in components:
        assert set(each) == {"type", "bom-ref", "name", "version", "purl", "hashes", "properties"}
        assert re.fullmatch(r"[0-9a-f]{64}", each["hashes"][0]["content"]), each["name"]


def test_every_python_package_is_one_of_debians(build: Path) -> None:
    """The bill of materials has Debian's packages alone: no other way brings Python packages onto the card."""
    files = [line.split(maxsplit=5)[-1] for line in (build / "rootfs.files").read_text().splitlines() if line[0] == "-"]
    assert "./usr/lib/python3/dist-packages/v2h/__init__.py" in files
    assert [path for path in files if re.search(r"/(site-packages|usr/local|opt)/.*\.(py|so)$", path)] == []


def test_the_licences_of_all_packages_are_beside_the_image(root: Root, build: Path) -> None:
    text = (build / "licences.txt").read_text("utf-8", "replace")
    named = re.findall(r"^==== (\S+) ====$", text, re.MULTILINE)
    assert named[0] == "v2h" and "MIT License" in text[:200]
    stanzas = root.text("/var/lib/dpkg/status").split("\n\n")
    packages = {found[1] for stanza in stanzas if (found := re.match(r"Package: (\S+)", stanza))}
    assert packages - set(named) == set()
    assert {"common-licenses/GPL-2", "common-licenses/GPL-3", "common-licenses/Apache-2.0"} <= set(named)


def test_the_manifest_says_what_the_card_was_built_from(build: Path) -> None:
    manifest = json.loads((build / "manifest.json").read_text())
    names = ("trixie", "stable")  # find-mirror says in which case it uses the second
    assert manifest["suites"][0] in names
    assert set(manifest["suites"][1:]) <= {f"{name}-{kind}" for name in names for kind in ("updates", "security")}
    assert {"linux-image-armmp", "mosquitto"} <= {package["package"] for package in manifest["packages"]}


def test_imager_reads_the_manifest_of_this_image(card: Card, build: Path) -> None:
    document = json.loads((build / "v2h.rpi-imager-manifest").read_text())
    assert imager_schema().is_valid(document), list(imager_schema().iter_errors(document))
    (system,) = document["os_list"]
    assert system["extract_size"] == card.path.stat().st_size
    with card.path.open("rb") as image:
        assert system["extract_sha256"] == hashlib.file_digest(image, "sha256").hexdigest()
    assert system["image_download_size"] == (build / system["url"].rpartition("/")[2]).stat().st_size


def test_the_checksums_hold_and_a_key_signs_them(build: Path, tmp_path: Path) -> None:
    """With a key of this test alone: whether the build itself was signed is the builder's choice."""
    named = {line.split("  ")[1] for line in (build / "SHA256SUMS").read_text().splitlines()}
    assert {"v2h.img", "v2h.img.bmap", "v2h.rpi-imager-manifest", "sbom.cdx.json", "licences.txt"} <= named
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=build, check=True)
    shutil.copy(build / "SHA256SUMS", tmp_path)
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    subprocess.run([REPOSITORY / "image/steps/sign", key, tmp_path], check=True)
    who = ["-f", "allowed_signers", "-I", "v2h-release", "-n", "v2h-release", "-s", "SHA256SUMS.sig"]
    with (tmp_path / "SHA256SUMS").open("rb") as sums:
        subprocess.run(["ssh-keygen", "-Y", "verify", *who], cwd=tmp_path, stdin=sums, check=True)
