"""What each program's own user can reach on the emulated board, with that program's groups and its filter of sockets:
not a secret or file of another program, not another's topics, and no right by a set-uid file.

test_guest.py tries the sockets and every running program's filter; test_guest_owner.py the owner's file.
"""

import errno
import json
from typing import Any

from tests.support.guest import Guest
from v2h.bus.messages import MAY_PUBLISH

PROGRAMS = ("guard", "charger", "meter", "manager", "panel", "datalog", "web", "pulse", "gateway")
BUS_USERS = tuple(name for name in PROGRAMS if name in MAY_PUBLISH)
SECRETS = {f"/run/v2h/secrets/{name}": {name} for name in BUS_USERS}
READ = {
    **SECRETS,
    "/run/v2h/secrets/cli": set(),
    "/run/v2h/broker/passwords": set(),
    "/run/v2h/broker/acl": set(),
    "/data/web/owner.json": {"web"},
    "/data/ssh": set(),
    "/proc/1/environ": set(),
    "/dev/mem": set(),
}
"""Path -> the programs that may read it."""
WRITTEN = {
    **{f"/sys/class/leds/{output}/brightness": {"guard"} for output in ("c1", "c2", "d1", "d2", "plug-lock")},
    "/dev/i2c-2": {"panel"},
    "/data/v2h/v2h.sqlite3": {"datalog"},
    "/data/v2h/probe": {"manager", "datalog"},
    "/data/web/owner.json": {"web"},
    "/data/site/probe": {"web"},
    "/data/system/probe": set(),
    "/run/v2h/probe": set(),
    "/run/v2h/secrets/probe": set(),
    "/boot/firmware/v2h.toml": set(),
    "/etc/passwd": set(),
}
"""Path -> the programs that may write it; a file named "probe" would be new."""
CALLED = {"/run/v2h/supervisor.sock": {"pulse"}, "/run/v2h/guard/wire.sock": {"charger", "guard"}}
"""Socket -> the programs that may connect to it."""

# Runs `attempt(name)` as each user in a process of its own and prints {name: what it returned}.
AS_EACH = """
import json, logging, os, pwd, socket, sys
from v2h.runtime.confine import confine
from v2h.runtime.forked import leave

def as_each(names, attempt):
    found = {}
    for name in names:
        mine, its = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                user = pwd.getpwnam(f"v2h-{name}")
                os.initgroups(user.pw_name, user.pw_gid), os.setgid(user.pw_gid), os.setuid(user.pw_uid)
                confine(name, logging.getLogger("test"))
                os.write(its, json.dumps(attempt(name)).encode())
            finally:
                leave(0)
        os.close(its)
        with os.fdopen(mine) as answer:
            found[name] = json.loads(answer.read() or '"it died"')
        os.waitpid(pid, 0)
    print(json.dumps(found))
"""

OPENS = """
def opens(path, flags):
    try:
        os.close(os.open(path, flags, 0o600))
    except OSError:
        return False
    if path.endswith("/probe"):
        os.unlink(path)
    return True

def connects(path):
    with socket.socket(socket.AF_UNIX, KIND[path]) as link:
        try:
            link.connect(path)
        except OSError as error:
            return not isinstance(error, PermissionError)
    return True

KIND = {"/run/v2h/supervisor.sock": socket.SOCK_STREAM, "/run/v2h/guard/wire.sock": socket.SOCK_SEQPACKET}
NEW = {path: os.O_WRONLY | os.O_APPEND | (os.O_CREAT if path.endswith("/probe") else 0) for path in WRITTEN}
as_each(PROGRAMS, lambda name: {
    "read": [path for path in READ if opens(path, os.O_RDONLY)],
    "written": [path for path in WRITTEN if opens(path, NEW[path])],
    "called": [path for path in CALLED if connects(path)],
})
"""

# At a second broker with the files of the first, so that no word of this test reaches a program.
PUBLISHES = """
import subprocess, time
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

PORT = 18830
with open("/etc/mosquitto/v2h.conf") as own, open("/run/users-test.conf", "w") as copy:
    copy.write(own.read().replace("listener 1883 127.0.0.1", f"listener {PORT} 127.0.0.1"))
broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", "/run/users-test.conf"])

def attempt(name):
    client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
    with open(f"/run/v2h/secrets/{name}") as secret:
        client.username_pw_set(name, secret.read())
    codes = {}
    client.on_publish = lambda client, data, mid, code, properties: codes.setdefault(mid, code.value)
    until = time.monotonic() + 30
    while True:
        try:
            client.connect("127.0.0.1", PORT)
            break
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
    client.loop_start()
    while not client.is_connected() and time.monotonic() < until:
        time.sleep(0.05)
    sent = {client.publish(topic, b"x", qos=1).mid: topic for topic in TOPICS}
    until = time.monotonic() + 60
    while len(codes) < len(sent) and time.monotonic() < until:
        time.sleep(0.05)
    client.loop_stop()
    return {sent[mid]: code for mid, code in codes.items()}

try:
    as_each(NAMES, attempt)
finally:
    broker.terminate()
    broker.wait(20)
"""
NOT_AUTHORISED = 0x87
"""MQTT 5.0, 2.4: the server does not permit the publish."""

