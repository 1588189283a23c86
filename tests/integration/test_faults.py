"""Faults of the host that one broker survives (docs/faults.md): stopped and continued, out of descriptors, killed while
it starts."""
import os
import pathlib
import resource
import select
import signal
import socket
import subprocess
import urllib.parse

import pytest
import urllib3

import conftest
from conftest import BINARY, ROOT, SOAK, clean_environment, until


def test_a_broker_that_was_stopped_for_a_while_goes_on(new_broker):
    broker = new_broker().start()
    assert broker.create("one").status == 202
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        # Connections are taken by the kernel; nobody answers.
        with socket.create_connection(tuple(urllib.parse.urlsplit(broker.url).netloc.rsplit(":", 1))) as waiting:
            assert not select.select([waiting], [], [], 2)[0]
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
    broker.wait_status("one", "CREATE_COMPLETE")
    assert broker.slurm("one", "srun", "hostname").strip()


def catches_interrupts(process):
    """Whether it has a handler for SIGINT."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return int(caught, 16) >> (signal.SIGINT - 1) & 1


def has_unread(port):
    """Whether something was sent to who listens there that it has not read."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues, *_ = line.split()
        if int(local.split(":")[1], 16) == port and int(queues.split(":")[1], 16) > 0:
            return True
    return False


def test_an_interrupt_of_a_waiting_command_does_not_wait_for_a_broker_that_hangs(new_broker):
    broker = new_broker().start()
    waiting = subprocess.Popen([BINARY, "env", "launch", "process", "slow", "--wait", "-p", 'Arguments=["-c", "sleep 1000"]'],
                               env={**clean_environment(), "SLIPWAY_DATA_DIR": str(broker.data)}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: catches_interrupts(waiting), 60, "the command to wait")
        os.kill(broker.process.pid, signal.SIGSTOP)
        until(lambda: has_unread(urllib.parse.urlsplit(broker.url).port), 60, "the command to ask again")
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(10) == 130, waiting.stderr.read()
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
        waiting.kill()
        waiting.communicate()


def without_sanitizers():
    """The program that is tested, or else the one that `make build` made: the sanitizers need descriptors themselves."""
    programs = (BINARY, ROOT / "build/release/slipway")
    return next((one for one in programs if one.exists() and b"__ubsan_handle" not in one.read_bytes()), None)


def test_descriptors_that_run_out_cost_connections_and_nothing_else(new_broker, monkeypatch):
    program = without_sanitizers()
    if program is None:
        pytest.skip("the sanitizers need descriptors themselves, and `make build` made no program without them")
    monkeypatch.setattr(conftest, "BINARY", program)
    broker = new_broker().start()
    pid = broker.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, limits[1]))
    host, port = urllib.parse.urlsplit(broker.url).netloc.rsplit(":", 1)
    held = [socket.create_connection((host, int(port))) for _ in range(30)]
    broker.http.clear()
    refused = False
    try:
        broker.http.request("GET", broker.url + "/healthz", timeout=3)
    except urllib3.exceptions.HTTPError:
        refused = True
    assert refused, "more connections than descriptors"
    assert broker.process.poll() is None
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    for connection in held:
        connection.close()

    def answers():
        try:
            return broker.call("GET", "/v3/clusters").status == 200
        except urllib3.exceptions.HTTPError:
            return False
    until(answers, 30, "the broker to answer again")


def test_a_broker_takes_as_many_descriptors_as_it_may(new_broker):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowered = min(soft, 512)
    assert lowered < hard
    broker = new_broker(under=["prlimit", f"--nofile={lowered}:{hard}"]).start()
    limits = next(line for line in pathlib.Path(f"/proc/{broker.process.pid}/limits").read_text().splitlines()
                  if line.startswith("Max open files"))
    assert limits.split()[3:5] == [str(hard), str(hard)]


def test_a_broker_that_is_killed_while_it_starts_starts_the_next_time(new_broker):
    broker = new_broker().start()
    assert broker.create("one").status == 202
    broker.kill9()
    for _ in range(60 if SOAK else 5):
        broker.start()  # back as soon as it listens: its recovery is under way
        broker.kill9()
    broker.start()
    # Where more than five of the ends came during one step, that step is held (case 13), and a person lets it go on.
    held = lambda: "BrokerEndedRepeatedly" in broker.cli("why", "one").stdout
    until(lambda: broker.status("one") == "CREATE_COMPLETE" or held(), 90, "the cluster to be made, or its launch held")
    if broker.status("one") != "CREATE_COMPLETE":
        broker.cli("execution", "retry", "one", check=0)
    broker.wait_status("one", "CREATE_COMPLETE")
    done = broker.cli("verify", broker.data)
    assert done.returncode == 0, done.stdout
