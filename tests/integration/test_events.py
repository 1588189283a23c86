"""The live stream of what happens: followed with curl, resumed, over a restart, by very many at once."""
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.parse

import pytest

from conftest import BINARY, clean_environment, until

PATH = "/slipway/v1/events"
FOLLOWERS = 2000 if os.environ.get("SLIPWAY_SOAK") else 200


class Follower:
    """One client on a bare connection: as small as it can be, so that thousands fit into a test."""

    def __init__(self, broker, last=None, query=""):
        place = urllib.parse.urlsplit(broker.url)
        context = ssl.create_default_context(cafile=str(broker.data / "tls/ca.pem"))
        plain = socket.create_connection((place.hostname, place.port), timeout=60)
        self.socket = context.wrap_socket(plain, server_hostname=place.hostname)
        headers = broker.sign("GET", PATH + query)
        headers["Host"] = place.netloc
        if last:
            headers["Last-Event-ID"] = last
        lines = [f"GET {PATH}{query} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.text = ""
        self.until("\nid: ", "\n\n")
        assert self.text.startswith("HTTP/1.1 200 "), self.text

    def until(self, *parts):
        """Reads until the parts have come, one behind the other."""
        def there():
            at = 0
            for part in parts:
                at = self.text.find(part, at)
                if at < 0:
                    return False
                at += len(part)
            return True
        while not there():
            more = self.socket.recv(65536)
            assert more, f"the stream ended: {self.text[-2000:]}"
            self.text += more.decode()
        return self.text

    def events(self):
        """(id, kind, data) of each whole event so far; what frames the chunks stands between them."""
        found = []
        for block in self.text.replace("\r\n", "\n").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line.startswith(("id: ", "event: ", "data: ")))
            if "data" in fields and "id" in fields:
                found.append((fields["id"], fields.get("event"), json.loads(fields["data"])))
        return found

    def close(self):
        self.socket.close()


def test_curl_follows_a_launch_line_by_line(new_broker):
    broker = new_broker().start()
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("no curl")
    key = broker.credentials
    follower = subprocess.Popen(
        [curl, "-sN", "--cacert", str(broker.data / "tls/ca.pem"), "--aws-sigv4", "aws:amz:local:execute-api",
         "--user", f"{key.access_key}:{key.secret_key}", broker.url + PATH], stdout=subprocess.PIPE, text=True)
    try:
        assert follower.stdout.readline() == ": ready\n"
        broker.create("first")
        seen = []
        for line in follower.stdout:
            seen.append(line)
            if line.startswith("data: ") and json.loads(line[6:]).get("status") in ("available", "failed"):
                break
        assert any('"status":"pending"' in line for line in seen)
        assert "event: step\n" in seen
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


def test_resumed_where_it_left_off_also_over_a_restart_that_loses_log_lines_alone(new_broker):
    broker = new_broker().start()
    first = Follower(broker)
    broker.create("first")
    first.until('"status":"pending"', "\n\n")
    ids = [id for id, *_ in first.events()]
    assert ids
    first.close()
    broker.wait_status("first", "CREATE_COMPLETE", "CREATE_FAILED")
    again = Follower(broker, last=ids[0])
    again.until('"event":"Ended"')
    later = [tuple(map(int, id.split("-"))) for id, *_ in again.events()]
    assert later == sorted(set(later)) and later[0] > tuple(map(int, ids[0].split("-")))
    assert "event: gap" not in again.text
    live = [(kind, data) for id, kind, data in again.events() if kind != "log"]
    again.close()
    broker.kill9()
    broker.start()
    after = Follower(broker, last=ids[0])
    after.until("event: gap", "\n\n")
    told = [(kind, data) for _, kind, data in after.events()]
    assert told[:len(live)] == live
    rising = [tuple(map(int, id.split("-"))) for id, *_ in after.events()]
    assert rising == sorted(set(rising)) and rising[0] > tuple(map(int, ids[0].split("-")))
    after.close()


def follow(broker, *arguments):
    """`slipway events`, started; gives it once it follows."""
    started = subprocess.Popen([BINARY, "events", "-o", "json", *arguments], stdin=subprocess.DEVNULL,
                               env={**clean_environment(), "SLIPWAY_DATA_DIR": str(broker.data)},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started.first = json.loads(started.stdout.readline())
    return started


def end(follower):
    follower.kill()
    follower.wait()
    follower.stdout.close()
    follower.stderr.close()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_an_open_stream_and_tells_the_last_id(new_broker, restarted, number):
    broker = new_broker().start()
    broker.create("first")
    follower = follow(broker, "--since", "1h")
    try:
        last = follower.first
        if restarted:
            broker.stop()
            broker.start()
            broker.create("second")
            while last.get("environment") != "second":
                last = json.loads(follower.stdout.readline())
        follower.send_signal(number)
        assert follower.wait(60) == 130
        for line in follower.stdout:
            last = json.loads(line)
        assert follower.stderr.read() == f"Go on from here with --since {last['id']}\n"
    finally:
        end(follower)


def test_events_end_with_who_reads_them(new_broker):
    broker = new_broker().start()
    broker.create("first")
    follower = follow(broker, "--since", "1h")
    try:
        follower.stdout.close()
        broker.wait_status("first", "CREATE_COMPLETE", "CREATE_FAILED")
        assert follower.wait(60) == -signal.SIGPIPE
    finally:
        end(follower)


def test_very_many_followers_cost_no_thread_and_none_holds_up_the_others(new_broker):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FOLLOWERS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"no {wanted} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    broker = new_broker(environment={"SLIPWAY_HTTP_CONNECTIONS": str(FOLLOWERS + 100)}).start()
    status = f"/proc/{broker.process.pid}/status"
    threads = [line for line in open(status) if line.startswith("Threads:")]
    followers = [Follower(broker) for _ in range(FOLLOWERS)]
    assert [line for line in open(status) if line.startswith("Threads:")] == threads
    broker.create("first")
    # The first one reads nothing; all others are told.
    for follower in followers[1:]:
        follower.until('"status":"pending"')
    metrics = broker.http.request("GET", broker.url + "/metrics").data.decode()
    assert f"slipway_http_streams {FOLLOWERS}" in metrics
    for follower in followers:
        follower.close()

    def gone():
        return "slipway_http_streams 0" in broker.http.request("GET", broker.url + "/metrics").data.decode()
    until(gone, 60, "the streams to end")
