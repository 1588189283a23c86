"""Executions through the API and the command line: loops, variables, children, people, and kill -9 between any of them."""
import json

import pytest

from conftest import NOTHING, until

TYPE = """
name: gate
title: A gate
parameters:
  Names: {type: StringList, default: [one, two, three]}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml, children: [child.yaml]}
"""
LAUNCH = """
schemaVersion: '0.3'
parameters:
  Names: {type: StringList}
variables:
  Last: {type: String, default: none}
mainSteps:
  - name: Each
    action: aws:loop
    inputs:
      Iterators: '{{ Names }}'
      Steps:
        - name: Keep
          action: aws:updateVariable
          inputs: {Name: 'variable:Last', Value: '{{ Each.CurrentIteratorValue }}'}
  - name: Child
    action: aws:executeAutomation
    inputs: {DocumentName: child, RuntimeParameters: {Word: ['{{ variable:Last }}']}}
  - name: Ask
    action: aws:approve
    onFailure: Abort
    inputs: {Approvers: [admin], Message: 'Open {{ variable:Last }}?'}
  - name: Rest
    action: aws:pause
    inputs: {}
    isEnd: true
outputs: [Child.Output]
"""
CHILD = """
schemaVersion: '0.3'
parameters:
  Word: {type: String, allowedPattern: '^three$'}
mainSteps:
  - name: Sleep
    action: aws:sleep
    inputs: {Duration: PT1S}
    isEnd: true
"""


@pytest.fixture
def gate(new_broker, type_folder):
    broker = new_broker().start()
    broker.cli("types", "push",
               type_folder("gate", type=TYPE, launch=LAUNCH, child=CHILD, terminate=NOTHING), check=0)
    return broker


def launch_of(broker, name):
    listed = broker.call("GET", "/slipway/v1/executions", query={"environment": name}).json["executions"]
    return next(one for one in listed if one["kind"] == "launch")["id"]


def step_of(broker, execution):
    steps = broker.call("GET", f"/slipway/v1/executions/{execution}").json["steps"]
    steps = [step for step in steps if step["state"] != "Pending"]  # those stand behind what it has reached
    return steps[-1]["name"], steps[-1].get("waitsFor", "")


def status(broker, name):
    return broker.call("GET", f"/slipway/v1/environments/{name}").json["status"]


def waits(broker, execution, step, what):
    until(lambda: step_of(broker, execution) == (step, what), what=f"{step} to wait for {what}")


def test_people_children_and_kills(gate):
    gate.cli("env", "launch", "gate", "door", "--no-wait", check=0)
    execution = launch_of(gate, "door")
    waits(gate, execution, "Child", "child")
    gate.kill9()
    gate.start()
    waits(gate, execution, "Ask", "approval")
    gate.kill9()
    gate.start()
    assert gate.cli("execution", "resume", execution).returncode == 5  # it waits for something else
    asked = gate.cli("why", "door", check=0).stdout
    assert "asks admin: Open three?" in asked
    # By the environment's name; the answer is how it stands afterwards.
    answer = json.loads(gate.cli("execution", "approve", "door", "--comment", "go on", "-o", "json", check=0).stdout)
    assert (answer["id"], answer["state"], answer["steps"][-1]["waitsFor"]) == (execution, "Waiting", "pause")
    why = gate.cli("why", "door", check=0).stdout
    assert "approved by arn:aws:iam::000000000000:user/admin at " in why and ": go on\n" in why
    gate.kill9()
    gate.start()
    gate.cli("execution", "resume", execution, check=0)
    until(lambda: status(gate, "door") == "available", what="the launch to succeed")

    body = gate.call("GET", f"/slipway/v1/executions/{execution}").json
    assert [step["name"] for step in body["steps"]] == [
        "Each", "Each[1]/Keep", "Each[2]/Keep", "Each[3]/Keep", "Child", "Ask", "Rest"]
    assert body["variables"] == {"Last": "three"}
    assert [(one["signal"].lower(), one["step"]) for one in body["signals"]] == [("approve", "Ask"), ("resume", "Rest")]
    assert body["signals"][0]["comment"] == "go on"
    approval = next(step["approval"] for step in body["steps"] if step["name"] == "Ask")
    assert (approval["message"], approval["approvers"]) == ("Open three?", ["admin"])
    assert [(one["decision"], one["by"], one["comment"]) for one in approval["decisions"]] == [
        ("approve", "arn:aws:iam::000000000000:user/admin", "go on")]
    child = next(step["child"] for step in body["steps"] if step["name"] == "Child")
    told = gate.call("GET", f"/slipway/v1/executions/{child}").json
    assert (told["state"], told["parentId"]) == ("Success", execution)
    assert execution in gate.cli("why", "door", "-o", "json", check=0).stdout
    gate.cli("env", "terminate", "door", "--wait", check=0)
    assert gate.cli("verify", gate.data).returncode == 0


