"""Connections through the broker: tickets, passes, what is handed on, WebSockets, and when all of it ends."""
import hashlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import urllib.parse

import pytest
import urllib3
import websocket

from conftest import ROOT, until

PROGRAM = pathlib.Path(__file__).with_name("web_program.py")


def make_web_type(folder):
    """The type `process`, with an endpoint that people reach through the broker."""
    web = shutil.copytree(ROOT / "types/process", folder / "web")
    file = web / "type.yaml"
    text = file.read_text().replace("name: process", "name: web").replace("secret: false", "proxied: true")
    file.write_text(text + "endpoint: {}\n")


def receive_all(connection):
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


class Web:
    """A running environment of the type, and a client such as a browser is one."""

    def __init__(self, broker, name):
        self.broker, self.name = broker, name
        made = broker.call("POST", "/slipway/v1/environments", {
            "type": "web", "name": name,
            "parameters": {"Program": "/usr/bin/python3", "Arguments": [str(PROGRAM)]}})
        assert made.status == 202, made
        self.id = made.json["id"]
        self.wait("available")
        self.path = f"/slipway/connect/{self.id}"
        self.cookie = None

    def status(self):
        return self.broker.call("GET", f"/slipway/v1/environments/{self.id}").json["status"]

    def wait(self, status):
        def look():
            now = self.status()
            assert not now.endswith("failed"), self.broker.call("GET", f"/slipway/v1/environments/{self.id}/why").body
            return now == status
        until(look, 60, f"{self.name} to be {status}")

    def directory(self):
        resources = self.broker.call("GET", f"/slipway/v1/environments/{self.id}/resources").json["resources"]
        return pathlib.Path(next(one["locator"] for one in resources if one["kind"] == "folder"))

    def url(self):
        answer = self.broker.call("POST", f"/slipway/v1/environments/{self.id}/connect")
        assert answer.status == 200, answer
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.json["values"]["url"]

    def enter(self):
        answer = self.broker.http.request("GET", self.url(), redirect=False)
        assert answer.status == 303, answer.data
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    def ask(self, path="/", method="GET", headers=None, cookie=True, **more):
        headers = dict(headers or {})
        if cookie:
            headers["Cookie"] = "; ".join(filter(None, [self.cookie, headers.get("Cookie")]))
        return self.broker.http.request(method, self.broker.url + self.path + path, headers=headers, redirect=False,
                                        **more)

    def told(self, *words, **more):
        answer = self.ask(*words, **more)
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    def begin(self, method, path, *headers):
        """A connection on which a request's head was sent, its path as it is written here."""
        host, port = urllib.parse.urlsplit(self.broker.url).netloc.split(":")
        context = ssl.create_default_context(cafile=str(self.broker.data / "tls/ca.pem"))
        connection = context.wrap_socket(socket.create_connection((host, port), timeout=60), server_hostname=host)
        lines = [f"{method} {self.path}{path} HTTP/1.1", f"Host: {host}:{port}", f"Cookie: {self.cookie}", *headers]
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return connection

    def websocket(self, origin=None):
        host = urllib.parse.urlsplit(self.broker.url).netloc
        context = ssl.create_default_context(cafile=str(self.broker.data / "tls/ca.pem"))
        socket = websocket.WebSocket(sslopt={"context": context})
        socket.connect(f"wss://{host}{self.path}/ws", cookie=self.cookie, origin=origin or f"https://{host}",
                       timeout=30)
        return socket


@pytest.fixture
def broker(new_broker, tmp_path):
    make_web_type(tmp_path)
    return new_broker(environment={"SLIPWAY_MORE_TYPES": str(tmp_path)}).start()


@pytest.fixture
def web(broker):
    made = Web(broker, "page")
    yield made
    if made.status() not in ("terminated", "terminating"):
        broker.call("DELETE", f"/slipway/v1/environments/{made.id}")
    made.wait("terminated")


