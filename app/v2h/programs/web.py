"""web: the status page, the REST doors and the live stream.

Two halves in one process: the bus loop of `Program` in the main thread, waitress with its request threads beside it.
They meet in `LiveState` (bus -> pages) and `CommandDoor` (pages -> bus), nowhere else.
When it dies or hangs nothing else changes: supervisor or pulse restarts it, the page says "no connection" and comes
back by itself. When the server's thread ends, the program ends with 1.
"""

import sys
import threading

from waitress.server import create_server

from v2h.bus import Alive, ChargerState, Event, ManagerState, Reply
from v2h.program import Program
from v2h.web.app import create_app
from v2h.web.commands import CommandDoor
from v2h.web.state import LiveState

THREADS = 12
"""Eight streams hold one each; the rest answer within the moment, or wait 2 s for a command's reply."""
BUS_LOOK_S = 0.5
IDENT = "v2h"


class ServerGoneError(RuntimeError):
    """The HTTP server's thread has ended."""


def main() -> int:
    program = Program("web")
    config, bus = program.config, program.bus
    state = LiveState(config.errors, config.site.name)
    door = CommandDoor()
    names = tuple(name.strip() for name in config.web.host_names.split(",") if name.strip())
    app = create_app(state, door, host_names=names)
    server = create_server(app, listen=config.web.listen, threads=THREADS, ident=IDENT)
    serving = threading.Thread(target=server.run, name="http", daemon=True)

    def charger(topic: str, payload: bytes) -> None:
        state.put_charger(ChargerState.from_json(payload))

    def manager(topic: str, payload: bytes) -> None:
        state.put_manager(ManagerState.from_json(payload))

    def alive(topic: str, payload: bytes) -> None:
        state.put_alive(topic.split("/")[1], Alive.from_json(payload))

    def event(topic: str, payload: bytes) -> None:
        state.put_event(Event.from_json(payload))

    def reply(topic: str, payload: bytes) -> None:
        door.answer(Reply.from_json(payload))

    def carry_orders(now: float) -> None:
        for name, order in door.take():
            program.log.info("command %s %s", name, order.values)
            bus.publish(order, name)

    def look(now: float) -> None:
        state.put_bus(bus.connected)
        if not serving.is_alive():
            raise ServerGoneError("the HTTP server's thread has ended")

    bus.subscribe(ChargerState.TOPIC, charger)
    bus.subscribe(ManagerState.TOPIC, manager)
    bus.subscribe(Alive.TOPIC.format("+"), alive)
    bus.subscribe(Event.TOPIC, event, retained=False)
    bus.subscribe(Reply.TOPIC.format("+"), reply, retained=False)
    program.watch(door, carry_orders)
    serving.start()
    program.every(BUS_LOOK_S, look)
    program.at_exit(state.close)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
