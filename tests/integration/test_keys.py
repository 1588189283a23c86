"""Access keys: made, shown once, listed, revoked at once."""
import json
import stat

from botocore.credentials import Credentials


def test_the_first_key_is_in_a_private_file(new_broker):
    broker = new_broker().start()
    assert stat.S_IMODE((broker.data / "credentials").stat().st_mode) == 0o600


def test_a_new_key_works_until_it_is_revoked(new_broker):
    broker = new_broker().start()
    made = json.loads(broker.cli("key", "create", "alice", "-o", "json", check=0).stdout)
    secret = made["secretAccessKey"]
    listed = broker.cli("key", "list", "-o", "json", check=0).stdout
    assert made["accessKeyId"] in listed and secret not in listed
    first = broker.credentials
    broker.credentials = Credentials(made["accessKeyId"], secret)
    assert broker.call("GET", "/v3/clusters").status == 200
    broker.cli("key", "revoke", made["accessKeyId"], check=0)
    assert broker.call("GET", "/v3/clusters").status == 403
    broker.credentials = first
    assert broker.call("GET", "/v3/clusters").status == 200


def test_keys_survive_a_restart_and_no_secret_is_readable_on_disk(new_broker):
    broker = new_broker().start()
    made = json.loads(broker.cli("key", "create", "bob", "-o", "json", check=0).stdout)
    broker.kill9()
    broker.start()
    broker.credentials = Credentials(made["accessKeyId"], made["secretAccessKey"])
    assert broker.call("GET", "/v3/clusters").status == 200
    secret = made["secretAccessKey"].encode()
    for file in [*broker.data.rglob("*"), broker.log]:
        if file.is_file():
            assert secret not in file.read_bytes(), file


def test_a_second_broker_on_the_folder_is_refused(new_broker):
    broker = new_broker().start()
    second = broker.cli("serve", "--data-dir", broker.data, "--listen", "127.0.0.1:0", timeout=30)
    assert second.returncode == 5
    assert "another broker" in second.stderr and str(broker.process.pid) in second.stderr
