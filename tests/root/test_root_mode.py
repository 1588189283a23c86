"""Started as root: broker and environments are two accounts, and a job cannot read the data folder. Another account of
the machine can neither read a cluster's folder nor submit to it."""
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess

import pytest

from conftest import SCRATCH, processes_in, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root mode needs root")


def owners(folder):
    return {pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name: line for pid, line in processes_in(folder).items()}


def test_a_job_runs_as_another_account_and_cannot_read_the_data_folder(new_broker):
    os.chmod(SCRATCH, 0o755)  # as a system's data folder is: what protects it is its own mode
    broker = new_broker().start()
    assert broker.create("rooted").status == 202
    broker.wait_status("rooted", "CREATE_COMPLETE")
    folder = pathlib.Path(broker.tag("rooted", "slipway:directory"))

    assert pwd.getpwuid(os.stat(f"/proc/{broker.process.pid}").st_uid).pw_name == "slipway"
    assert pwd.getpwuid(folder.stat().st_uid).pw_name == "slipway-env"
    assert folder.stat().st_mode & 0o777 == 0o700
    daemons = {name for name in owners(folder)}
    assert daemons == {"slipway-env"}, owners(folder)

    def job(command):
        return broker.cli("cluster", "exec", "rooted", "--", "srun", "sh", "-c", command, check=0).stdout.strip()
    assert job("id -un") == "slipway-env"
    for secret in ("credentials", "slipway.db", "sealing.key", "tls/server.key", "endpoint"):
        assert (broker.data / secret).exists()
        assert job(f"cat {broker.data / secret} >/dev/null 2>&1 && echo read || echo refused") == "refused"
    assert job(f"kill -0 {broker.process.pid} 2>/dev/null && echo may || echo may not") == "may not"
    # What the broker executes has none of its rights.
    assert int(job("awk '/CapEff/ {print $2}' /proc/self/status"), 16) == 0

    assert broker.call("DELETE", "/v3/clusters/rooted").status == 202
    until(lambda: broker.describe("rooted").status == 404, 60, "the cluster to be gone")
    assert not folder.exists() and not processes_in(folder)


STRANGER = "nobody"


def as_stranger(*command, **environment):
    return subprocess.run(["runuser", "-u", STRANGER, "--", "env", *(f"{k}={v}" for k, v in environment.items()),
                           *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


@pytest.fixture
def strangers_munge(tmp_path):
    """What any account of the machine can have: a munged of its own, with a key of its own."""
    place = tmp_path / "stranger"
    place.mkdir()
    (place / "key").write_bytes(secrets.token_bytes(128))
    (place / "key").chmod(0o400)
    for path in (place, place / "key"):
        shutil.chown(path, STRANGER)
    for parent in place.parents:  # pytest's folders are private
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    started = as_stranger("/usr/sbin/munged", "--force", f"--key-file={place}/key", f"--socket={place}/socket",
                          f"--pid-file={place}/pid", f"--log-file={place}/log", f"--seed-file={place}/seed")
    assert started.returncode == 0, started
    yield place
    os.kill(int((place / "pid").read_text()), signal.SIGTERM)


def test_another_account_can_neither_read_a_cluster_nor_submit_to_it(new_broker, strangers_munge):
    os.chmod(SCRATCH, 0o755)
    broker = new_broker().start()
    assert broker.create("private").status == 202
    broker.wait_status("private", "CREATE_COMPLETE")
    folder = pathlib.Path(broker.tag("private", "slipway:directory"))
    conf = pathlib.Path(broker.tag("private", "slipway:slurm-conf"))
    sockets = [owner.parent for owner in pathlib.Path("/tmp").glob("sw-*/owner") if owner.readlink() == folder]
    assert len(sockets) == 1

    for private in (folder, conf, folder / "etc/munge.key", *sockets):
        refused = as_stranger("cat" if private.is_file() else "ls", private)
        assert refused.returncode != 0 and "Permission denied" in refused.stderr, refused
    # Knowing the configuration does not help: neither the cluster's munge nor one of its own lets it in.
    known = strangers_munge / "slurm.conf"
    own = strangers_munge / "own.conf"
    included = conf.parent / "common.conf"
    text = conf.read_text().replace(f"Include {included}", included.read_text())
    known.write_text(text)
    socket = str(folder / "run/munge.socket")
    assert socket in text
    own.write_text(text.replace(socket, str(strangers_munge / "socket")))
    for file in (known, own):
        file.chmod(0o644)
        assert as_stranger("srun", "-V", SLURM_CONF=file).returncode == 0
        for command in (["sinfo"], ["sbatch", "--wrap=id"], ["scancel", "--state=RUNNING"]):
            refused = as_stranger(*command, SLURM_CONF=file)
            assert refused.returncode != 0, (file, command, refused)
    assert "Invalid credential" in (folder / "log/slurmctld.log").read_text()
    assert broker.cli("cluster", "exec", "private", "--", "squeue", "--noheader", "--states=all", check=0).stdout == ""


def test_a_restored_data_folder_belongs_to_the_broker(new_broker):
    os.chmod(SCRATCH, 0o755)
    broker = new_broker().start()
    archive = broker.data.with_suffix(".tar")
    broker.cli("backup", archive, check=0)
    assert broker.stop() == 0
    shutil.rmtree(broker.data)
    broker.cli("restore", archive, check=0)
    assert {path.owner() for path in [broker.data, *broker.data.rglob("*")]} == {"slipway"}
    assert broker.data.stat().st_mode & 0o777 == 0o700
    broker.start()
    assert broker.call("GET", "/v3/clusters").status == 200
