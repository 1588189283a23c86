"""A real Jupyter server: a cell runs through the broker, stop keeps files, start brings them back, kill -9 in between.

The first launch on a machine installs the packages; where no index of Python packages is reachable the tests are skipped.
"""
import json
import ssl
import urllib.parse
import uuid

import pytest
import websocket

from conftest import processes_in, until


class Notebook:
    def __init__(self, broker):
        self.broker = broker
        made = broker.call("POST", "/slipway/v1/environments", {"type": "jupyter", "name": "book"})
        assert made.status == 202, made
        self.id = made.json["id"]
        self.base = f"/slipway/connect/{self.id}"
        self.cookies = {}

    def why(self):
        return self.broker.call("GET", f"/slipway/v1/environments/{self.id}/why").json

    def status(self):
        return self.broker.call("GET", f"/slipway/v1/environments/{self.id}").json["status"]

    def wait(self, status):
        def look():
            now = self.status()
            if now == "failed" and "PackagesUnreachable" in json.dumps(self.why()):
                pytest.skip("no index of Python packages is reachable, so no Jupyter can be installed")
            assert not now.endswith("failed"), self.why()
            return now == status
        until(look, 400, f"the notebook to be {status}")

    def change(self, operation):
        answer = self.broker.call("POST", f"/slipway/v1/environments/{self.id}/{operation}")
        assert answer.status == 202, answer

    def enter(self):
        self.cookies = {}
        url = self.broker.call("POST", f"/slipway/v1/environments/{self.id}/connect").json["values"]["url"]
        assert url.startswith(f"{self.broker.url}{self.base}/lab?slipway-ticket="), url
        self.keep(self.broker.http.request("GET", url, redirect=False))

    def keep(self, answer):
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer

    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def ask(self, method, path, body=None, status=200):
        """As JupyterLab asks: with the cookies of its page, and its XSRF token."""
        headers = {"Cookie": self.cookie(), "Origin": self.broker.url, "X-XSRFToken": self.cookies.get("_xsrf", "")}
        answer = self.keep(self.broker.http.request(method, self.broker.url + self.base + path, headers=headers,
                                                    body=json.dumps(body) if body is not None else None))
        assert answer.status == status, (answer.status, answer.data[:500])
        return json.loads(answer.data) if answer.data[:1] in (b"{", b"[") else answer.data

    def run(self, code, kernel=None):
        """What a cell prints."""
        kernel = kernel or self.ask("POST", "/api/kernels", {"name": "python3"}, status=201)["id"]
        context = ssl.create_default_context(cafile=str(self.broker.data / "tls/ca.pem"))
        socket = websocket.WebSocket(sslopt={"context": context})
        netloc = urllib.parse.urlsplit(self.broker.url).netloc
        socket.connect(f"wss://{netloc}{self.base}/api/kernels/{kernel}/channels", cookie=self.cookie(),
                       origin=self.broker.url, timeout=60)
        request = uuid.uuid4().hex
        header = {"msg_id": request, "username": "", "session": uuid.uuid4().hex, "msg_type": "execute_request",
                  "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                                "channel": "shell", "buffers": []}))
        printed = ""
        while True:
            message = json.loads(socket.recv())
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]
            if message["msg_type"] == "error":
                printed += "\n".join(message["content"]["traceback"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                socket.close()
                return printed


@pytest.fixture
def notebook(new_broker):
    made = Notebook(new_broker().start())
    yield made
    if made.status() != "terminated":
        made.broker.call("DELETE", f"/slipway/v1/environments/{made.id}")
        made.wait("terminated")


def test_a_cell_runs_and_files_outlive_a_stop(notebook):
    notebook.wait("available")
    notebook.enter()
    assert b"<title>JupyterLab</title>" in notebook.ask("GET", "/lab")
    assert notebook.run("open('kept.txt', 'w').write('x' * 2_000_000)\nprint(6 * 7)") == "42\n"
    large = {"type": "file", "format": "text", "content": "y" * 3_000_000}
    notebook.ask("PUT", "/api/contents/large.txt", large, status=201)
    notebook.change("stop")
    notebook.wait("stopped")
    notebook.change("start")
    notebook.wait("available")
    assert notebook.ask("GET", "/api/contents/kept.txt?content=0")["size"] == 2_000_000
    assert notebook.ask("GET", "/api/contents/large.txt")["content"] == large["content"]
    notebook.broker.call("DELETE", f"/slipway/v1/environments/{notebook.id}")
    notebook.wait("terminated")
    assert not processes_in(notebook.id[4:])
    rows = notebook.broker.call("GET", f"/slipway/v1/environments/{notebook.id}/resources").json["resources"]
    assert rows and all(row["state"] == "gone" for row in rows)
    assert not notebook.broker.call("GET", "/slipway/v1/leftovers").json["leftovers"]


def test_every_change_survives_a_broker_that_is_killed_in_it(notebook):
    def killed_in(begin, status):
        begin()
        notebook.broker.kill9()
        notebook.broker.start()
        notebook.wait(status)

    killed_in(lambda: None, "available")
    notebook.enter()
    kernel = notebook.ask("POST", "/api/kernels", {"name": "python3"}, status=201)["id"]
    assert notebook.run("kept = 7", kernel) == ""
    # The kernel does not notice that the broker was away, and the pass still opens.
    notebook.broker.kill9()
    notebook.broker.start()
    assert notebook.run("print(kept)", kernel) == "7\n"
    killed_in(lambda: notebook.change("stop"), "stopped")
    killed_in(lambda: notebook.change("start"), "available")
    assert notebook.run("print('again')") == "again\n"
    killed_in(lambda: notebook.broker.call("DELETE", f"/slipway/v1/environments/{notebook.id}"), "terminated")
    assert not processes_in(notebook.id[4:])
