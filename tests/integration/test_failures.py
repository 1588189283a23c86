"""Failure is part of the job: each gives one clear sentence with cause and remedy, over the API, the command line and
`why`; a failed create is taken away again, or kept where that was asked for, and nothing of it is left running."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import uuid

import pytest

from conftest import BINARY, FIRST_CLUSTER, ROOT, SCRATCH, Broker, clean_environment, processes_in, until


class Disk:
    """A small disk that an ordinary user can fill: a tmpfs that a broker has for itself."""

    def __init__(self):
        self.path = SCRATCH / f"disk-{uuid.uuid4().hex[:6]}"
        self.path.mkdir()

    def mount(self, full=False):
        """The command under which a broker has the disk. Root of a user namespace mounts it; the broker then runs
        under its own number in another, which has no rights."""
        fill = "cat /dev/zero > fill;" if full else ""
        script = (f"mount -t tmpfs -o size=16m,mode=0700 none {self.path} && cd {self.path} || exit; {fill} cd /; "
                  f'exec unshare --map-user={os.getuid()} --map-group={os.getgid()} "$@" 2>&3 3>&-')
        command = ["unshare", "-rm", "sh", "-c", "exec 3>&2 2>/dev/null; " + script, "sh"]
        if subprocess.run([*command, "true"]).returncode:
            pytest.skip("this kernel lets no ordinary user mount a disk to fill")
        return command

    @contextlib.contextmanager
    def full(self, broker):
        fill = broker.seen(self.path) / "fill"
        with open(fill, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            fill.unlink()


@pytest.fixture
def programs():
    """A folder of programs, Slurm's own until one is replaced."""
    folder = SCRATCH / f"bin-{uuid.uuid4().hex[:6]}"
    folder.mkdir()
    for name in ("munged", "slurmctld", "slurmd"):
        (folder / name).symlink_to(f"/usr/sbin/{name}")
    return folder


def replace(programs, name, script):
    (programs / name).unlink(missing_ok=True)
    if script is not None:
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)


def one_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def create_and_wait(broker, name, *options, configuration=FIRST_CLUSTER):
    file = SCRATCH / f"{name}.yaml"
    file.write_text(configuration)
    return broker.cli("cluster", "create", name, "-c", file, "--wait", *options)


def sentence(done):
    """What the command line says on stderr: one sentence, its progress left out."""
    [said] = [line for line in done.stderr.splitlines() if line.startswith("slipway: ")]
    return said


def left_of(broker, folder):
    """What there is of a cluster on this machine: nothing, once it was taken away."""
    folders = [broker.seen(folder), broker.seen(f"/tmp/sw-{folder.name}")]
    with contextlib.closing(sqlite3.connect(f"file:{broker.data}/slipway.db?mode=ro", uri=True)) as database:
        ports = database.execute("SELECT port FROM port WHERE environment_id LIKE ?", ["%" + folder.name]).fetchall()
    return [*processes_in(folder).values(), *(path for path in folders if path.exists()), *ports]


# --- Refused at the door: nothing is begun.

BROKEN_YAML = "Image:\n  Os: [alinux2\nHeadNode: 1\n"


@pytest.mark.parametrize("configuration, status, message, remedy", [
    (BROKEN_YAML, 400, r"Bad Request: Configuration must be a valid YAML document\. (.|\n)* line 3, column \d+", "line 3"),
    (FIRST_CLUSTER.replace("c5.large", "c5.enormous"), 400,
     r"Invalid cluster configuration: The following supplied instance types do not exist: \[c5\.enormous\]$",
     "Name another"),
])
def test_a_document_that_is_refused(broker, configuration, status, message, remedy):
    answer = broker.create("refused", configuration)
    assert answer.status == status and re.match(message, answer.json["message"]), answer
    assert list(answer.json) == ["message"]
    refused_at_the_door(broker, answer, configuration, remedy)