def test_a_ticket_opens_once_and_its_pass_goes_on(web):
    url = web.url()
    assert url.startswith(f"{web.broker.url}{web.path}/?slipway-ticket=")
    assert web.ask().status == 401
    # A look ahead, as of a program that shows what is behind a link, uses nothing up.
    look = web.broker.http.request("HEAD", url, redirect=False)
    assert look.status == 401 and "Set-Cookie" not in look.headers
    first = web.broker.http.request("GET", url + "&more=1", redirect=False)
    assert (first.status, first.headers["Location"]) == (303, f"{web.path}/?more=1")
    assert first.headers["Referrer-Policy"] == "no-referrer"
    cookie = first.headers["Set-Cookie"]
    for attribute in ("HttpOnly", "Secure", "SameSite=Lax", f"Path={web.path}", "Max-Age=28800"):
        assert attribute in cookie.split("; "), cookie
    again = web.broker.http.request("GET", url, redirect=False)
    assert again.status == 401 and b"slipway env connect" in again.data
    web.cookie = cookie.split(";")[0]
    assert web.told("/a?b=c")["target"] == "/a?b=c"
    # Back in the browser: the pass counts, not the used ticket.
    assert web.ask("/?" + url.split("?")[1]).status == 303
    assert web.ask("").headers["Location"] == f"{web.path}/"
    # It opens nothing else.
    other = web.broker.http.request("GET", f"{web.broker.url}/slipway/connect/env-0/", headers={"Cookie": web.cookie})
    assert other.status == 401
    log = web.broker.log.read_text()
    assert url.split("=")[1] not in log and web.cookie.split("=")[1] not in log
    web.broker.kill9()
    web.broker.start()
    assert web.told("/after")["target"] == "/after"


def test_requests_and_answers_are_handed_on_and_the_pass_is_not(web):
    web.enter()
    told = web.told("/x%2Fy?q=%20", headers={"Cookie": "theirs=1", "Authorization": "Basic x", "X-Mine": "yes"})
    headers = dict(told["headers"])
    assert told["target"] == "/x%2Fy?q=%20"
    assert headers["Cookie"] == "theirs=1" and "Authorization" not in headers and headers["X-Mine"] == "yes"
    assert headers["X-Forwarded-Proto"] == "https" and headers["X-Forwarded-Prefix"] == web.path
    assert headers["Host"].startswith("127.0.0.1:")
    moved = web.ask("/redirect")
    assert (moved.status, moved.headers["Location"]) == (302, f"{web.path}/next")
    assert moved.headers["Set-Cookie"] == f"mine=1; Path={web.path}"
    head = web.ask("/", method="HEAD")
    assert head.status == 200 and head.data == b""
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        assert web.told("/", method=method)["method"] == method


def test_a_target_is_handed_on_as_it_came_whatever_it_is(web):
    web.enter()
    for target in ("/50%", "/a%zz?b=%&c", "/%ff%00?%C3", "/caf\xe9/\xff?\xfe", "/x/../%2e%2E//y?z"):
        with web.begin("GET", target, "Connection: close") as connection:
            answer = receive_all(connection)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        told = json.loads(answer[answer.index(b"{"):answer.rindex(b"}") + 1])
        assert told["target"] == target
    # Elsewhere, and where it is no target at all, it is refused.
    with web.begin("GET", "/a\x7fb", "Connection: close") as connection:
        assert receive_all(connection).startswith(b"HTTP/1.1 400 ")
    web.path = "/slipway/v1/environments"
    with web.begin("GET", "/50%", "Connection: close") as connection:
        assert receive_all(connection).startswith(b"HTTP/1.1 400 ")