def test_a_rejection_fails_the_launch_and_a_retry_asks_again(gate):
    gate.cli("env", "launch", "gate", "door", "--no-wait", check=0)
    execution = launch_of(gate, "door")
    waits(gate, execution, "Ask", "approval")
    gate.cli("execution", "reject", execution, "--comment", "not today", check=0)
    until(lambda: status(gate, "door") == "failed", what="the launch to fail")
    gate.cli("execution", "retry", execution, check=0)
    until(lambda: launch_of(gate, "door") != execution, what="the retry")
    again = launch_of(gate, "door")
    waits(gate, again, "Ask", "approval")  # it begins where the other one failed
    assert gate.call("GET", f"/slipway/v1/executions/{again}").json["retryOf"] == execution
    cancelled = gate.cli("execution", "cancel", "door", check=0).stdout
    assert f"{again}: Cancelled." in cancelled
    first = gate.cli("why", "door", check=0).stdout.splitlines()[0]
    assert "Its launch was cancelled by arn:aws:iam::000000000000:user/admin." in first
    # What was cancelled failed at no step: it begins at its first one.
    gate.cli("execution", "retry", again, check=0)
    until(lambda: launch_of(gate, "door") != again, what="the retry")
    steps = gate.call("GET", f"/slipway/v1/executions/{launch_of(gate, 'door')}").json["steps"]
    assert steps[0]["name"] == "Each"
    gate.cli("env", "terminate", "door", "--wait", check=0)


def test_a_child_that_asks_is_approved_by_its_environments_name(gate, tmp_path):
    asks = CHILD.replace("action: aws:sleep", "action: aws:approve").replace(
        "inputs: {Duration: PT1S}", "inputs: {Approvers: [admin], Message: 'Sleep?'}")
    (tmp_path / "work/gate/child.yaml").write_text(asks.lstrip())
    gate.cli("types", "push", tmp_path / "work/gate", check=0)
    gate.cli("env", "launch", "gate", "door", "--no-wait", check=0)
    execution = launch_of(gate, "door")
    waits(gate, execution, "Child", "child")
    steps = gate.call("GET", f"/slipway/v1/executions/{execution}").json["steps"]
    assert [step["name"] for step in steps if step["state"] == "Pending"] == ["Ask", "Rest"]
    child = next(step["child"] for step in steps if step["name"] == "Child")
    assert f"waits for its child {child}: slipway why {child}" in gate.cli("why", execution, check=0).stdout
    assert child in gate.cli("execution", "show", execution, check=0).stdout
    waits(gate, child, "Sleep", "approval")
    assert "Its child waits at step Sleep for approval by admin." in gate.cli("why", child, check=0).stdout
    answer = json.loads(gate.cli("execution", "approve", "door", "-o", "json", check=0).stdout)
    assert (answer["id"], answer["state"]) == (child, "Success")
    assert gate.cli("execution", "show", "door", "-o", "name", check=0).stdout.strip() == execution
    waits(gate, execution, "Ask", "approval")
    assert f"{execution}: Cancelled." in gate.cli("execution", "cancel", "door", check=0).stdout
    refused = gate.cli("execution", "approve", "nobody")
    assert refused.returncode == 3 and "no environment of that name" in refused.stderr


def test_a_number_where_a_text_is_wanted_is_told_with_what_to_write(gate):
    refused = gate.cli("env", "launch", "process", "door", "-p", "Program=3", "--no-wait")
    assert refused.returncode != 0
    assert "Program: 3 is not of type String (write it as a JSON string, in double quotes)." in refused.stderr
    assert """Here: -p 'Program="3"'.""" in refused.stderr
    assert "Here:" not in gate.cli("env", "launch", "gate", "door", "-p", "Names=3", "--no-wait").stderr


def test_what_a_child_refuses_is_told(gate):
    gate.cli("env", "launch", "gate", "door", "-p", 'Names=["one"]', "--no-wait", check=0)
    until(lambda: status(gate, "door") == "failed", what="the launch to fail")
    assert "Word" in gate.cli("why", "door", check=0).stdout


@pytest.mark.parametrize("wrong, told", [
    ("NoSuchSignal", 404), ("approve", 404)])
def test_an_execution_that_is_not_there(gate, wrong, told):
    assert gate.call("POST", f"/slipway/v1/executions/01a21a26-a5b2-7786-b042-e293facbe176/{wrong}", {}).status == told
