"""Fixtures of the tests that cross folders: a real broker in a folder of its own, and the clients people have.

SLIPWAY_BINARY names the program (default: the one built with sanitizers). SLIPWAY_SOAK=1 asks for full counts.
"""
import configparser
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import uuid

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import openapi

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("SLIPWAY_BINARY", ROOT / "build/asan/slipway"))
SHARED = pathlib.Path(os.environ.get("SLIPWAY_SHARED", ROOT / "../shared"))
SOAK = os.environ.get("SLIPWAY_SOAK") == "1"
FIRST_CLUSTER = (ROOT / "examples/parallelcluster/first-cluster.yaml").read_text()

# A folder whose paths stay short: a Unix socket's path has 107 characters at most.
SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))


def until(check, timeout=60, what="the condition"):
    """Calls `check` until it gives something true, and gives that. Bounded; between looks it waits on nothing else."""
    end = time.monotonic() + timeout
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true within {timeout} s")
        select.select([], [], [], 0.05)


def clean_environment():
    """This process's, without what would steer the program."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLIPWAY_"))}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.data
        self.json = json.loads(response.data) if response.data[:1] in (b"{", b"[") else None

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Broker:
    """One broker process with its data folder; survives kill -9 and starts again on the same folder."""

    def __init__(self, folder, environment=None, arguments=(), under=()):
        self.folder = self.data = pathlib.Path(folder)  # a test may put the data elsewhere, and more into the folder
        self.environment = environment or {}
        self.arguments = list(arguments)
        self.under = list(under)  # a command that ends in executing the broker
        self.process = None
        self.listen = "127.0.0.1:0"
        self.log = self.data.parent / (self.data.name + ".log")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.under, BINARY, "serve", "--data-dir", self.data, "--listen", self.listen, *self.arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env={**clean_environment(), **self.environment}, text=True, start_new_session=True)
        line = self.process.stdout.readline()
        if not re.search(r"https://", line):
            self.process.wait()
            raise RuntimeError(f"the broker did not start: {self.log.read_text()[-3000:]}")
        data = self.seen(self.data)
        self.url = (data / "endpoint").read_text().strip()
        self.listen = urllib.parse.urlsplit(self.url).netloc  # the same port after a restart
        keys = configparser.ConfigParser()
        keys.read(data / "credentials")
        self.credentials = Credentials(keys["default"]["aws_access_key_id"], keys["default"]["aws_secret_access_key"])
        self.http = urllib3.PoolManager(ca_certs=str(data / "tls/ca.pem"), retries=False,
                                        timeout=urllib3.Timeout(30))
        return self

    def seen(self, path):
        """A path of the broker's, which may have mounts of its own while it runs."""
        return pathlib.Path(f"/proc/{self.process.pid}/root{path}" if self.under else path)

    def kill9(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
            finally:
                self.process.stdout.close()
        return self.process.returncode if self.process else None

    def sign(self, method, path, body=None, headers=None, region="local"):
        request = AWSRequest(method, self.url + path, data=body, headers=headers or {})
        SigV4Auth(self.credentials, "execute-api", region).add_auth(request)
        return dict(request.headers)

    def call(self, method, path, json_body=None, query=None, **more):
        """A request signed as botocore signs it."""
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True, quote_via=urllib.parse.quote)
        headers = dict(more.pop("headers", {}))
        body = more.pop("body", None)
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("Content-Type", "application/json")
        signed = self.sign(method, path, body, headers, **more)
        answer = Answer(self.http.request(method, self.url + path, body=body, headers=signed))
        openapi.check(method, path, answer)
        return answer

    def cli(self, *arguments, check=None, timeout=120, **more):
        """The program's own command line against this broker; gives the finished process."""
        environment = clean_environment()
        environment["SLIPWAY_DATA_DIR"] = str(self.seen(self.data))
        done = subprocess.run([BINARY, *map(str, arguments)], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, **more)
        if check is not None:
            assert done.returncode == check, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    # What a client of the ParallelCluster API does.
    def create(self, name, configuration=FIRST_CLUSTER, **query):
        return self.call("POST", "/v3/clusters", {"clusterName": name, "clusterConfiguration": configuration},
                         query=query)

    def describe(self, name):
        return self.call("GET", f"/v3/clusters/{name}")

    def status(self, name):
        answer = self.describe(name)
        return answer.json["clusterStatus"] if answer.status == 200 else "GONE" if answer.status == 404 else None

    def wait_status(self, name, *wanted, timeout=90):
        def look():
            status = self.status(name)
            assert status in wanted or not str(status).endswith(("FAILED", "COMPLETE")) or status is None, (
                f"{name} is {status}, wanted {wanted}: {self.describe(name)}")
            return status if status in wanted else None
        return until(look, timeout, f"{name} to be {wanted}")

    def instances(self, name):
        return self.call("GET", f"/v3/clusters/{name}/instances").json["instances"]

    def tag(self, name, key):
        return {t["key"]: t["value"] for t in self.describe(name).json["tags"]}[key]

    def slurm(self, name, *command, timeout=60, **more):
        done = subprocess.run(command, env={**os.environ, "SLURM_CONF": self.tag(name, "slipway:slurm-conf")},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, **more)
        assert done.returncode == 0, f"{command}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout


def processes_in(folder):
    """Processes that have to do with a folder: by working directory, command line or environment."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        texts = []
        for name in ("cmdline", "environ"):
            try:
                texts.append((entry / name).read_bytes().decode(errors="replace"))
            except OSError:
                pass
        try:
            texts.append(os.readlink(entry / "cwd"))
        except OSError:
            pass
        if any(str(folder) in text for text in texts):
            found[int(entry.name)] = texts[0].replace("\0", " ")[:200] if texts else "?"
    return found


# A document that does nothing.
NOTHING = """
schemaVersion: '0.3'
mainSteps:
  - name: Nothing
    action: aws:sleep
    inputs: {Duration: PT0S}
    isEnd: true
"""


@pytest.fixture
def type_folder(tmp_path):
    """Writes the folder of a type: `type_folder("gate", type=..., launch=...)`, a text for each YAML file."""
    def write(name, **texts):
        folder = tmp_path / "work" / name
        folder.mkdir(parents=True)
        for file, text in texts.items():
            (folder / f"{file}.yaml").write_text(text.lstrip())
        (folder / "README.md").write_text(f"# {name}\n")
        return folder
    return write


@pytest.fixture(scope="session", autouse=True)
def scratch():
    yield SCRATCH
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture
def new_broker():
    """Makes brokers that are stopped, with all that is left of their clusters, at the end of the test."""
    made = []

    def make(**more):
        broker = Broker(SCRATCH / uuid.uuid4().hex[:6], **more)
        broker.data.mkdir(mode=0o700)
        made.append(broker)
        return broker

    yield make
    for broker in made:
        try:
            if broker.process and broker.process.poll() is None:
                for cluster in broker.call("GET", "/v3/clusters").json["clusters"]:
                    broker.call("DELETE", f"/v3/clusters/{cluster['clusterName']}")
                until(lambda: not broker.call("GET", "/v3/clusters").json["clusters"], 60, "the clusters to go")
        finally:
            if broker.process and broker.process.poll() is None:
                broker.stop()
            for pid in {**processes_in(broker.folder), **processes_in(broker.data)}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


@pytest.fixture(scope="module")
def broker(request):
    """A broker that the tests of one file share."""
    made = Broker(SCRATCH / uuid.uuid4().hex[:6])
    made.data.mkdir(mode=0o700)
    made.start()
    yield made
    assert made.stop() == 0, made.log.read_text()[-3000:]
    left = processes_in(made.data)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"left behind: {left}"