def refused_at_the_door(broker, answer, configuration, remedy):
    done = create_and_wait(broker, "refused", configuration=configuration)
    assert done.returncode == 1 and done.stdout == "", done
    assert answer.json["message"].removeprefix("Bad Request: ") in done.stderr and remedy in done.stderr, done.stderr
    assert broker.call("GET", "/v3/clusters").json == {"clusters": []}
    assert "no environment refused" in sentence(broker.cli("why", "refused", check=3))


@pytest.mark.parametrize("missing, package", [("slurmctld", "slurm-wlm"), ("munged", "munge")])
def test_a_program_that_is_not_installed(programs, new_broker, missing, package):
    replace(programs, missing, None)
    broker = new_broker(environment={"SLIPWAY_LOCAL_DAEMONS_DIR": str(programs)}).start()
    answer = broker.create("refused")
    assert answer.status == 500
    assert answer.json == {
        "message": f"the program {programs / missing} is missing; install it with: apt-get install {package}"}
    refused_at_the_door(broker, answer, FIRST_CLUSTER, "apt-get install")
    (programs / missing).symlink_to(f"/usr/sbin/{missing}")
    assert broker.create("refused", dryrun="true").status == 412


# --- Accepted, and failed on the way.

class Trouble:
    """A way to fail: how it is made before the broker starts, and what is said of it afterwards."""

    def __init__(self, code, cause, remedy, make):
        self.code, self.cause, self.remedy, self.make = code, cause, remedy, make


def no_free_port(broker, programs, clusters):
    port = one_free_port()
    broker.environment |= {"SLIPWAY_LOCAL_FIRST_PORT": port, "SLIPWAY_LOCAL_LAST_PORT": port}


def with_program(name, script):
    return lambda broker, programs, clusters: replace(programs, name, script.format(programs=programs))


def folder_not_writable(broker, programs, clusters):
    clusters.chmod(0o500)


def full_disk(broker, programs, clusters):
    disk = Disk()
    broker.under = disk.mount(full=True)
    broker.environment["SLIPWAY_LOCAL_ENVIRONMENTS_DIR"] = str(disk.path)


def disk_that_gets_full(broker, programs, clusters):
    disk = Disk()
    broker.under = disk.mount()
    broker.environment["SLIPWAY_LOCAL_ENVIRONMENTS_DIR"] = str(disk.path)
    replace(programs, "munged", f'cat /dev/zero > {disk.path}/fill; exec /usr/sbin/munged "$@"')


TROUBLES = {
    "no_free_port": Trouble("NoFreePort", r"4 ports are needed and only [01] of \d+-\d+ are free",
                            "delete clusters, or widen the range with the settings local.first_port and local.last_port",
                            no_free_port),
    "munged_dies": Trouble("DaemonDied", "munged ended with exit code 3", "out of luck",
                           with_program("munged", "echo munged: out of luck; exit 3")),
    "slurmctld_dies": Trouble("DaemonDied", "slurmctld ended with exit code 3", "out of luck",
                              with_program("slurmctld", "echo slurmctld: out of luck; exit 3")),
    "slurmd_dies": Trouble("DaemonDied", "slurmd of queue1-st-c5large-1 ended with exit code 3", "out of luck",
                           with_program("slurmd", "echo slurmd: out of luck; exit 3")),
    "slurmctld_is_killed": Trouble("DaemonDied", "slurmctld was ended by signal 9 and wrote no reason", "the kernel's log",
                                   with_program("slurmctld", "kill -9 $$")),
    "slurmctld_vanishes": Trouble("ProgramMissing", "the program .*/slurmctld is missing", "apt-get install slurm-wlm",
                                  with_program("munged", 'rm {programs}/slurmctld; exec /usr/sbin/munged "$@"')),
    "folder_not_writable": Trouble("DirectoryNotWritable", "cannot write .*: Permission denied",
                                   "give the environments' account the right to write there", folder_not_writable),
    "disk_full": Trouble("DiskFull", "cannot write .*: No space left on device", "free some space there", full_disk),
    "disk_gets_full": Trouble("DiskFull", "munged ended because the disk is full|cannot be started because the disk is full",
                              "free some space on the disk", disk_that_gets_full),
}


