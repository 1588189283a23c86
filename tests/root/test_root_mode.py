"""Started as root: broker and environments are two accounts, and a job cannot read the data folder."""
import os
import pathlib
import pwd

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
