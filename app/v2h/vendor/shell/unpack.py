"""What is in a dump or on the eMMC: looked at by `v2h vendor inspect`, saved by `v2h vendor extract`.

The ext file systems are read with Debian's debugfs (e2fsprogs), which needs no mount and does not replay the journal;
the squashfs is unpacked with unsquashfs (squashfs-tools). Nothing of the vendor's is executed.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from v2h.runtime.atomic_file import write_json, write_text
from v2h.vendor import VendorError
from v2h.vendor.findings import content, numbers, shell_settings, snippet, versions, zone_of
from v2h.vendor.fit import NAMES, Fit, read_fit, squashfs_in
from v2h.vendor.layout import DATA, SECTOR, SLOTS
from v2h.vendor.rom import boot_headers, starts_from
from v2h.vendor.shell.medium import Medium

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
TOOL_S = 600.0
FIT_IMAGE, BOOT_STATUS = "/boot/fitImage", "/boot/bootstatus"
TOTALS = ("var/data/ssbTotalEnergy", "var/data/ssbStatus.json")
CALIBRATION = ("var/log/calibration.log",)
SETTINGS = "etc/default/ssb"
NON_FATAL = 2
"""Exit code of unsquashfs when device nodes or owners could not be made, which only root may."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One firmware partition. problem: why its fitImage cannot be used, "" when it can."""

    partition: int
    fit: Fit | None
    boot_status: str
    problem: str = ""


@dataclass(slots=True)
class Extracted:
    """files: what was written, by its path below the folder, in bytes; problems: what could not be, and why."""

    files: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def slots(medium: Medium) -> Iterator[Slot]:
    """The three firmware partitions."""
    for number in SLOTS:
        try:
            status = _read_ext(medium, number, BOOT_STATUS).decode(errors="replace").strip()
        except VendorError:
            status = ""
        try:
            yield Slot(number, read_fit(_read_ext(medium, number, FIT_IMAGE)), status)
        except VendorError as error:
            yield Slot(number, None, status, str(error))


def inspect(medium: Medium) -> dict[str, Any]:
    """What the eMMC holds, as JSON: areas, boot headers, what the ROM starts, and each slot's images."""
    return {
        "source": str(medium.path),
        "cid": medium.about.cid,
        "areas": medium.about.sizes,
        "partitions": [partition._asdict() for partition in medium.table.partitions],
        "boot_headers": sorted(boot_headers(medium.read)),
        "rom_starts": starts_from(medium.read),
        "slots": [_slot_json(slot) for slot in slots(medium)],
    }


def extract(medium: Medium, folder: Path) -> Extracted:
    """Save everything of interest in a new folder, which only this user may read: the vendor's settings may hold
    secrets. Raises VendorError when the folder cannot be used; what is damaged in the dump is a problem in the
    result."""
    done = Extracted()
    try:
        folder.mkdir(mode=0o700, parents=True)
        for slot in slots(medium):
            _save_slot(slot, folder / f"slot{slot.partition}", done)
        _save_data(medium, folder / "data", done)
        _save_findings(folder, done)
    except OSError as error:
        raise VendorError(f"{error.filename or folder}: {error.strerror}: give a folder that does not exist") from error
    done.files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    return done


def _slot_json(slot: Slot) -> dict[str, Any]:
    fit = slot.fit
    seen = [] if fit is None else [fit.description, *(image.description for image in fit.images)]
    images = [
        {
            "name": i.name,
            "type": i.kind,
            "description": i.description,
            "bytes": len(i.data),
            "squashfs": _squashfs(i.data),
        }
        for i in (fit.images if fit else ())
    ]
    return {
        "partition": slot.partition,
        "boot_status": slot.boot_status,
        "problem": slot.problem,
        "description": fit.description if fit else "",
        "made_s": fit.made_s if fit else None,
        "configuration": fit.configuration if fit else "",
        "signed_by": list(fit.keys) if fit else [],
        "versions": versions([*seen, slot.boot_status]),
        "images": images,
    }


def _squashfs(data: bytes) -> dict[str, Any] | None:
    try:
        found = squashfs_in(data)
    except VendorError as error:
        return {"problem": str(error)}
    return found._asdict() if found else None


def _save_slot(slot: Slot, folder: Path, done: Extracted) -> None:
    folder.mkdir()
    if slot.fit is None:
        done.problems.append(f"partition {slot.partition}: {slot.problem}")
        return
    write_text(folder / "bootstatus", slot.boot_status + "\n")
    for image in slot.fit.images:
        path = folder / NAMES.get(image.kind, f"{image.kind or 'image'}-{image.name}".replace("/", "-"))
        path.write_bytes(image.data)
        try:
            if image.kind == "ramdisk" and squashfs_in(image.data):
                _unsquash(path, folder / "root")
        except VendorError as error:
            done.problems.append(f"partition {slot.partition}: {error}")