@pytest.mark.parametrize("rollback", [True, False], ids=["taken_away", "kept"])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_a_create_that_fails_on_the_way(programs, new_broker, trouble, rollback):
    broker = new_broker()
    clusters = broker.folder / "clusters"
    clusters.mkdir()
    broker.environment = {"SLIPWAY_LOCAL_DAEMONS_DIR": str(programs), "SLIPWAY_LOCAL_ENVIRONMENTS_DIR": str(clusters)}
    trouble.make(broker, programs, clusters)
    broker.start()

    done = create_and_wait(broker, "failing", "--rollback-on-failure", str(rollback).lower())
    broker.wait_status("failing", "CREATE_FAILED")
    stack = "ROLLBACK_COMPLETE" if rollback else "CREATE_FAILED"
    body = until(lambda: (now := broker.describe("failing").json)["cloudFormationStackStatus"] == stack and now)
    [failure] = body["failures"]
    assert failure["failureCode"] == trouble.code, failure
    assert re.search(trouble.cause, failure["failureReason"]) and trouble.remedy in failure["failureReason"], failure
    assert done.returncode == 7 and failure["failureReason"] in sentence(done), done
    why = broker.cli("why", "failing", check=0).stdout
    assert re.search(trouble.cause, why) and trouble.remedy in why and f"({trouble.code})" in why, why
    assert ("nothing of it is left" in why) == rollback

    folder = pathlib.Path(broker.tag("failing", "slipway:directory"))
    if rollback:
        assert left_of(broker, folder) == []
    elif trouble.code == "DaemonDied":
        assert broker.seen(folder / "log").is_dir() and len(left_of(broker, folder)) > 4  # folders and ports, at least
    clusters.chmod(0o700)
    broker.cli("cluster", "delete", "failing", "--wait", check=0)
    assert broker.describe("failing").status == 404
    assert left_of(broker, folder) == []


def test_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "output could not be written" in sentence(done), done


# --- The data folder.

def refused_start(broker):
    """The sentence that a broker says which does not start."""
    done = subprocess.run([*broker.under, BINARY, "serve", "--data-dir", broker.data, "--listen", broker.listen],
                          text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          env={**clean_environment(), **broker.environment})
    assert done.returncode != 0 and done.stdout == "", done
    return done.returncode, sentence(done)


def test_a_data_folder_that_is_not_writable(new_broker):
    broker = new_broker()
    broker.data = broker.data / "data"
    broker.data.parent.chmod(0o500)
    code, said = refused_start(broker)
    assert code == 4
    assert f"the data folder {broker.data} cannot be used: Permission denied" in said and "--data-dir" in said
    broker.data.parent.chmod(0o700)
    broker.start()


def test_a_database_that_says_what_no_broker_wrote(programs, new_broker):
    replace(programs, "slurmctld", "exit 3")
    broker = new_broker(environment={"SLIPWAY_LOCAL_DAEMONS_DIR": str(programs)}).start()
    create_and_wait(broker, "odd")
    assert broker.stop() == 0
    with contextlib.closing(sqlite3.connect(broker.data / "slipway.db")) as database:
        database.execute("UPDATE environment SET status = 'odd'")
        database.commit()
    code, error = refused_start(broker)
    assert code == 1 and "restore a backup" in error, error


def test_a_daemon_that_writes_no_text(programs, new_broker):
    # The second byte of the letter is beyond the part of a line that is kept.
    replace(programs, "slurmctld", "printf '%0499dé \\033[31m\\377\\n' 0 >&2\nexit 3")
    broker = new_broker(environment={"SLIPWAY_LOCAL_DAEMONS_DIR": str(programs)}).start()
    create_and_wait(broker, "babble")
    assert broker.wait_status("babble", "CREATE_FAILED")
    assert 100 * "0" in broker.cli("why", "babble", check=0).stdout


def test_a_port_that_is_taken(new_broker):
    broker = new_broker()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker.listen = "127.0.0.1:%d" % taken.getsockname()[1]
        code, said = refused_start(broker)
    assert code == 5
    assert broker.listen in said and "is taken by another program: stop that one, or listen elsewhere" in said
    assert not (broker.data / "endpoint").exists()
    broker.start()


