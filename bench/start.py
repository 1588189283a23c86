"""From the start of the process to the first answer over TLS, and the memory of a broker that idles."""
import pathlib
import time

from harness import Broker, Folder, median, until

ROUNDS = 10


def first_answer(broker):
    """Starts it; seconds until it has answered a signed request."""
    began = time.monotonic()
    broker.start()
    status, _ = broker.call("GET", "/v3/clusters")
    if status != 200:
        raise RuntimeError(f"the first answer was {status}")
    return time.monotonic() - began


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def idle_mib(pid):
    """Resident memory once it has used no processor time for two seconds."""
    def quiet():
        before = pathlib.Path(f"/proc/{pid}/stat").read_text().split()[13:15]
        time.sleep(2)
        return before == pathlib.Path(f"/proc/{pid}/stat").read_text().split()[13:15]
    until(quiet, "the broker to idle")
    return resident_mib(pid)


def measure(say):
    fresh, later = [], []
    for number in range(ROUNDS):
        with Folder() as folder:
            broker = Broker(folder)
            fresh.append(first_answer(broker))
            broker.stop()
            later.append(first_answer(broker))
            if number == ROUNDS - 1:
                memory = idle_mib(broker.process.pid)
            broker.stop()
    say(f"first {median(fresh) * 1e3:.0f} ms  later {median(later) * 1e3:.0f} ms  idle {memory:.1f} MiB")
    return [
        ("start to first answer", "< 100 ms", median(later) < .1,
         f"**{median(later) * 1e3:.0f} ms** (at most {max(later) * 1e3:.0f}); on a new data folder "
         f"{median(fresh) * 1e3:.0f} (at most {max(fresh) * 1e3:.0f})"),
        ("resident memory, idle", "< 40 MB", memory * 1.048576 < 40, f"**{memory * 1.048576:.0f} MB**"),
    ]
