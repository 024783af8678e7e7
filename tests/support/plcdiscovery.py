"""A car that looks for the charger through two simulated modems: discovery by multicast, then TCP, all by real sockets.

    unshare --net python -m tests.support.plcdiscovery

prints one JSON object. The car is a process in a namespace of its own (`... car`), because between two interfaces of
one namespace the kernel takes a short way.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress

from tests.support.plcutils import ip
from v2h.ccs.sdp import GROUP, PORT, read_request, response
from v2h.ports.plc import link_local, listener, sdp_socket
from v2h.rig.plcmodem import Medium, Modem
from v2h.rig.plcwire import PowerLine, whole_frames

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
        found = serve(stack, car, medium)
        print(json.dumps(found))


def carry(line: PowerLine, over: threading.Event) -> None:
    while not over.is_set():
        line.step(time.monotonic())


def serve(stack: ExitStack, car: "subprocess.Popen[str]", medium: Medium) -> dict[str, object]:
    """The charger's side: answer two questions, accept one car, echo two messages, refuse a second car between them."""
    assert car.stdin is not None and car.stdout is not None
    discovery = stack.enter_context(sdp_socket("plc0", GROUP, PORT))
    door = listener("plc0")
    for node in (discovery, door):
        node.settimeout(LONG_S)
    port = door.getsockname()[1]
    tell(car, "go")
    for _ in range(2):
        question, asker = discovery.recvfrom(100)
        read_request(question)
        discovery.sendto(response(link_local("plc0"), port), asker)
    connection, _ = door.accept()
    stack.enter_context(connection).settimeout(LONG_S)
    door.close()
    connection.sendall(connection.recv(100) + b" ")
    assert car.stdout.readline() == "second\n"
    connection.sendall(connection.recv(100))
    assert car.stdout.readline() == "echoed\n"
    medium.modems[1].keys.append(b"x" * 16)
    tell(car, "go")
    found: dict[str, object] = json.loads(car.stdout.readline())
    return {**found, "port_hex": f"{port:04x}"}


def tell(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def be_car() -> None:
    """The car: asks twice, connects twice, sends two messages, and asks once more with another key."""
    print("ready", flush=True)
    sys.stdin.readline()
    up("car0", "fe80::e")
    scope = socket.if_nametoindex("car0")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        asking.settimeout(LONG_S)
        asking.bind(("fe80::e", 0, 0, scope))
        answers = []
        for _ in range(2):
            asking.sendto(QUESTION, (GROUP, PORT, 0, scope))
            answers.append(asking.recv(100))
        target = (
            socket.inet_ntop(socket.AF_INET6, answers[0][8:24]),
            int.from_bytes(answers[0][24:26], "big"),
            0,
            scope,
        )
        with connected(target) as first:
            first.sendall(b"one")
            echo = b""
            while not echo.endswith(b" "):
                echo += first.recv(100)
            second = attempt(target)
            print("second", flush=True)
            first.sendall(b"and two after the second car")
            while not echo.endswith(b"car"):
                echo += first.recv(100)
        print("echoed", flush=True)
        sys.stdin.readline()
        asking.settimeout(0.5)
        asking.sendto(QUESTION, (GROUP, PORT, 0, scope))
        other_key = "silence"
        with suppress(TimeoutError):
            other_key = asking.recv(100).hex()
    found = {"answers": [answer.hex() for answer in answers], "second": second, "echo": echo.decode()}
    print(json.dumps({**found, "other_key": other_key}), flush=True)
    sys.stdin.readline()  # the interface lives as long as this process


def connected(target: tuple[str, int, int, int]) -> socket.socket:
    """A TCP connection to an address with its scope. Raises ConnectionRefusedError."""
    node = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        node.settimeout(LONG_S)
        node.connect(target)
    except OSError:
        node.close()
        raise
    return node


def attempt(target: tuple[str, int, int, int]) -> str:
    try:
        connected(target).close()
    except ConnectionRefusedError:
        return "refused"
    return "connected"


if __name__ == "__main__":
    be_car() if sys.argv[1:] == ["car"] else main()