def test_a_folder_of_clusters_that_is_another_broker_s(new_broker):
    shared = {"SLIPWAY_LOCAL_ENVIRONMENTS_DIR": str(SCRATCH / uuid.uuid4().hex[:6])}
    first = new_broker(environment=shared).start()
    first.create("kept")
    first.wait_status("kept", "CREATE_COMPLETE")
    second = new_broker(environment=shared)
    code, said = refused_start(second)
    assert code == 5
    assert "belongs to another broker" in said and "local.environments_dir" in said
    assert first.slurm("kept", "srun", "echo", "here").strip() == "here"


def test_types_without_their_instance_types(new_broker, tmp_path):
    types = shutil.copytree(ROOT / "types", tmp_path / "types")
    described = types / "parallelcluster/type.yaml"
    described.write_text(re.sub(r"^data:.*", "", described.read_text(), flags=re.M | re.S))
    code, said = refused_start(new_broker(environment={"SLIPWAY_TYPES_DIR": str(types)}))
    assert code == 1
    assert "instance-types" in said and "put it back" in said


def test_a_broker_that_cannot_listen_leaves_what_it_finds(new_broker):
    broker = new_broker().start()
    broker.create("going")
    broker.kill9()
    place = broker.listen.split(":")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((place[0], int(place[1])))
        taken.listen()
        journal = journal_of(broker)
        refused_start(broker)
        assert journal_of(broker) == journal
    broker.start()
    broker.wait_status("going", "CREATE_COMPLETE")


def journal_of(broker):
    """How many rows the broker that ended has written of its executions."""
    with contextlib.closing(sqlite3.connect(broker.data / "slipway.db")) as database:
        return database.execute("SELECT count(*) FROM journal").fetchone()


def test_a_second_broker_on_the_folder(new_broker):
    broker = new_broker().start()
    second = Broker(broker.data)
    code, said = refused_start(second)
    assert code == 5
    assert f"another broker (pid {broker.process.pid}) uses the data folder {broker.data}" in said
    assert "stop it, or choose another folder" in said
    assert broker.call("GET", "/v3/clusters").status == 200
    assert (broker.data / "endpoint").read_text().strip() == broker.url


def test_a_disk_that_is_full_at_the_start(new_broker):
    disk = Disk()
    broker = new_broker(under=disk.mount(full=True))
    broker.data = disk.path / "data"
    code, said = refused_start(broker)
    assert code == 1 and str(broker.data) in said and "full" in said and "Free some space" in said, said


def broker_on(disk, new_broker, **settings):
    """A broker whose data folder is on the disk; its clusters are not."""
    broker = new_broker(under=disk.mount(), environment=settings)
    broker.environment["SLIPWAY_LOCAL_ENVIRONMENTS_DIR"] = str(broker.folder / "clusters")
    broker.data = disk.path / "data"
    return broker.start()


def test_a_disk_that_gets_full_and_free_again(new_broker):
    """Nothing new is accepted, all that is stored is served, and once there is space the broker goes on by itself."""
    disk = Disk()
    broker = broker_on(disk, new_broker)
    assert broker.create("kept").status == 202
    broker.wait_status("kept", "CREATE_COMPLETE")
    full = f"nothing can be stored: the disk or quota of the data folder {broker.data} is full. Free some space there"
    with disk.full(broker):
        answer = broker.create("second")
        assert (answer.status, answer.json) == (500, {"message": full})
        done = create_and_wait(broker, "second")
        assert done.returncode == 1 and sentence(done) == f"slipway: {full}"
        assert "no environment second" in sentence(broker.cli("why", "second", check=3))
        answer = broker.call("DELETE", "/v3/clusters/kept")
        assert (answer.status, answer.json) == (500, {"message": f"Cluster kept did not delete successfully. {full}"})
        assert broker.status("kept") == "CREATE_COMPLETE"
        assert [c["clusterName"] for c in broker.call("GET", "/v3/clusters").json["clusters"]] == ["kept"]
        assert "kept is available" in broker.cli("why", "kept", check=0).stdout

    assert broker.create("second").status == 202
    broker.wait_status("second", "CREATE_COMPLETE")
    assert broker.slurm("kept", "srun", "-N1", "echo", "still here").strip() == "still here"