def test_bodies_of_any_length_go_both_framings(web):
    web.enter()
    body = os.urandom(5 << 20)
    told = web.told("/up", method="POST", body=body)
    assert (told["bytes"], told["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    told = web.told("/up", method="PUT", body=(body[i:i + 100_000] for i in range(0, len(body), 100_000)), chunked=True)
    assert (told["bytes"], told["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_a_refusal_arrives_before_the_body_was_sent(web):
    web.enter()
    with web.begin("POST", "/refuse", "Content-Length: 1000000000") as connection:
        connection.sendall(bytes(100_000))
        answer = receive_all(connection)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"\r\nConnection: close\r\n" in answer
    assert b"more than I take" in answer


def test_who_leaves_a_program_that_reads_nothing_ends_its_connection(web):
    web.enter()
    with web.begin("POST", "/deaf", "Content-Length: 1000000000") as connection:
        connection.sendall(bytes(100_000))
    until((web.directory() / "work/left").exists, 60, "the program to see the end")


def test_an_answer_arrives_as_it_is_written(web):
    web.enter()
    directory = web.directory() / "work"
    os.mkfifo(directory / "go")
    answer = web.ask("/stream", preload_content=False)
    assert answer.headers["Content-Type"] == "text/event-stream"
    chunks = answer.stream(decode_content=False)
    assert next(chunks) == b"data: first\n\n"
    (directory / "go").write_text("second")
    assert b"".join(chunks) == b"data: second\n\n"


def test_an_answer_arrives_while_its_request_is_sent(web, tmp_path):
    web.enter()
    with web.begin("POST", "/echo", "Content-Length: 11") as connection:
        connection.sendall(b"first")
        received = b""
        while b"first" not in received:
            more = connection.recv(1 << 16)
            assert more, received
            received += more
        connection.sendall(b"second")
        rest = receive_all(connection)
    assert received.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close\r\n" in received
    assert b"second" in rest and rest.endswith(b"\r\n0\r\n\r\n")
    # However long both are.
    (tmp_path / "body").write_bytes(os.urandom(20 << 20))
    subprocess.run(["curl", "-sSf", "--cacert", web.broker.data / "tls/ca.pem", "-H", f"Cookie: {web.cookie}",
                    "--data-binary", f"@{tmp_path}/body", "-o", tmp_path / "echo", f"{web.broker.url}{web.path}/echo"],
                   check=True, timeout=120)
    assert (tmp_path / "echo").read_bytes() == (tmp_path / "body").read_bytes()


def test_a_websocket_is_a_tunnel_for_pages_of_this_broker_alone(web):
    web.enter()
    socket = web.websocket()
    for text in ("hello", "x" * 60_000):
        socket.send(text)
        assert socket.recv() == text
    socket.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        web.websocket(origin="https://evil.test")
    assert refused.value.status_code == 403
    assert web.ask("/", method="POST", headers={"Origin": "null"}).status == 403


def test_what_is_wrong_is_said(web):
    web.enter()
    assert web.ask("/nonsense").status == 502
    # A tunnel that nobody asked for.
    assert web.ask("/ws", headers={"Sec-WebSocket-Key": "x"}).status == 502
    with pytest.raises(urllib3.exceptions.HTTPError):
        web.ask("/cut")
    nothing = web.broker.http.request("GET", f"{web.broker.url}/slipway/connect/")
    assert nothing.status == 404 and b"slipway env connect" in nothing.data
    # A client that goes away in the middle costs nothing but its request.
    half = web.ask("/hang", preload_content=False)
    half.close()
    assert web.told("/still")["target"] == "/still"


def test_what_is_open_ends_when_the_environment_stops(web):
    web.enter()
    socket = web.websocket()
    socket.send("up")
    assert socket.recv() == "up"
    web.broker.call("POST", f"/slipway/v1/environments/{web.id}/stop")
    with pytest.raises((websocket.WebSocketException, OSError)):
        socket.recv()
    web.wait("stopped")
    stopped = web.ask()
    assert stopped.status == 409 and b"page cannot be connected to while it is stopped" in stopped.data
    web.broker.call("POST", f"/slipway/v1/environments/{web.id}/start")
    web.wait("available")
    assert web.told("/again")["target"] == "/again"


def test_a_revoked_key_ends_its_passes(web):
    made = json.loads(web.broker.cli("key", "create", "guest", "-o", "json", check=0).stdout)
    own = web.broker.credentials
    web.broker.credentials = type(own)(made["accessKeyId"], made["secretAccessKey"])
    web.enter()
    web.broker.credentials = own
    assert web.ask().status == 200
    web.broker.cli("key", "revoke", made["accessKeyId"], check=0)
    assert web.ask().status == 401


def test_curl_follows_the_url(web, tmp_path):
    done = subprocess.run(["curl", "-sSL", "-c", tmp_path / "jar", "-b", tmp_path / "jar", "--cacert",
                           web.broker.data / "tls/ca.pem", web.url()], capture_output=True, text=True, timeout=30)
    assert json.loads(done.stdout)["target"] == "/", done