def _save_data(medium: Medium, folder: Path, done: Extracted) -> None:
    """Everything of partition 4: settings, logs, totals. Device nodes and sockets are left out by debugfs."""
    folder.mkdir()
    try:
        _debugfs(medium, DATA, f'rdump / "{folder}"')
    except VendorError as error:
        done.problems.append(f"partition {DATA}: {error}")


def _save_findings(folder: Path, done: Extracted) -> None:
    found = {name: path for name in (*TOTALS, *CALIBRATION, SETTINGS) if (path := _find(folder / "data", name))}
    done.problems += [f"partition {DATA}: no {name}" for name in (*TOTALS, *CALIBRATION, SETTINGS) if name not in found]
    totals = {Path(name).name: content(found[name].read_bytes()) for name in TOTALS if name in found}
    settings = shell_settings(_text(found.get(SETTINGS)))
    calibration = {key: value for name in CALIBRATION for key, value in numbers(_text(found.get(name))).items()}
    write_json(folder / "totals.json", totals)
    write_json(folder / "settings.json", settings)
    write_json(folder / "calibration.json", calibration)
    write_text(folder / "v2h.toml.snippet", snippet(_time_zone(folder / "data"), calibration))


def _find(folder: Path, name: str) -> Path | None:
    """A file of partition 4 by the end of its path: as an overlay it may be below a folder whose name is not
    published."""
    places = (path for path in sorted(folder.rglob(Path(name).name)) if path.as_posix().endswith("/" + name))
    return next((path for path in places if path.is_file() and not path.is_symlink()), None)


def _time_zone(folder: Path) -> str:
    links = [str(path.readlink()) for path in sorted(folder.rglob("etc/localtime")) if path.is_symlink()]
    return next(filter(None, map(zone_of, [*links, _text(_find(folder, "etc/timezone"))])), "")


def _text(path: Path | None) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path else ""


def _read_ext(medium: Medium, partition: int, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "file"
        _debugfs(medium, partition, f'dump "{name}" "{out}"')
        if not out.exists():
            raise VendorError(f"no {name}")
        return out.read_bytes()


def _debugfs(medium: Medium, partition: int, request: str) -> None:
    """Raises VendorError when the file system cannot be opened. debugfs has no exit code for a missing file."""
    start = next(entry.start for entry in medium.table.partitions if entry.number == partition)
    done = _run("e2fsprogs", "debugfs", "-R", request, f"{medium.path}?offset={start * SECTOR}")
    lines = done.stderr.decode(errors="replace").splitlines()[1:]  # the first line is the version
    if bad := [line for line in lines if "opening filesystem" in line or "not open" in line or "not found" in line]:
        raise VendorError(bad[0].strip())


def _unsquash(image: Path, folder: Path) -> None:
    done = _run("squashfs-tools", "unsquashfs", "-no-progress", "-no-xattrs", "-d", str(folder), str(image))
    if done.returncode not in (0, NON_FATAL) or not folder.is_dir():
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise VendorError(f"unsquashfs: {said[-1]}")


def _run(package: str, program: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    found = shutil.which(program, path=PATH)
    if found is None:
        raise VendorError(f"{program} is not installed: sudo apt-get install {package}")
    try:
        return subprocess.run([found, *words], capture_output=True, check=False, timeout=TOOL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VendorError(f"{program}: {error}") from error


def describe(found: dict[str, Any]) -> str:
    """The result of inspect() as lines for people."""
    lines = [f"{found['source']}: the vendor's eMMC, CID {found['cid'] or 'unknown (a dump file)'}"]
    lines += [f"  {area}: {size} bytes" for area, size in found["areas"].items()]
    headers = ", ".join(map(str, found["boot_headers"])) or "none: cleared, or never written"
    lines.append(f"  boot headers in sectors: {headers}")
    lines.append(f"  the ROM starts {found['rom_starts'] or 'nothing here and goes on to the card'}")
    for slot in found["slots"]:
        lines.append(f"partition {slot['partition']}: {slot['problem'] or slot['description'] or 'no description'}")
        if slot["boot_status"]:
            lines.append(f"  boot status {json.dumps(slot['boot_status'][:80])}")
        for image in slot["images"]:
            squashfs = image["squashfs"] or {}
            more = f", squashfs {squashfs.get('compression', squashfs.get('problem'))}" if squashfs else ""
            lines.append(f"  {image['type'] or image['name']}: {image['bytes']} bytes, {image['description']}{more}")
    lines.append("Which partition U-Boot starts is decided by /boot/bootstatus, whose form is not published.")
    return "\n".join(lines)