SET_UID = """
# A copy of `id` that root marks set-uid, in a place where such marks count, started with what each program has.
import shutil, subprocess
def who(name):
    return subprocess.run(["/run/suid-test/id", "-u"], capture_output=True, text=True).stdout.strip()
print(end="", flush=True)
os.makedirs("/run/suid-test", exist_ok=True)
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run/suid-test"], check=True)
try:
    shutil.copy("/usr/bin/id", "/run/suid-test/id")
    os.chmod("/run/suid-test/id", 0o4755)
    user = pwd.getpwnam("v2h-web").pw_uid
    plain = subprocess.run(["setpriv", f"--reuid={user}", "--clear-groups", "/run/suid-test/id", "-u"],
                           capture_output=True, text=True)
    print(plain.stdout.strip())
    as_each(PROGRAMS, who)
finally:
    subprocess.run(["umount", "/run/suid-test"], check=True)
"""

# A pair of virtual buses of its own: nothing of it reaches a program. datalog's second socket is bound to one end; a
# process of root speaks at the other end all the time, and another socket of root listens there.
SPEAKS = """
import subprocess, time
FRAME = bytes((0x23, 1, 0, 0, 1, 0, 0, 0)) + bytes(8)  # struct can_frame, id 0x123
SENDER = (
    "import socket, time\\nnode = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)\\n"
    "node.bind(('users1',))\\nwhile True:\\n    node.send(bytes((1,)) + bytes(15))\\n    time.sleep(0.1)"
)

def attempt(name):
    node = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW, fileno=201)
    node.bind(("users0",))
    codes = []
    for way in (
        lambda: node.send(FRAME),
        lambda: node.sendto(FRAME, ("users0",)),
        lambda: node.sendmsg([FRAME]),
        lambda: os.write(201, FRAME),
        lambda: os.writev(201, [FRAME]),
        lambda: os.dup(201),
        lambda: socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW),
    ):
        try:
            way()
            codes.append(0)
        except OSError as error:
            codes.append(error.errno)
    node.settimeout(20)
    return [codes, node.recv(16)[0]]

subprocess.run("ip link add users0 type vxcan peer name users1 && ip link set users0 up && ip link set users1 up",
               shell=True, check=True)
try:
    ear = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    ear.bind(("users1",))
    ear.setblocking(False)
    sender = subprocess.Popen([sys.executable, "-c", SENDER])
    try:
        as_each(["datalog"], attempt)
    finally:
        sender.kill()
        sender.wait()
    heard = set()
    while True:
        try:
            heard.add(ear.recv(16)[0])
        except BlockingIOError:
            break
    print(json.dumps(sorted(heard)))
finally:
    subprocess.run("ip link del users0", shell=True, check=True)
"""


def run(guest: Guest, source: str, timeout_s: float = 240, **names: Any) -> str:
    given = "\n".join(f"{name} = {value!r}" for name, value in names.items())
    guest.out(f"cat >/run/users-test.py <<'END'\n{given}\n{AS_EACH}\n{source}\nEND")
    return guest.out("cd / && python3 /run/users-test.py", timeout_s)


def test_each_user_reads_writes_and_calls_only_what_is_its_own(remade: Guest) -> None:
    tables = {"read": READ, "written": WRITTEN, "called": CALLED}
    names = {"READ": list(READ), "WRITTEN": list(WRITTEN), "CALLED": list(CALLED)}
    found = json.loads(run(remade, OPENS, PROGRAMS=PROGRAMS, **names))
    for what, table in tables.items():
        reached = {path: {name for name in PROGRAMS if path in found[name][what]} for path in table}
        assert reached == table, what


def test_each_user_publishes_only_its_own_topics(remade: Guest) -> None:
    topics = sorted({topic.replace("+", "x").replace("#", "x") for each in MAY_PUBLISH.values() for topic in each})
    found = json.loads(run(remade, PUBLISHES, NAMES=BUS_USERS, TOPICS=topics))
    for name in BUS_USERS:
        own = {topic.replace("+", "x").replace("#", "x") for topic in MAY_PUBLISH[name]}
        assert found[name].keys() == set(topics), f"{name}: the broker answered each"
        assert {topic for topic, code in found[name].items() if code != NOT_AUTHORISED} == own, name


def test_datalog_hears_a_bus_and_cannot_speak_there(remade: Guest) -> None:
    said, heard = run(remade, SPEAKS).splitlines()
    assert json.loads(said) == {"datalog": [[errno.EACCES] * 7, 1]}
    assert json.loads(heard) == [1], "root's own frames, and none of datalog's"


def test_a_set_uid_file_gives_no_program_a_right(remade: Guest) -> None:
    plain, said = run(remade, SET_UID, PROGRAMS=PROGRAMS).splitlines()
    assert plain == "0", "without the filter the mark counts: the attempt is a real one"
    who = "import json, pwd; print(json.dumps({p.pw_name: p.pw_uid for p in pwd.getpwall()}))"
    own = json.loads(remade.out(f"python3 -c '{who}'"))
    assert json.loads(said) == {name: str(own[f"v2h-{name}"]) for name in PROGRAMS}
