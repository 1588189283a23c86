"""`slipway backup` and `slipway restore`: everything comes back, or nothing is touched."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import uuid

import pytest
from botocore.credentials import Credentials

from conftest import BINARY, SCRATCH, processes_in, until

BELONGS = ["credentials", "sealing.key", "slipway.db", "tls"]


@pytest.fixture
def place():
    """A folder for archives and restored data folders."""
    made = SCRATCH / uuid.uuid4().hex[:6]
    made.mkdir(mode=0o700)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def archive(broker, place):
    broker.cli("backup", place / "backup.tar", check=0)
    return place / "backup.tar"


def restore(broker, file, folder, **more):
    return broker.cli("restore", file, "--data-dir", folder, **more)


def names_in(folder):
    return sorted(entry.name for entry in pathlib.Path(folder).iterdir())


def test_all_comes_back(new_broker, place):
    """The disk of the data folder is lost; the clusters, whose folders are elsewhere, run on."""
    environments = place / "environments"
    broker = new_broker(environment={"SLIPWAY_LOCAL_ENVIRONMENTS_DIR": str(environments)}).start()
    alice = json.loads(broker.cli("key", "create", "alice", "-o", "json", check=0).stdout)
    bob = json.loads(broker.cli("key", "create", "bob", "-o", "json", check=0).stdout)
    broker.cli("key", "revoke", bob["accessKeyId"], check=0)
    broker.create("kept")
    broker.wait_status("kept", "CREATE_COMPLETE")
    story = broker.cli("why", "kept", check=0).stdout
    folder = broker.tag("kept", "slipway:directory")
    pids = set(processes_in(folder))

    done = broker.cli("backup", place / "backup.tar", check=0)  # while it runs
    assert "keep it as you would keep a password" in done.stderr
    broker.kill9()
    shutil.rmtree(broker.data)
    restore(broker, place / "backup.tar", broker.data, check=0)
    assert names_in(broker.data) == BELONGS and names_in(place) == ["backup.tar", "environments"]

    broker.start()
    assert broker.status("kept") == "CREATE_COMPLETE"
    assert broker.cli("why", "kept", check=0).stdout == story
    assert pids and pids <= set(processes_in(folder))
    assert broker.slurm("kept", "srun", "-N1", "echo", "still here").strip() == "still here"
    first = broker.credentials
    for key, status in [(alice, 200), (bob, 403)]:
        broker.credentials = Credentials(key["accessKeyId"], key["secretAccessKey"])
        assert broker.call("GET", "/v3/clusters").status == status
    broker.credentials = first
    assert broker.call("DELETE", "/v3/clusters/kept").status == 202
    until(lambda: broker.status("kept") == "GONE", 60, "the cluster to be gone")
    assert not processes_in(folder)


def test_a_cluster_that_was_lost_can_be_deleted(new_broker, place):
    broker = new_broker().start()
    broker.create("lost")
    broker.wait_status("lost", "CREATE_COMPLETE")
    broker.cli("backup", place / "backup.tar", check=0)
    folder = broker.tag("lost", "slipway:directory")
    broker.kill9()
    for pid in processes_in(folder):
        os.kill(pid, 9)
    until(lambda: not processes_in(folder), 20, "the daemons to be gone")
    shutil.rmtree(broker.data)
    restore(broker, place / "backup.tar", broker.data, check=0)
    broker.start()
    assert broker.describe("lost").status == 200
    assert broker.call("DELETE", "/v3/clusters/lost").status == 202
    until(lambda: broker.status("lost") == "GONE", 60, "the cluster to be gone")


def test_a_running_broker_is_not_restored_over(broker, archive):
    before = names_in(broker.data)
    done = restore(broker, archive, broker.data)
    assert done.returncode == 5
    assert "a restore replaces nothing" in done.stderr and "--data-dir" in done.stderr
    assert names_in(broker.data) == before and broker.call("GET", "/v3/clusters").status == 200


@pytest.mark.parametrize("name", ["slipway.db", "notes.txt"])
def test_existing_data_is_not_restored_over(broker, archive, place, name):
    data = place / "data"
    data.mkdir()
    (data / name).write_text("precious")
    done = restore(broker, archive, data)
    assert done.returncode == 5 and f"{data} is not empty: a restore replaces nothing" in done.stderr
    assert names_in(data) == [name] and (data / name).read_text() == "precious"


def test_an_empty_folder_is_restored_into(broker, archive, place):
    (place / "data").mkdir(mode=0o755)
    restore(broker, archive, f"{place}/data/", check=0)
    assert names_in(place / "data") == BELONGS and (place / "data").stat().st_mode & 0o777 == 0o700


def refused(broker, file, place):
    """One sentence, and nothing is left of the attempt."""
    done = restore(broker, file, place / "data")
    assert done.returncode == 1, done
    assert "is no whole backup made by `slipway backup`" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (place / "data").exists() and names_in(place) == ["backup.tar", "other.tar"]


def test_a_truncated_archive_is_refused_wherever_it_was_cut(broker, archive, place):
    with tarfile.open(archive) as whole:
        cuts = {cut for member in whole
                for cut in (member.offset, member.offset_data - 1, member.offset_data + member.size // 2)}
    text = archive.read_bytes()
    for cut in sorted(cuts):
        (place / "other.tar").write_bytes(text[:cut])
        refused(broker, place / "other.tar", place)


def test_a_foreign_archive_is_refused(broker, archive, place):
    other = place / "other.tar"
    other.write_text("no archive at all")
    refused(broker, other, place)
    with tarfile.open(other, "w") as foreign:
        foreign.add(__file__, "holiday.jpg")
    refused(broker, other, place)
    with tarfile.open(other, "w") as foreign:  # looks like ours, but its database is none
        foreign.add(__file__, "slipway.db")
        foreign.add(__file__, "slipway-backup.json")
    done = restore(broker, other, place / "data")
    assert done.returncode != 0 and not (place / "data").exists(), done


def test_an_archive_never_replaces_a_file(broker, archive):
    before = archive.read_bytes()
    assert broker.cli("backup", archive).returncode == 5
    assert archive.read_bytes() == before


def test_a_restore_that_is_killed_leaves_nothing_or_everything(broker, archive, place):
    data = place / "data"
    # In the middle, by the program that unpacks.
    tools = place / "tools"
    tools.mkdir()
    (tools / "tar").write_text('#!/bin/sh\n/usr/bin/tar "$@"\nkill -9 $PPID\n')
    (tools / "tar").chmod(0o755)
    done = subprocess.run([BINARY, "restore", archive, "--data-dir", data], stdin=subprocess.DEVNULL,
                          env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    assert done.returncode == -9 and not data.exists()
    # And as soon as a broker would find a database there.
    for _ in range(5):
        process = subprocess.Popen([BINARY, "restore", archive, "--data-dir", data], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        while process.poll() is None and not (data / "slipway.db").exists():
            pass
        process.kill()
        process.wait()
        assert names_in(data) == BELONGS
        shutil.rmtree(data)
    restore(broker, archive, data, check=0)
    assert names_in(data) == BELONGS
