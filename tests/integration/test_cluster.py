"""The main job: one request makes a real Slurm cluster, jobs run on it, and nothing is left afterwards."""
import json
import os
import pathlib
import re
import signal
import urllib.request
import ssl

import pytest

from conftest import FIRST_CLUSTER, SCRATCH, processes_in, until

NODES = FIRST_CLUSTER  # one queue, MinCount 1, MaxCount 3


@pytest.fixture(scope="module")
def cluster(broker):
    created = broker.create("first-cluster")
    assert created.status == 202, created
    summary = created.json["cluster"]
    assert (summary["clusterStatus"], summary["cloudformationStackStatus"]) == ("CREATE_IN_PROGRESS",) * 2
    assert (summary["clusterName"], summary["region"]) == ("first-cluster", "local")
    broker.wait_status("first-cluster", "CREATE_COMPLETE")
    yield "first-cluster"
    folder = pathlib.Path(broker.tag("first-cluster", "slipway:directory"))
    assert folder.is_dir() and processes_in(folder)
    assert broker.call("DELETE", "/v3/clusters/first-cluster").status == 202
    until(lambda: broker.describe("first-cluster").status == 404, 60, "the cluster to be gone")
    assert not folder.exists()
    assert not processes_in(folder)


def node_names(broker, cluster):
    return broker.slurm(cluster, "sinfo", "-h", "-N", "-o", "%N").split()


def test_describe_has_the_reference_s_fields(broker, cluster):
    body = broker.describe(cluster).json
    assert body["cloudFormationStackStatus"] == "CREATE_COMPLETE"
    assert body["computeFleetStatus"] == "RUNNING"
    assert body["scheduler"] == {"type": "slurm"}
    assert body["version"] == "3.12.0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["creationTime"])
    assert body["headNode"]["instanceType"] == "t3.micro" and body["headNode"]["state"] == "running"
    assert {"key": "parallelcluster:version", "value": "3.12.0"} in body["tags"]
    assert {"key": "parallelcluster:cluster-name", "value": cluster} in body["tags"]
    assert "failures" not in body and list(body) == sorted(body)


def test_the_configuration_s_url_gives_the_exact_text(broker, cluster):
    url = broker.describe(cluster).json["clusterConfiguration"]["url"]
    context = ssl.create_default_context(cafile=str(broker.data / "tls/ca.pem"))
    with urllib.request.urlopen(url, context=context) as answer:
        assert answer.read().decode() == FIRST_CLUSTER
    tampered = url[:-4] + ("0000" if not url.endswith("0000") else "1111")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(tampered, context=context)
    assert refused.value.code == 403


def test_the_cluster_is_listed(broker, cluster):
    listed = broker.call("GET", "/v3/clusters").json["clusters"]
    assert [c["clusterName"] for c in listed] == [cluster]
    assert broker.call("GET", "/v3/clusters", query={"clusterStatus": "CREATE_FAILED"}).json["clusters"] == []


def test_a_second_cluster_of_the_name_is_refused(broker, cluster):
    answer = broker.create(cluster)
    assert (answer.status, answer.json["message"]) == (400, f"Bad Request: Cluster {cluster} already exists.")


def test_instances_are_the_head_node_and_the_static_node(broker, cluster):
    instances = broker.instances(cluster)
    assert [i["nodeType"] for i in instances] == ["HeadNode", "ComputeNode"]
    assert all(re.fullmatch(r"i-[0-9a-f]{17}", i["instanceId"]) for i in instances)
    assert instances[1]["queueName"] == "queue1" and instances[1]["instanceType"] == "c5.large"
    only = broker.call("GET", f"/v3/clusters/{cluster}/instances", query={"nodeType": "ComputeNode"}).json["instances"]
    assert [i["instanceId"] for i in only] == [instances[1]["instanceId"]]


def test_nodes_have_parallelcluster_s_names(broker, cluster):
    assert node_names(broker, cluster) == ["queue1-dy-c5large-1", "queue1-dy-c5large-2", "queue1-st-c5large-1"]


