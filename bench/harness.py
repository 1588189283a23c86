"""What every measurement needs: a broker in a folder of its own, signed requests, and how busy the machine is."""
import configparser
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import statistics
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("SLIPWAY_BINARY", ROOT / "build/bench/slipway"))
FIRST_CLUSTER = (ROOT / "examples/parallelcluster/first-cluster.yaml").read_text()
TICK = os.sysconf("SC_CLK_TCK")


def sign(key, method, host, target, body=b"", headers=(), at=None, region="local"):
    """All headers of a request, signed with Signature Version 4. `key`: id and secret. `at`: seconds since 1970."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    path, _, query = target.partition("?")
    signed = {"host": host, "x-amz-date": stamp, **dict(headers)}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = "\n".join([method, path, query, lines, names, hashlib.sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{region}/execute-api/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + key[1]).encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    signed["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key[0]}/{scope}, SignedHeaders={names}, "
                               f"Signature={signature}")
    return signed


def request_text(method, target, headers, body=b""):
    """A request as it goes over the wire."""
    length = f"content-length: {len(body)}\r\n" if body else ""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}{length}\r\n".encode() + body


def until(check, what, timeout=60, pause=0.01):
    """Calls `check` until it gives something true, and gives that."""
    end = time.monotonic() + timeout
    while not (found := check()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true within {timeout} s")
        time.sleep(pause)
    return found


class Folder:
    """A folder on a disk (/tmp may be memory) with a path that is short enough for Slurm's sockets."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="sb-", dir="/var/tmp"))
        return self.path

    def __exit__(self, *_):
        until(self.is_free, "the end of the processes")
        shutil.rmtree(self.path, ignore_errors=True)

    def is_free(self):
        """Ends what is left, which may just be starting something else."""
        left = processes_in(self.path)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not left


def processes_in(folder):
    """Ids of processes whose command line, environment or working directory names the folder."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            texts = [(entry / "cmdline").read_bytes(), (entry / "environ").read_bytes(), os.readlink(entry / "cwd").encode()]
        except OSError:
            continue
        if any(bytes(folder) in text for text in texts):
            found.append(int(entry.name))
    return found


class Broker:
    """A broker process on `folder`. `core`: the only one it runs on. Its settings are environment variables."""

    def __init__(self, folder, core=None, **settings):
        self.folder = folder
        self.core = core
        self.data = folder / "data"
        (folder / "s").mkdir(exist_ok=True)
        self.environment = {**{name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")},
                            "SLIPWAY_LOCAL_SHORT_DIR": str(folder / "s"), **settings}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        pin = ["taskset", "-c", str(self.core)] if self.core is not None else []
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*pin, PROGRAM, "serve", "--data-dir", self.data, "--listen", "127.0.0.1:0"], env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        line = self.process.stdout.readline()
        if "https://" not in line:
            raise RuntimeError(f"the broker did not start:\n{(self.folder / 'log').read_text()[-3000:]}")
        self.url = line.split()[-1]
        self.host = urllib.parse.urlsplit(self.url).netloc
        keys = configparser.ConfigParser()
        keys.read(self.data / "credentials")
        self.key = keys["default"]["aws_access_key_id"], keys["default"]["aws_secret_access_key"]
        self.tls = ssl.create_default_context(cafile=str(self.data / "tls/ca.pem"))
        self.connection = http.client.HTTPSConnection(self.host, context=self.tls, timeout=60)
        return self

    def stop(self, how=signal.SIGTERM):
        self.connection.close()
        self.process.send_signal(how)
        self.process.wait(40)
        self.process.stdout.close()

    def call(self, method, target, body=None):
        """Status and body of an answer; signed."""
        data = json.dumps(body).encode() if body is not None else b""
        more = {"content-type": "application/json"} if data else {}
        headers = sign(self.key, method, self.host, target, data, more)
        self.connection.request(method, target, data or None, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def create(self, name):
        status, body = self.call("POST", "/v3/clusters", creation(name))
        if status != 202:
            raise RuntimeError(f"creating {name} was answered with {status}: {body!r}")

    def describe(self, name):
        """The description, or None where there is no such cluster."""
        status, body = self.call("GET", f"/v3/clusters/{name}")
        return json.loads(body) if status == 200 else None

    def wait_for(self, name):
        """Until the cluster is complete; gives its description."""
        def complete():
            cluster = self.describe(name)
            if cluster["clusterStatus"] == "CREATE_FAILED":
                raise RuntimeError(f"{name} failed: {cluster['failures']}")
            return cluster if cluster["clusterStatus"] == "CREATE_COMPLETE" else None
        return until(complete, f"{name} to be complete")

    def delete(self, name):
        self.call("DELETE", f"/v3/clusters/{name}")
        until(lambda: self.describe(name) is None, f"{name} to be gone")


def creation(name):
    return {"clusterName": name, "clusterConfiguration": FIRST_CLUSTER}


def cores():
    """Two cores: one for a server, one for its clients."""
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        raise SystemExit("bench/run: server and client each need a core; this machine gives one. Measure on two.")
    return found[0], found[1]


def cpu_seconds(pid):
    """Processor time that a process has used, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def busy_seconds(core):
    """Time in which a core was not idle."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return sum(int(ticks[i]) for i in (0, 1, 2, 5, 6, 7)) / TICK
    raise LookupError(core)


def median(values):
    return statistics.median(values)
