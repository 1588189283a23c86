"""DescribeCluster, signature verified, against nginx `return` with a body of the same size: both over TLS on one core, in
turns, each asked by wrk from another core. A ratio of each round, then the median of the rounds; of throughput, and of
processor time an answer, which also counts where wrk, not the server, is at its limit."""
import json
import pathlib
import socket
import ssl
import subprocess
import time
import typing

from harness import Broker, Folder, ROOT, busy_seconds, cores, cpu_seconds, median, request_text, sign, until

ROUNDS = 7
SECONDS = 3
CONNECTIONS = 16
VARIANTS = 200  # requests with a signature of their own, each of another second

NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/c;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{ default_type application/json; return 200 '{body}'; }}
  }}
}}
"""

# wrk sends the requests of a file in turn, and says how many were answered with 200.
WRK = """\
local requests = {{ {requests} }}
local at = 0
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary)
  local e = summary.errors
  io.write(string.format('\\n{{"answers": %d, "seconds": %f, "errors": %d}}\\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Round(typing.NamedTuple):
    rate: float  # answers a second
    cpu: float  # processor seconds an answer
    share: float  # of the core, that the server used
    others: float  # of the core, that other programs used


class Server:
    """One that is measured: its name, URL, process and how its requests are made anew."""

    def __init__(self, name, url, pid, requests):
        self.name, self.url, self.pid, self.requests = name, url, pid, requests

    def ask(self, folder, seconds, core, client_core):
        """Answers a second, processor seconds an answer, and which part of its core the server and others used."""
        script = folder / "wrk.lua"
        script.write_text(WRK.format(requests=",\n".join(json.dumps(r.decode()) for r in self.requests())))
        busy, used, began = busy_seconds(core), cpu_seconds(self.pid), time.monotonic()
        done = subprocess.run(["taskset", "-c", str(client_core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                               "-s", script, self.url], capture_output=True, text=True, check=True)
        used, busy, took = cpu_seconds(self.pid) - used, busy_seconds(core) - busy, time.monotonic() - began
        result = json.loads(done.stdout.splitlines()[-1])
        if result["errors"] or not result["answers"]:
            raise RuntimeError(f"{self.name}: {result['errors']} requests failed\n{done.stdout}")
        return Round(result["answers"] / result["seconds"], used / result["answers"], used / took,
                     max(0, busy - used) / took)


def signed_requests(broker, target):
    def make():
        now = int(time.time())
        return [request_text("GET", target, {**sign(broker.key, "GET", broker.host, target, at=now - age),
                                             "user-agent": "Boto3/1.26 botocore", "accept": "application/json"})
                for age in range(VARIANTS)]
    return make


def handshake(url, ca):
    """What a client agrees on with a server: version, cipher, and the certificate."""
    host, port = url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=str(ca))
    with socket.create_connection((host, int(port))) as plain:
        with context.wrap_socket(plain, server_hostname=host) as stream:
            return stream.version(), stream.cipher()[0], stream.getpeercert(binary_form=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start_nginx(folder, core, tls, body):
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, certificate=tls / "server.pem",
                                                    key=tls / "server.key", body=body))
    process = subprocess.Popen(["taskset", "-c", str(core), "nginx", "-p", folder, "-c", folder / "nginx.conf", "-e",
                                folder / "nginx-error.log"], stdin=subprocess.DEVNULL)
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    worker = until(lambda: process.poll() is None and children.read_text().split(), "a worker of nginx", 10)
    return process, f"https://127.0.0.1:{port}", int(worker[0])


def measure(say):
    core, client_core = cores()
    with Folder() as folder, Broker(folder, core) as broker:
        broker.create("first-cluster")
        broker.wait_for("first-cluster")
        target = "/v3/clusters/first-cluster"
        status, body = broker.call("GET", target)
        floor = subprocess.Popen(["taskset", "-c", str(core), ROOT / "build/bench/bench/slipway_http_bench", folder / "t"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(folder / "floor.log", "wb"),
                                 text=True)
        floor_url = floor.stdout.readline().strip()
        nginx, nginx_url, worker = start_nginx(folder, core, broker.data / "tls", "x" * len(body))
        try:
            agreed = [handshake(url, broker.data / "tls/ca.pem") for url in (broker.url, nginx_url)]
            if agreed[0] != agreed[1]:
                raise RuntimeError(f"the two servers differ: {agreed[0][:2]} and {agreed[1][:2]}")
            requests = signed_requests(broker, target)
            servers = [Server("slipway", broker.url, broker.process.pid, requests),
                       Server("nginx", nginx_url, worker, requests),
                       Server("floor", floor_url, floor.pid,
                              lambda: [request_text("GET", "/bench/describe", {"host": "localhost"})])]
            return figures(say, folder, servers, core, client_core, len(body), agreed[0])
        finally:
            nginx.terminate()
            nginx.wait()
            floor.stdin.close()
            floor.wait()
            broker.delete("first-cluster")


def figures(say, folder, servers, core, client_core, body_bytes, agreed):
    for server in servers:
        server.ask(folder, 1, core, client_core)  # warm
    rounds = []
    for number in range(ROUNDS):
        order = servers if number % 2 == 0 else servers[::-1]
        rounds.append({server.name: server.ask(folder, SECONDS, core, client_core) for server in order})
        say("  ".join(f"{name} {r.rate:.0f}/s {r.cpu * 1e6:.1f} us" for name, r in rounds[-1].items()) +
            f"  ratio {rounds[-1]['slipway'].rate / rounds[-1]['nginx'].rate:.3f}")

    def all_of(name, field):
        return [getattr(r[name], field) for r in rounds]

    def ratios(name, field, other):
        return [a / b for a, b in zip(all_of(name, field), all_of(other, field))]

    rate, cpu = ratios("slipway", "rate", "nginx"), ratios("nginx", "cpu", "slipway")
    floor = ratios("nginx", "cpu", "floor")
    at = {server.name: Round(*(median(all_of(server.name, field)) for field in Round._fields)) for server in servers}
    return [
        ("DescribeCluster, answers a second on one core, as a part of nginx's", "≥ 0.5, goal 0.6", median(rate) >= 0.5,
         f"**{median(rate):.2f}** ({min(rate):.2f} to {max(rate):.2f}): {at['slipway'].rate:,.0f} and "
         f"{at['nginx'].rate:,.0f}; {body_bytes} bytes, {agreed[0]}, {agreed[1]}"),
        ("the same by processor time an answer", "≥ 0.5, goal 0.6", median(cpu) >= 0.5,
         f"**{median(cpu):.2f}** ({min(cpu):.2f} to {max(cpu):.2f}): {at['slipway'].cpu * 1e6:.1f} and "
         f"{at['nginx'].cpu * 1e6:.1f} µs"),
        ("the same of Slipway's HTTP server alone: no signature, no database, 600 bytes", "", None,
         f"{median(floor):.2f}: {at['floor'].cpu * 1e6:.1f} µs"),
        ("part of the core that Slipway, nginx, and others used in its rounds", "", None,
         f"{at['slipway'].share:.0%}, {at['nginx'].share:.0%}, at most "
         f"{max(max(all_of(server.name, 'others')) for server in servers):.0%}"),
    ]
