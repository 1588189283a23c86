"""`slipway doctor`: a machine in order, and each thing that may be wrong with it, found and with what to do about it."""
import json
import os
import shutil
import socket
import subprocess
import uuid

import pytest

from conftest import BINARY, SCRATCH


@pytest.fixture
def folder():
    place = SCRATCH / uuid.uuid4().hex[:6]
    place.mkdir(mode=0o700)
    yield place
    place.chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)


def doctor(folder, *arguments, before=(), **variables):
    """Exit code, and the findings that are no ok by their check; every problem and warning says what to do."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLIPWAY_"))}
    done = subprocess.run([*before, BINARY, "doctor", "-o", "json", "--data-dir", folder, *arguments],
                          env={**environment, **variables}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)
    assert done.stdout, done
    answer = json.loads(done.stdout)
    found = {}
    for finding in answer["findings"]:
        if finding["level"] in ("problem", "warning"):
            assert finding["remedy"], finding
            found.setdefault(finding["check"], []).append(finding)
    problems = [f for several in found.values() for f in several if f["level"] == "problem"]
    assert answer["problems"] == len(problems) and done.returncode == (1 if problems else 0), done
    return done.returncode, found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def confined(*commands):
    """A namespace in which this account may do as root does; the words that go before the program."""
    inside = ["unshare", "--map-current-user", "--mount", "--keep-caps"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine allows no user namespaces")
    return [*inside, "sh", "-c", " && ".join([*commands, 'exec "$@"']), "sh"]


def test_a_machine_in_order(folder):
    code, found = doctor(folder, "--listen", free_port())
    # The host's name, disk and accounts are the machine's own; what they may say here is no problem.
    assert code == 0, found


def test_a_broker_in_order(broker):
    done = broker.cli("doctor", check=0)
    assert f"answers on {broker.url}" in done.stdout and "This machine is in order." in done.stdout


def test_a_broker_whose_database_was_taken_away(new_broker):
    broker = new_broker().start()
    database, away = broker.data / "slipway.db", broker.data / "away"
    database.rename(away)
    database.touch(0o600)  # as where somebody put another one in its place
    sick = broker.http.request("GET", broker.url + "/health")
    assert sick.status == 503 and b"removed or replaced" in sick.data and str(broker.data).encode() not in sick.data
    code, found = doctor(broker.data)
    [finding] = found["broker"]
    assert code == 1 and "was removed or replaced" in finding["finding"]
    refused = broker.cli("key", "create", "guest")
    assert refused.returncode != 0 and "removed or replaced" in refused.stderr, refused
    gone = [line for line in broker.log.read_text().splitlines() if "the database is gone" in line]
    assert len(gone) == 1 and str(database) in gone[0]
    away.rename(database)
    assert broker.http.request("GET", broker.url + "/health").status == 200
    broker.cli("key", "create", "guest", check=0)


def test_slurm_is_missing(folder):
    code, found = doctor(folder, "--listen", free_port(), SLIPWAY_LOCAL_DAEMONS_DIR="/nowhere")
    assert code == 1 and set(found) >= {"slurmctld", "slurmd", "munged"} and "scontrol" not in found
    [finding] = found["slurmctld"]
    assert "/nowhere/slurmctld" in finding["finding"]
    assert "apt-get install" in finding["remedy"] and "slurm-wlm munge" in finding["remedy"]


def test_the_port_is_taken(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, found = doctor(folder, "--listen", f"127.0.0.1:{port}")
    assert code == 1
    [finding] = found["port"]
    assert f"port {port} is taken by process {os.getpid()}" in finding["finding"]
    assert "--listen" in finding["remedy"]


def test_the_certificate_is_about_to_expire(new_broker):
    broker = new_broker().start()
    assert broker.stop() == 0
    tls = broker.data / "tls"
    subprocess.run(["openssl", "x509", "-in", tls / "server.pem", "-signkey", tls / "server.key", "-days", "10",
                    "-out", tls / "server.pem"], check=True, capture_output=True)
    listen = ("--listen", free_port())
    code, found = doctor(broker.data, *listen)
    [finding] = found["certificate"]
    assert code == 0 and finding["level"] == "warning"
    assert finding["remedy"] == "restart the broker: it makes a new one"
    broker.start()
    assert broker.call("GET", "/v3/clusters").status == 200
    assert "certificate" not in doctor(broker.data, *listen)[1]


def test_the_data_folder_cannot_be_written(folder):
    folder.chmod(0o500)
    code, found = doctor(folder, "--listen", free_port())
    assert code == 1
    finding = found["folders"][0]
    assert f"{folder} cannot be written" in finding["finding"] and "--data-dir" in finding["remedy"]


def test_the_data_folder_cannot_be_made(folder):
    folder.chmod(0o500)
    code, found = doctor(folder / "data", "--listen", free_port())
    [finding] = found["folders"]  # one, though the environments would be in it too
    assert code == 1 and f"{folder} cannot be written" in finding["finding"]


def test_the_data_folder_is_somebody_else_s(folder):
    folder.chmod(0)
    code, found = doctor(folder, "--listen", free_port())
    assert code == 1 and "--data-dir" in found["broker"][0]["remedy"]


@pytest.mark.parametrize("setting, length", [("environments_dir", 70), ("short_dir", 30)])
def test_paths_are_too_long_for_sockets(folder, setting, length):
    place = "/tmp/".ljust(length, "x")
    code, found = doctor(folder, "--listen", free_port(), **{f"SLIPWAY_LOCAL_{setting.upper()}": place})
    assert code == 1
    [finding] = found["folders"]
    assert "too long for the sockets" in finding["finding"] and f"local.{setting}" in finding["remedy"]


def test_a_setting_that_does_not_fit(folder):
    settings = folder / "settings.yaml"
    settings.write_text("local:\n  first_port: many\n  second_port: 1\n")
    code, found = doctor(folder, "--listen", free_port(), "--config", settings)
    assert code == 1 and len(found["settings"]) == 2
    assert all("settings.yaml:" in finding["finding"] for finding in found["settings"])


def test_the_disk_is_full(folder):
    small = folder / "data"
    small.mkdir()
    code, found = doctor(small, "--listen", free_port(),
                         before=confined(f"mount -t tmpfs -o size=8m,mode=700 none {small}"))
    assert code == 1
    [finding] = [f for f in found["disk"] if str(small) in f["finding"]]
    assert "8 MiB" in finding["finding"] and "make room" in finding["remedy"]


def test_no_inotify_instance_is_left(folder):
    code, found = doctor(folder, "--listen", free_port(),
                         before=confined("echo 0 >/proc/sys/user/max_inotify_instances"))
    assert code == 1
    [finding] = found["inotify"]
    assert "fs.inotify.max_user_instances" in finding["remedy"]