def test_a_disk_that_is_full_while_a_cluster_is_made(programs, new_broker):
    """What was begun waits for space, and then ends as if nothing had been."""
    gate = programs / "gate"
    os.mkfifo(gate)
    replace(programs, "slurmctld", f'read go < {gate}; exec /usr/sbin/slurmctld "$@"')
    disk = Disk()
    broker = broker_on(disk, new_broker, SLIPWAY_LOCAL_DAEMONS_DIR=str(programs))
    assert broker.create("waiting").status == 202
    with open(gate, "w") as opened, disk.full(broker):  # the gate opens when slurmctld waits there
        opened.write("go\n")
        opened.close()
        until(lambda: "a transition cannot be written" in broker.log.read_text(), what="the engine to meet it")
        assert broker.status("waiting") == "CREATE_IN_PROGRESS"
    broker.wait_status("waiting", "CREATE_COMPLETE")
    assert broker.slurm("waiting", "srun", "-N1", "echo", "made").strip() == "made"


def test_a_controller_that_ends_on_a_full_disk_comes_back_with_the_space(new_broker):
    disk = Disk()
    broker = new_broker(under=disk.mount())
    broker.data = disk.path / "data"  # and the clusters in it
    broker.start()
    assert broker.create("crashing").status == 202
    broker.wait_status("crashing", "CREATE_COMPLETE")
    folder = broker.tag("crashing", "slipway:directory")
    head = broker.describe("crashing").json["headNode"]

    def why():
        return broker.cli("why", "crashing", check=0).stdout
    with disk.full(broker):
        [controller] = [pid for pid, line in processes_in(folder).items() if line.startswith("/usr/sbin/slurmctld -D")]
        os.kill(controller, signal.SIGKILL)
        until(lambda: "slurmctld cannot be started because the disk is full; free some space" in why(), what="the reason")

    def is_back():
        now = broker.describe("crashing").json["headNode"]
        return now["instanceId"] != head["instanceId"] and now["state"] == "running"
    until(is_back, what="the controller to come back")
    until(lambda: "the disk is full" not in why(), what="the reason to go")


# --- A cluster's folder.

def test_a_cluster_whose_folder_is_gone(new_broker):
    """As after a restore on another machine: said once in the log, shown as long as it lasts, mended by itself."""
    broker = new_broker().start()
    assert broker.create("lost").status == 202
    broker.wait_status("lost", "CREATE_COMPLETE")
    folder = pathlib.Path(broker.tag("lost", "slipway:directory"))
    elsewhere = folder.with_name("elsewhere")
    broker.kill9()
    folder.rename(elsewhere)

    def told():
        return [line for line in broker.log.read_text().splitlines() if "a cluster cannot be looked after" in line]

    (folder / "etc").mkdir(parents=True)
    (folder / "etc/cluster.json").write_text("no record")
    broker.start()
    etc = os.open(folder / "etc", os.O_RDONLY)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
    fcntl.fcntl(etc, fcntl.F_NOTIFY, fcntl.DN_ACCESS | fcntl.DN_MULTISHOT)
    for _ in range(2):
        assert signal.sigtimedwait({signal.SIGIO}, 30), "the record is not read again"
    os.close(etc)
    assert len(told()) == 1, told()

    shutil.rmtree(folder)
    why = until(lambda: "is gone" in (said := broker.cli("why", "lost", check=0).stdout) and said, what="the reason")
    assert f"the cluster's folder {folder} is gone; put it back, or delete the cluster and create it again" in why
    assert broker.status("lost") == "CREATE_COMPLETE" and broker.instances("lost") == []
    elsewhere.rename(folder)
    until(lambda: len(broker.instances("lost")) == 2, what="the cluster to be looked after again")
    assert "is gone" not in broker.cli("why", "lost", check=0).stdout
    assert len(told()) == 2, told()
