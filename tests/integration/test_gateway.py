"""Who may call, seen from outside: the clients people have, and requests that a gateway refuses."""
import json
import subprocess
import urllib.parse

import pytest
import urllib3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conftest import FIRST_CLUSTER, Answer


def test_a_request_signed_by_botocore_is_served(broker):
    answer = broker.call("GET", "/v3/clusters")
    assert (answer.status, answer.json) == (200, {"clusters": []})


@pytest.mark.parametrize("region", ["local", "eu-west-2", "us-east-1"])
def test_any_region_may_stand_in_the_scope(broker, region):
    assert broker.call("GET", "/v3/clusters", region=region).status == 200


def test_the_stage_form_of_the_path_is_served(broker):
    assert broker.call("GET", "/prod/v3/clusters").status == 200


def curl(broker, path, *arguments):
    done = subprocess.run(
        ["curl", "-sS", "--cacert", broker.data / "tls/ca.pem", "--aws-sigv4", "aws:amz:local:execute-api",
         "--user", f"{broker.credentials.access_key}:{broker.credentials.secret_key}",
         "-w", "\n%{http_code}", *arguments, broker.url + path], capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return status, json.loads(body)


def test_a_request_signed_by_curl_is_served(broker):
    assert curl(broker, "/v3/clusters") == ("200", {"clusters": []})


def test_a_query_signed_by_curl_is_served(broker):
    # Debian 12's curl signs a query as it stands, so that it has to stand sorted.
    assert curl(broker, "/v3/clusters/nothing/instances?nodeType=ComputeNode&region=local") == ("200", {"instances": []})


def test_a_body_signed_by_curl_is_served(broker):
    body = json.dumps({"clusterName": "abc", "clusterConfiguration": FIRST_CLUSTER})
    status, answer = curl(broker, "/v3/clusters?dryrun=true&region=local", "--json", body)
    assert (status, answer["message"]) == ("412", "Request would have succeeded, but DryRun flag is set.")


def test_a_presigned_request_is_served(broker):
    request = AWSRequest("GET", broker.url + "/v3/clusters")
    SigV4QueryAuth(broker.credentials, "execute-api", "local", expires=60).add_auth(request)
    assert broker.http.request("GET", request.url).status == 200


def test_the_same_signed_request_twice_is_served_twice(broker):
    headers = broker.sign("GET", "/v3/clusters")
    assert [broker.http.request("GET", broker.url + "/v3/clusters", headers=headers).status for _ in range(2)] == [200, 200]


def test_an_unsigned_request_lacks_a_token(broker):
    answer = Answer(broker.http.request("GET", broker.url + "/v3/clusters"))
    assert (answer.status, answer.json) == (403, {"message": "Missing Authentication Token"})


def test_an_unknown_path_under_the_prefix_lacks_a_token(broker):
    answer = broker.call("GET", "/v3/nothing")
    assert (answer.status, answer.json) == (403, {"message": "Missing Authentication Token"})


def test_a_path_of_no_surface_is_a_json_404(broker):
    answer = Answer(broker.http.request("GET", broker.url + "/nothing"))
    assert answer.status == 404 and "message" in answer.json


def test_a_wrong_secret_is_refused(broker):
    request = AWSRequest("GET", broker.url + "/v3/clusters")
    SigV4Auth(Credentials(broker.credentials.access_key, "x" * 40), "execute-api", "local").add_auth(request)
    answer = Answer(broker.http.request("GET", request.url, headers=dict(request.headers)))
    assert answer.status == 403
    assert answer.json["message"].startswith("The request signature we calculated does not match the signature you")


def test_an_unknown_key_is_refused(broker):
    request = AWSRequest("GET", broker.url + "/v3/clusters")
    SigV4Auth(Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40), "execute-api", "local").add_auth(request)
    assert broker.http.request("GET", request.url, headers=dict(request.headers)).status == 403


def test_an_old_signature_is_refused(broker, monkeypatch):
    headers = broker.sign("GET", "/v3/clusters")
    headers["X-Amz-Date"] = "20200101T000000Z"
    headers["Authorization"] = headers["Authorization"].replace(headers["X-Amz-Date"][:8], "20200101")
    assert broker.http.request("GET", broker.url + "/v3/clusters", headers=headers).status == 403


def test_a_changed_body_is_refused(broker):
    body = json.dumps({"clusterName": "abc", "clusterConfiguration": "x"})
    headers = broker.sign("POST", "/v3/clusters", body, {"Content-Type": "application/json"})
    answer = Answer(broker.http.request("POST", broker.url + "/v3/clusters", body=body.replace("abc", "abd"),
                                        headers=headers))
    assert answer.status == 403


def test_health_and_metrics_need_no_key(broker):
    assert broker.http.request("GET", broker.url + "/health").status == 200
    metrics = broker.http.request("GET", broker.url + "/metrics").data.decode()
    assert "slipway_http_requests_total" in metrics and "process_resident_memory_bytes" in metrics


def test_a_body_over_the_limit_is_413(broker):
    body = b"x" * (1024 * 1024 + 1)
    answer = broker.call("POST", "/v3/clusters", body=body, headers={"Content-Type": "application/json"})
    assert answer.status == 413


def test_routes_not_built_yet_say_so(broker):
    for method, path in [("GET", "/v3/images/official"), ("GET", "/v3/clusters/abc/logstreams"),
                         ("GET", "/v3/clusters/abc/stackevents"), ("GET", "/v3/images/custom?imageStatus=AVAILABLE")]:
        answer = broker.call(method, path)
        assert answer.status == 501 and "message" in answer.json, (path, answer)
