"""A crowd on the network of the page, from addresses of the loopback: `python -m tests.bench.crowd_clients PORT`.

Until SIGTERM. CLIENTS addresses read the state, each as soon as it has its answer. From two other addresses come silent
connections, and slow ones that send a byte of their request every SLOW_S; each comes again AGAIN_S after it was closed.
Then it prints one line of JSON: {"answered": count, "refused": count, "p50_s": , "max_s": , "closed": count of the
silent and slow ones that the server closed}.
"""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import time
from collections import Counter

CLIENTS, SILENT, SLOW = 200, 120, 60
READERS, HOLDERS = "127.0.1.{}", ("127.0.2.1", "127.0.2.2")
SLOW_S, AGAIN_S = 5.0, 1.0
REQUEST = b"GET /api/v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = b"content-length: "


async def read(port: int, source: str, took_s: list[float], seen: Counter[str]) -> None:
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            with contextlib.closing(writer):
                while True:
                    began = time.monotonic()
                    writer.write(REQUEST)
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    await reader.readexactly(int(head.partition(LENGTH)[2].split()[0]))
                    took_s.append(time.monotonic() - began)
                    seen["answered" if b" 200 " in head.splitlines()[0] else "refused"] += 1
        await asyncio.sleep(AGAIN_S)


async def hold(port: int, source: str, slow: bool, seen: Counter[str]) -> None:
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            with contextlib.closing(writer):
                while slow:
                    writer.write(REQUEST[:1])
                    with contextlib.suppress(TimeoutError):
                        if await asyncio.wait_for(reader.read(1), SLOW_S) == b"":
                            break
                await reader.read()
                seen["closed"] += 1
        await asyncio.sleep(AGAIN_S)


async def crowd(port: int) -> None:
    took_s: list[float] = []
    seen: Counter[str] = Counter()
    calls = [read(port, READERS.format(n), took_s, seen) for n in range(1, CLIENTS + 1)]
    calls += [hold(port, HOLDERS[n % 2], n >= SILENT, seen) for n in range(SILENT + SLOW)]
    tasks = [asyncio.ensure_future(call) for call in calls]
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    figures = {"p50_s": statistics.median(took_s or [0.0]), "max_s": max(took_s, default=0.0)}
    print(json.dumps({**{name: seen[name] for name in ("answered", "refused", "closed")}, **figures}))


if __name__ == "__main__":
    others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
    os.sched_setaffinity(0, others or os.sched_getaffinity(0))  # the crowd's computers are not the board
    asyncio.run(crowd(int(sys.argv[1])))
