"""A car that looks for the charger through two simulated modems: discovery by multicast, then TCP, all by real sockets.

    unshare --net python -m tests.support.plcdiscovery

prints one JSON object. The car is a process in a namespace of its own (`... car`), because between two interfaces of
one namespace the kernel takes a short way.
"""

import json
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress

from tests.support.plcutils import ip
from v2h.ccs.sdp import GROUP, PORT
from v2h.ccs.v2gtp import Payload, pack, take_messages
from v2h.ports.carline import CarLine
from v2h.rig.ccs.plcmodem import Medium, Modem
from v2h.rig.ccs.plcwire import PowerLine, whole_frames

QUESTION = bytes.fromhex("01fe9000000000021000")
LONG_S = 30.0
"""Only ends a test that would fail."""


def up(interface: str, address: str) -> None:
    """One link-local address, usable at once: the kernel's own would first be looked for on the network."""
    ip("link", "set", interface, "addrgenmode", "none")
    ip("link", "set", interface, "up")
    ip("address", "add", f"{address}/64", "dev", interface, "nodad")
    whole_frames(interface)


def main() -> None:
    for host, modem in (("plc0", "modem0"), ("car0", "modem1")):
        ip("link", "add", "name", host, "type", "veth", "peer", "name", modem)
        ip("link", "set", modem, "addrgenmode", "none", "up")
    up("plc0", "fe80::5e")
    medium = Medium([Modem(keys=[b"k" * 16]), Modem(keys=[b"k" * 16])])
    over = threading.Event()
    with ExitStack() as stack:
        line = PowerLine(medium, {0: "modem0", 1: "modem1"}, {})
        stack.callback(line.close)
        words = ["unshare", "--net", sys.executable, "-m", "tests.support.plcdiscovery", "car"]
        car = stack.enter_context(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        stack.callback(car.kill)
        carrier = threading.Thread(target=carry, args=(line, over))
        carrier.start()
        stack.callback(carrier.join)
        stack.callback(over.set)
        assert car.stdin is not None and car.stdout is not None
        assert car.stdout.readline() == "ready\n"
        ip("link", "set", "car0", "netns", str(car.pid))
        found = serve(car, medium)
        print(json.dumps(found))


def carry(line: PowerLine, over: threading.Event) -> None:
    while not over.is_set():
        line.step(time.monotonic())


def serve(car: "subprocess.Popen[str]", medium: Medium) -> dict[str, object]:
    """The charger: echo every message until the car's process says "keys", then change the key of its modem."""
    assert car.stdout is not None
    line = CarLine("plc0")
    closed: list[str] = []
    tell(car, "go")
    while True:
        ready = select.select([*line.sockets(), car.stdout], [], [], LONG_S)[0]
        if not ready or (car.stdout in ready and not line.connected):
            break
        for message in line.read():
            line.send(message)
        if line.closed_why and line.closed_why not in closed:
            closed.append(line.closed_why)
    assert car.stdout.readline() == "keys\n"
    medium.modems[1].keys.append(b"x" * 16)
    tell(car, "go")
    found: dict[str, object] = json.loads(car.stdout.readline())
    line.close()
    return {**found, "closed": closed}


def tell(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def be_car() -> None:
    """The car: finds the charger, speaks in pieces, connects twice, sends too much, comes back, and loses its key."""
    print("ready", flush=True)
    sys.stdin.readline()
    up("car0", "fe80::e")
    scope = socket.if_nametoindex("car0")
    found: dict[str, object] = {}
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        asking.settimeout(LONG_S)
        asking.bind(("fe80::e", 0, 0, scope))
        address = target(asking, scope)
        assert target(asking, scope) == address, "every question is answered"
        found["address"] = address[0]
        with connected(address) as first:
            found["in pieces"] = spoken(first, [bytes([byte]) for byte in pack(Payload.EXI, b"one")], 1)
            found["two in one"] = spoken(first, [pack(Payload.EXI, b"two") + pack(Payload.EXI, b"three")], 2)
            found["second car"] = attempt(address)
            found["first car then"] = spoken(first, [pack(Payload.EXI, b"four")], 1)
            first.sendall(bytes.fromhex("01fe800100000801"))
            found["after too much"] = first.recv(100).hex()
        with connected(target(asking, scope)) as again:
            found["again"] = spoken(again, [pack(Payload.EXI, bytes(2048))], 1)[0][:4]
        print("keys", flush=True)
        sys.stdin.readline()
        asking.settimeout(0.5)
        asking.sendto(QUESTION, (GROUP, PORT, 0, scope))
        found["with another key"] = "silence"
        with suppress(TimeoutError):
            found["with another key"] = asking.recv(100).hex()
    print(json.dumps(found), flush=True)
    sys.stdin.readline()  # the interface lives as long as this process


def target(asking: socket.socket, scope: int) -> tuple[str, int, int, int]:
    """Where the charger says that it listens."""
    asking.sendto(QUESTION, (GROUP, PORT, 0, scope))
    answer = asking.recv(100)
    assert answer[:8].hex() == "01fe900100000014" and answer[26:].hex() == "1000"
    port = int.from_bytes(answer[24:26], "big")
    assert port in range(49152, 65536), "a car may refuse any but a dynamic port"
    return socket.inet_ntop(socket.AF_INET6, answer[8:24]), port, 0, scope


def spoken(node: socket.socket, pieces: list[bytes], answers: int) -> list[str]:
    """Send the pieces, each in a segment of its own, and return the answers."""
    node.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces:
        node.sendall(piece)
    buffer, found = bytearray(), list[bytes]()
    while len(found) < answers:
        buffer += node.recv(4096)
        found += take_messages(buffer)
    return [message.decode() for message in found]


def connected(address: tuple[str, int, int, int]) -> socket.socket:
    """A TCP connection to an address with its scope. Raises ConnectionRefusedError."""
    node = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        node.settimeout(LONG_S)
        node.connect(address)
    except OSError:
        node.close()
        raise
    return node


def attempt(address: tuple[str, int, int, int]) -> str:
    try:
        connected(address).close()
    except ConnectionRefusedError:
        return "refused"
    return "connected"


if __name__ == "__main__":
    be_car() if sys.argv[1:] == ["car"] else main()
