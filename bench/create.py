"""CreateCluster at a constant rate, whatever the answers do: each latency runs from the moment the request was due. One
launch runs, and is kept running by a slurmctld that never answers; all others wait behind it. Afterwards the broker is
killed, and a new one must know every cluster that was answered."""
import asyncio
import gc
import json
import os
import signal
import ssl
import time

from harness import Broker, Folder, creation, request_text, sign

RATE = 500
SECONDS = 10
CONNECTIONS = 64


def daemons_that_never_answer(folder):
    """A folder of daemons for the setting `local.daemons_dir`: the controller starts and says nothing."""
    folder.mkdir()
    for name in ("munged", "slurmd"):
        (folder / name).symlink_to(f"/usr/sbin/{name}")
    (folder / "slurmctld").write_text("#!/bin/sh\nexec sleep 1000\n")
    (folder / "slurmctld").chmod(0o755)
    return folder


def signed_creation(broker, name):
    body = json.dumps(creation(name)).encode()
    headers = sign(broker.key, "POST", broker.host, "/v3/clusters", body, {"content-type": "application/json"})
    return request_text("POST", "/v3/clusters", headers, body)


class Load:
    def __init__(self, broker, requests):
        self.broker = broker
        self.requests = requests
        self.latencies = []
        self.statuses = {}

    async def run(self):
        host, port = self.broker.host.split(":")
        self.free = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            self.free.put_nowait(await asyncio.open_connection(host, int(port), ssl=self.broker.tls))
        begin = time.monotonic() + 0.2
        sent = []
        for number, request in enumerate(self.requests):
            due = begin + number / RATE
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            sent.append(asyncio.create_task(self.send(due, request)))
        await asyncio.gather(*sent)
        self.took = time.monotonic() - begin
        while not self.free.empty():
            self.free.get_nowait()[1].close()

    async def send(self, due, request):
        connection = reader, writer = await self.free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(None, 1)[0])
        await reader.readexactly(length)
        self.latencies.append(time.monotonic() - due)
        status = int(head.split(None, 2)[1])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.free.put_nowait(connection)


def count(broker):
    """All clusters that a broker lists."""
    total, token = 0, ""
    while token is not None:
        status, body = broker.call("GET", "/v3/clusters" + (f"?nextToken={token}" if token else ""))
        page = json.loads(body)
        total += len(page["clusters"])
        token = page.get("nextToken")
    return total


def measure(say):
    with Folder() as folder:
        settings = {"SLIPWAY_EXECUTIONS_RUNNING": "1",
                    "SLIPWAY_LOCAL_DAEMONS_DIR": str(daemons_that_never_answer(folder / "d"))}
        broker = Broker(folder, **settings).start()
        broker.create("the-one-that-runs")
        load = Load(broker, [signed_creation(broker, f"queued-{i}") for i in range(RATE * SECONDS)])
        gc.disable()  # of this program; a pause of ours would be counted as the broker's
        asyncio.run(load.run())
        gc.enable()
        broker.stop(signal.SIGKILL)
        broker.start()
        known = count(broker) - 1
        broker.stop()
    accepted = load.statuses.get(202, 0)
    if accepted != len(load.requests) or known != accepted:
        raise RuntimeError(f"{len(load.requests)} requests, answers {load.statuses}, {known} known after a kill -9")
    load.latencies.sort()
    at = lambda part: load.latencies[min(len(load.latencies) - 1, int(part * len(load.latencies)))] * 1e3
    say(f"p50 {at(.5):.1f}  p90 {at(.9):.1f}  p99 {at(.99):.1f}  p99.9 {at(.999):.1f}  most {at(1):.1f} ms")
    return [(f"CreateCluster, {RATE} a second for {SECONDS} s, launches queued: p99 of the durable answer", "< 20 ms",
             at(.99) < 20,
             f"**{at(.99):.1f} ms** (p50 {at(.5):.1f}, p90 {at(.9):.1f}, p99.9 {at(.999):.1f}, most {at(1):.1f}); all "
             f"{accepted} known after kill -9")]
