"""kill -9 at random moments: every cluster ends in the state that was asked for, without orphans or double starts.

10 kills by default, 50 with SLIPWAY_SOAK=1. The moments come from a seed that is printed; SLIPWAY_SEED repeats a run.
"""
import collections
import json
import os
import pathlib
import random
import re
import select
import time

import urllib3

from conftest import SOAK, processes_in, until

KILLS = 50 if SOAK else 10


def wait(seconds):
    """The random moment of a kill: the one place where time passing is the point."""
    select.select([], [], [], seconds)


def slurm_daemons(folder):
    """Program and node of each daemon that runs in a cluster's folder, supervisors left out."""
    daemons = []
    for line in processes_in(folder).values():
        if " supervise " in line:
            continue
        found = re.search(r"(munged|slurmctld|slurmd)\b", line)
        if found and "slurmscriptd" not in line and "slurmstepd" not in line:
            node = re.search(r"-N ?(\S+)", line)
            daemons.append((found.group(1), node.group(1) if node else ""))
    return daemons


def test_after_each_kill_the_clusters_are_what_was_asked_for(new_broker):
    seed = int(os.environ.get("SLIPWAY_SEED", time.time_ns() % 1_000_000))
    print(f"counted: {KILLS} kills with seed {seed}")
    chance = random.Random(seed)
    broker = new_broker().start()
    wanted = {}  # name -> "running", "stopped" or "gone"
    for kill in range(KILLS):
        name = f"c{kill % 3}"
        ask(broker, name, wanted, chance)
        wait(chance.uniform(0, 1.5))
        broker.kill9()
        broker.start()
        for known, state in wanted.items():
            settle(broker, known, state)
    for name in wanted:
        if wanted[name] != "gone":
            broker.call("DELETE", f"/v3/clusters/{name}")
    until(lambda: not broker.call("GET", "/v3/clusters").json["clusters"], 90, "every cluster to be deleted")
    local = broker.data / "environments"
    assert list(local.glob("[!.]*")) == []
    left = {pid: line for pid, line in processes_in(broker.data).items() if " serve " not in line}
    assert not left, left


def ask(broker, name, wanted, chance):
    """One request that changes something; remembers what is to be true once it was accepted."""
    state = wanted.get(name, "gone")
    if state == "gone":
        assert broker.create(name).status == 202
        wanted[name] = "running"
    elif chance.random() < 0.5:
        assert broker.call("DELETE", f"/v3/clusters/{name}").status == 202
        wanted[name] = "gone"
    else:
        request = "STOP_REQUESTED" if state == "running" else "START_REQUESTED"
        answer = broker.call("PATCH", f"/v3/clusters/{name}/computefleet", {"status": request})
        assert answer.status == 200, answer
        wanted[name] = "stopped" if state == "running" else "running"


def settle(broker, name, state):
    def as_asked():
        answer = broker.describe(name)
        if answer.status == 404:
            return state == "gone"
        assert not answer.json["clusterStatus"].endswith("FAILED"), answer
        return (state != "gone" and answer.json["clusterStatus"] == "CREATE_COMPLETE"
                and answer.json["computeFleetStatus"] == {"running": "RUNNING", "stopped": "STOPPED"}[state])
    until(as_asked, 90, f"{name} to be {state}: {broker.describe(name)}")
    if state == "gone":
        return
    daemons = collections.Counter(slurm_daemons(broker.tag(name, "slipway:directory")))
    doubles = {daemon: count for daemon, count in daemons.items() if count > 1}
    assert not doubles, f"started twice: {doubles}"
    compute = [node for program, node in daemons if program == "slurmd"]
    assert compute == (["queue1-st-c5large-1"] if state == "running" else []), daemons