def test_a_job_runs_on_the_static_node(broker, cluster):
    assert broker.slurm(cluster, "srun", "-N1", "sh", "-c", "echo $SLURMD_NODENAME").strip() == "queue1-st-c5large-1"


def test_jobs_run_across_static_and_elastic_nodes(broker, cluster):
    out = broker.slurm(cluster, "srun", "-N3", "sh", "-c", "echo $SLURMD_NODENAME", timeout=90)
    assert sorted(out.split()) == node_names(broker, cluster)
    job = SCRATCH / "job.out"
    broker.slurm(cluster, "sbatch", "-W", "-N3", "-o", str(job), "--wrap", "srun hostname", timeout=120)
    assert len(job.read_text().split()) == 3
    assert len(broker.instances(cluster)) == 4


def test_the_command_line_runs_slurm_s_clients(broker, cluster):
    assert "queue1-st-c5large-1" in broker.cli("cluster", "exec", cluster, "--", "sinfo", "-N", check=0).stdout


def test_the_folder_is_private(broker, cluster):
    folder = pathlib.Path(broker.tag(cluster, "slipway:directory"))
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


def test_a_static_node_that_dies_comes_back_as_a_new_instance(broker, cluster):
    compute = lambda: {i["instanceId"] for i in broker.instances(cluster)
                       if i["nodeType"] == "ComputeNode" and i["state"] == "running"}
    before = compute()
    folder = broker.tag(cluster, "slipway:directory")
    slurmd = [pid for pid, line in processes_in(folder).items()
              if "slurmd" in line and "-st-" in line and "supervise" not in line]
    os.kill(slurmd[0], signal.SIGKILL)
    # Until the broker has told slurmctld of the loss, a job would be given to the dead node and fail with it.
    until(lambda: len(compute() - before) == 1, 60, "the node to come back")
    assert broker.slurm(cluster, "srun", "-w", "queue1-st-c5large-1", "echo", "back", timeout=90).strip() == "back"


def test_the_fleet_stops_and_starts(broker, cluster):
    for _ in range(2):
        answer = broker.call("PATCH", f"/v3/clusters/{cluster}/computefleet", {"status": "STOP_REQUESTED"})
        assert answer.status == 200 and answer.json["status"] in ("STOP_REQUESTED", "STOPPING", "STOPPED")
        fleet = lambda: broker.call("GET", f"/v3/clusters/{cluster}/computefleet").json["status"]
        until(lambda: fleet() == "STOPPED", 60, "the fleet to stop")
        assert [i["nodeType"] for i in broker.instances(cluster)] == ["HeadNode"]
        assert broker.call("PATCH", f"/v3/clusters/{cluster}/computefleet", {"status": "START_REQUESTED"}).status == 200
        until(lambda: fleet() == "RUNNING", 60, "the fleet to run")
        assert broker.slurm(cluster, "srun", "-N1", "echo", "up", timeout=90).strip() == "up"


def test_deleted_instances_are_replaced_while_the_fleet_runs(broker, cluster):
    before = {i["instanceId"] for i in broker.instances(cluster) if i["nodeType"] == "ComputeNode"}
    answer = broker.call("DELETE", f"/v3/clusters/{cluster}/instances")
    assert (answer.status, answer.body) == (202, b"")

    def replaced():
        now = [i for i in broker.instances(cluster) if i["nodeType"] == "ComputeNode"]
        return now and not before & {i["instanceId"] for i in now} and all(i["state"] == "running" for i in now)
    until(replaced, 60, "the static node to be replaced")


def test_why_tells_the_whole_story(broker, cluster):
    text = broker.cli("why", cluster, check=0).stdout
    for word in ("CreateCluster", "local:slurmPrepare", "Success"):
        assert word in text, text


def test_a_restarted_broker_adopts_the_running_cluster(broker, cluster):
    pids = set(processes_in(broker.tag(cluster, "slipway:directory")))
    broker.kill9()
    broker.start()
    assert broker.status(cluster) == "CREATE_COMPLETE"
    assert pids <= set(processes_in(broker.tag(cluster, "slipway:directory")))
    assert broker.slurm(cluster, "srun", "-N1", "echo", "still here").strip() == "still here"
