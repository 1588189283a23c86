"""What nobody uses ends by itself: a real Jupyter is stopped, unless a kernel computes, and its files stay.

An idle rule counts in minutes, so this takes more than one; nothing else here depends on how long anything takes.
The first launch on a machine installs the packages; where no index of Python packages is reachable the test is skipped.
"""
import json
import pathlib
import subprocess

import pytest
import urllib3

from conftest import until

LOOK = {"SLIPWAY_LIFETIMES_LOOK": "1s"}

# Begins a computation of which nothing is heard, and leaves.
COMPUTE = """
import sys
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=60)
client.execute("while True: pass")
"""


class Notebook:
    def __init__(self, broker, name):
        self.broker = broker
        made = broker.call("POST", "/slipway/v1/environments",
                           {"type": "jupyter", "name": name, "configuration": "SMALL", "parameters": {"IdleMinutes": 1}})
        assert made.status == 202, made
        self.id = made.json["id"]

    def show(self):
        return self.broker.call("GET", f"/slipway/v1/environments/{self.id}").json

    def why(self):
        return self.broker.call("GET", f"/slipway/v1/environments/{self.id}/why").json

    def wait(self, status):
        def look():
            now = self.show()["status"]
            why = json.dumps(self.why(), indent=1) if now.endswith("failed") else ""
            if "PackagesUnreachable" in why:
                pytest.skip("no index of Python packages is reachable, so no Jupyter can be installed")
            assert not why, why
            return now == status
        until(look, 400, f"the notebook to be {status}")

    def output(self, name):
        return next(value for key, value in self.show()["outputs"].items() if key.split(".")[-1] == name)

    def folder(self):
        return pathlib.Path(self.output("Directory"))

    def ask(self, method, path, body=None):
        token = (self.folder() / "secret/token").read_text()
        url = f"http://127.0.0.1:{self.output('Port')}/slipway/connect/{self.id}{path}"
        answer = urllib3.PoolManager().request(method, url, headers={"Authorization": f"token {token}"},
                                               body=json.dumps(body) if body is not None else None)
        assert answer.status < 300, (answer.status, answer.data[:500])
        return json.loads(answer.data)

    def compute(self):
        kernel = self.ask("POST", "/api/kernels", {"name": "python3"})["id"]
        file = next(self.folder().glob(f"**/kernel-{kernel}.json"))
        python = next((self.folder().parent / ".venvs").glob("*/bin/python"))
        subprocess.run([python, "-c", COMPUTE, file], check=True, timeout=120)
        until(lambda: self.ask("GET", f"/api/kernels/{kernel}")["execution_state"] == "busy", 60, "the kernel to compute")
        return kernel


def test_an_idle_notebook_is_stopped_with_its_files_kept_and_one_that_computes_is_not(new_broker):
    broker = new_broker(environment=LOOK).start()
    idle, busy = Notebook(broker, "idle"), Notebook(broker, "busy")
    for notebook in (idle, busy):
        notebook.wait("available")
    kernel = busy.compute()
    # Used later than the other one was, so it is not the later use that keeps that one.
    idle.ask("PUT", "/api/contents/kept.txt", {"type": "file", "format": "text", "content": "kept"})
    used = idle.ask("GET", "/api/status")["last_activity"]
    assert busy.ask("GET", "/api/status")["last_activity"] < used
    idle.wait("stopped")
    requests = idle.why()["requests"]
    assert [(one["who"], one["operation"]) for one in requests[-1:]] == [("slipway", "Idle")], requests
    assert busy.show()["status"] == "available"
    assert busy.ask("GET", f"/api/kernels/{kernel}?no_track_activity=1")["execution_state"] == "busy"
    assert (idle.folder() / "notebooks/kept.txt").read_text() == "kept"
    assert broker.call("POST", f"/slipway/v1/environments/{idle.id}/start").status == 202
    idle.wait("available")
    assert idle.ask("GET", "/api/contents/kept.txt")["content"] == "kept"
    for notebook in (idle, busy):
        broker.call("DELETE", f"/slipway/v1/environments/{notebook.id}")
        notebook.wait("terminated")


def test_a_program_that_nobody_uses_is_stopped(new_broker):
    broker = new_broker(environment=LOOK).start()
    made = broker.call("POST", "/slipway/v1/environments",
                       {"type": "process", "name": "web", "parameters": {"IdleMinutes": 1}})
    assert made.status == 202, made
    until(lambda: broker.call("GET", "/slipway/v1/environments/web").json["status"] == "stopped", 150, "it to be stopped")
    assert broker.call("GET", "/slipway/v1/environments/web/why").json["requests"][-1]["operation"] == "Idle"
