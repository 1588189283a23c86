"""From the request to the first line that `srun` prints, on a static and on an elastic node of a real cluster."""
import os
import subprocess
import time

from harness import Broker, Folder, median

ROUNDS = 5


def first_output(conf, *options):
    """Seconds until srun printed the node's name."""
    began = time.monotonic()
    with subprocess.Popen(["srun", *options, "sh", "-c", "echo $SLURMD_NODENAME"], env={**os.environ, "SLURM_CONF": conf},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as srun:
        line = srun.stdout.readline()
        took = time.monotonic() - began
    if srun.returncode or not line.strip():
        raise RuntimeError(f"srun {options} ended with {srun.returncode} and printed {line!r}")
    return took


def measure(say):
    rounds = []
    with Folder() as folder, Broker(folder) as broker:
        for number in range(ROUNDS):
            name = f"launch-{number}"
            began = time.monotonic()
            broker.create(name)
            answered = time.monotonic() - began
            conf = next(t["value"] for t in broker.wait_for(name)["tags"] if t["key"] == "slipway:slurm-conf")
            complete = time.monotonic() - began
            first_output(conf, "-N1")
            static = time.monotonic() - began
            elastic = first_output(conf, "-w", "queue1-dy-c5large-1")
            again = first_output(conf, "-w", "queue1-dy-c5large-1")
            began = time.monotonic()
            broker.delete(name)
            rounds.append((answered, complete, static, elastic, again, time.monotonic() - began))
            say("answered {:.3f}  complete {:.2f}  static {:.2f}  elastic {:.2f}  again {:.2f}  deleted {:.2f} s".format(
                *rounds[-1]))
    answered, complete, static, elastic, again, deleted = (median(column) for column in zip(*rounds))
    worst = [max(column) for column in zip(*rounds)]
    return [
        ("request to first `srun` output on a static node", "< 3 s", static < 3,
         f"**{static:.2f} s** (at most {worst[2]:.2f}; CREATE_COMPLETE after {complete:.2f})"),
        ("`srun` to first output on an elastic node", "reported", None,
         f"**{elastic:.2f} s** (at most {worst[3]:.2f}); once it is up {again:.2f}"),
        ("delete, until nothing is left", "", None, f"{deleted:.2f} s (at most {worst[5]:.2f})"),
    ]
