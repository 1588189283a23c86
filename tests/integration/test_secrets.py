"""A sensitive parameter in the whole program: the documents use it, and no file of the broker's holds it, logs and backups
included."""
from conftest import NOTHING, until

VALUE = "correct horse battery staple"
TYPE = """
name: vault
title: A vault
parameters:
  Phrase: {type: String, sensitive: true}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml, children: [child.yaml]}
"""
# The type alone says that it is sensitive.
LAUNCH = """
schemaVersion: '0.3'
parameters:
  Phrase: {type: String}
variables:
  Copy: {type: String, default: none}
mainSteps:
  - name: Keep
    action: aws:updateVariable
    inputs: {Name: 'variable:Copy', Value: 'say {{ Phrase }}'}
  - name: Child
    action: aws:executeAutomation
    inputs: {DocumentName: child, RuntimeParameters: {Word: ['{{ variable:Copy }}']}}
    isEnd: true
outputs: [Child.Output]
"""
# Another word would be refused.
CHILD = """
schemaVersion: '0.3'
parameters:
  Word: {type: String, allowedPattern: '^say correct horse .* staple$'}
mainSteps:
  - name: Nothing
    action: aws:sleep
    inputs: {Duration: PT0S}
    isEnd: true
"""


def files_with(text, *places):
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]
    assert files
    return [file for file in files if text.encode() in file.read_bytes()]


def status(broker):
    return broker.call("GET", "/slipway/v1/environments/mine").json["status"]


def test_a_sensitive_parameter_lies_nowhere(new_broker, type_folder, tmp_path):
    broker = new_broker().start()
    broker.cli("types", "push",
               type_folder("vault", type=TYPE, launch=LAUNCH, child=CHILD, terminate=NOTHING), check=0)
    broker.cli("env", "launch", "vault", "mine", "-p", f"Phrase={VALUE}", "--no-wait", check=0)
    until(lambda: status(broker) == "available", what="the launch to succeed")
    for command in (["why", "mine", "-o", "json"], ["env", "show", "mine"], ["execution", "list", "-o", "json"]):
        assert VALUE not in broker.cli(*command, check=0).stdout
    assert not files_with(VALUE, broker.data, broker.log)

    backup = tmp_path / "backup.tar"
    broker.cli("backup", backup, check=0)
    assert not files_with(VALUE, backup)
    for data in (broker.data, backup):
        assert broker.cli("verify", data).returncode == 0
    broker.kill9()
    broker.start()
    broker.cli("env", "terminate", "mine", "--wait", check=0)
    assert not files_with(VALUE, broker.data, broker.log)
