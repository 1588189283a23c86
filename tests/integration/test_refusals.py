"""What is refused, and with which words. The words are the contract."""
import json

import pytest

from conftest import FIRST_CLUSTER, until

BAD = "Bad Request: "


def body(**more):
    return {"clusterName": "abc", "clusterConfiguration": FIRST_CLUSTER, **more}


@pytest.mark.parametrize("sent, message", [
    ({"clusterName": "abc"}, BAD + "'clusterConfiguration' is a required property"),
    ({}, BAD + "'clusterConfiguration' is a required property"),
    (body(clusterName=None), BAD + "None is not of type 'string' - 'clusterName'"),
    (body(clusterConfiguration=5), BAD + "5 is not of type 'string' - 'clusterConfiguration'"),
    (body(clusterName="x"), BAD + "'x' does not match '^[a-zA-Z][a-zA-Z0-9-]+$' - 'clusterName'"),
    (body(clusterConfiguration=""), BAD + "configuration is required and cannot be empty"),
    ([], BAD + "[] is not of type 'object'"),
])
def test_a_body_of_the_wrong_shape(broker, sent, message):
    answer = broker.call("POST", "/v3/clusters", sent)
    assert (answer.status, answer.json) == (400, {"message": message})


def test_a_body_that_is_no_json(broker):
    answer = broker.call("POST", "/v3/clusters", body=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (400, {"message": BAD + "Request body is not valid JSON"})


def test_no_body(broker):
    answer = broker.call("POST", "/v3/clusters", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (400, {"message": BAD + "request body is required"})


def test_another_content_type(broker):
    answer = broker.call("POST", "/v3/clusters", body=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status == 415
    assert answer.json == {"message": "Unsupported Media Type: Invalid Content-type (text/plain), expected JSON data"}


@pytest.mark.parametrize("query, message", [
    ({"dryrun": "yes"}, "Wrong type, expected 'boolean' for query parameter 'dryrun'"),
    ({"validationFailureLevel": "FATAL"}, "'FATAL' is not one of ['INFO', 'WARNING', 'ERROR']"),
    ({"suppressValidators": "x"}, "'x' does not match '^(ALL|type:[A-Za-z0-9]+)$'"),
    ({"suppressValidators": ["ALL", "ALL"]}, "['ALL', 'ALL'] has non-unique elements"),
    ({"region": "mars"}, "invalid or unsupported region 'mars'"),
])
def test_query_parameters(broker, query, message):
    answer = broker.create("abc", **query)
    assert (answer.status, answer.json) == (400, {"message": BAD + message})


def test_a_region_in_query_and_document_must_agree(broker):
    answer = broker.create("abc", "Region: eu-west-1\n" + FIRST_CLUSTER, region="local")
    assert (answer.status, answer.json) == (
        400, {"message": BAD + "region is set in both parameter and configuration and conflicts."})


@pytest.mark.parametrize("method, path", [
    ("GET", "/v3/clusters/nothing"), ("GET", "/v3/clusters/nothing/computefleet"),
])
def test_a_cluster_that_does_not_exist(broker, method, path):
    answer = broker.call(method, path)
    assert (answer.status, answer.json) == (404, {
        "message": "Cluster 'nothing' does not exist or belongs to an incompatible ParallelCluster major version."})


def test_deleting_what_does_not_exist(broker):
    answer = broker.call("DELETE", "/v3/clusters/nothing")
    assert answer.status == 404 and answer.json["message"].endswith("please use the DeleteClusterInstances API.")
    answer = broker.call("DELETE", "/v3/clusters/nothing/instances")
    assert answer.status == 404 and answer.json["message"].endswith("please use the `force` param.")
    assert broker.call("DELETE", "/v3/clusters/nothing/instances", query={"force": "true"}).status == 202
    assert broker.call("GET", "/v3/clusters/nothing/instances").json == {"instances": []}


def test_a_schema_error_has_the_reference_s_form(broker):
    answer = broker.create("abc", FIRST_CLUSTER.replace("Scheduler: slurm", "Scheduler: cron"))
    assert answer.status == 400 and answer.json["message"] == "Invalid cluster configuration."
    [error] = answer.json["configurationValidationErrors"]
    assert (error["level"], error["type"]) == ("ERROR", "ConfigSchemaValidator")
    assert "Scheduling" in error["message"] and "Must be one of" in error["message"]


def test_a_dry_run_makes_nothing(broker):
    answer = broker.create("abc", dryrun="true")
    assert answer.status == 412
    assert answer.json["message"] == "Request would have succeeded, but DryRun flag is set."
    assert broker.call("GET", "/v3/clusters").json == {"clusters": []}


@pytest.mark.parametrize("status, message", [
    ("RUNNING", "Bad Request: 'RUNNING' is not one of ['START_REQUESTED', 'STOP_REQUESTED', 'ENABLED', 'DISABLED'] - 'status'"),
])
def test_fleet_states_that_do_not_exist(broker, status, message):
    answer = broker.call("PATCH", "/v3/clusters/abc/computefleet", {"status": status})
    assert (answer.status, answer.json) == (400, {"message": message})


def test_a_document_that_is_nested_too_deep(broker):
    answer = broker.create("deep", FIRST_CLUSTER + "Extra: " + 40 * "[" + 40 * "]" + "\n")
    assert answer.status == 400 and "nested deeper than" in answer.json["message"], answer
    assert broker.call("GET", "/v3/clusters").json == {"clusters": []}


def test_the_command_line_tells_no_cluster_from_no_instances(broker):
    assert broker.call("GET", "/v3/clusters/nosuch/instances").json["instances"] == []  # the reference's quirk
    assert "nosuch" in broker.cli("cluster", "instances", "nosuch", check=3).stderr
    assert "empty" in broker.cli("cluster", "describe", "", check=2).stderr


def test_who_sends_no_correlation_id_is_found_by_the_clusters_name(broker):
    broker.describe("found-by-its-name")
    line = until(lambda: [l for l in broker.log.read_text().splitlines() if "DescribeCluster" in l and "found-by" in l],
                 10, "the access log's line")
    assert json.loads(line[-1])["correlation_id"] == "found-by-its-name"
