"""`slipway types test`: a whole life of each built-in type, and the broker killed at its crash points.

20 points of each type by default, all of them with SLIPWAY_SOAK=1, which also leaves the matrices for
docs/crash-matrix.md.
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from conftest import BINARY, ROOT, SOAK, clean_environment

POINTS = 0 if SOAK else 20
REPORTS = ROOT / "build/reports-test"


BUILT_IN = [file.parent.name for file in sorted((ROOT / "types").glob("*/type.yaml"))
            if re.search(r"^test:", file.read_text(), re.M) and re.search(r"^  local:", file.read_text(), re.M)]


def types_test(name, *arguments, types=ROOT / "types", timeout=1800, **variables):
    """The finished command and, where it gave one, its answer."""
    done = subprocess.run([BINARY, "types", "test", name, "-o", "json", "--types-dir", types, *arguments],
                          env={**clean_environment(), **variables}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)
    return done, json.loads(done.stdout) if done.stdout else None


@pytest.fixture
def broken(tmp_path):
    """A folder with a copy of a built-in type, to be broken on purpose. Brokers may be another account."""
    def make(name, file, *replacements):
        folder = tmp_path / "types"
        shutil.copytree(ROOT / "types" / name, folder / name)
        document = folder / name / file
        text = document.read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        document.write_text(text)
        return folder
    return make


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_life_of_each_built_in_type(name):
    done, answer = types_test(name)
    assert done.returncode == 0, done.stdout + done.stderr
    results = {step["step"]: step["result"] for step in answer["steps"]}
    assert list(results) == ["launch", "connect", "stop", "start", "kept", "terminate", "leftovers"]
    assert all(step["seconds"] == round(step["seconds"], 1) for step in answer["steps"])
    assert set(results.values()) <= {"ok", "none"} and results["launch"] == results["leftovers"] == "ok"


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_crash_matrix_of_each_built_in_type(name):
    done, matrix = types_test(name, "--crash", "--points", str(POINTS))
    assert matrix, done.stderr
    print(f"counted: {name}: {matrix['trials']} kills at {matrix['knownPoints']} points, {matrix['right']} right, "
          f"{matrix['orphans']} orphans, {matrix['doubles']} doubles")
    if SOAK:
        REPORTS.mkdir(parents=True, exist_ok=True)
        (REPORTS / f"crash-matrix-{name}.json").write_text(json.dumps(matrix))
    assert done.returncode == 0, [point for point in matrix["points"] if not point["right"]]
    assert matrix["right"] == matrix["trials"] >= (matrix["knownPoints"] if SOAK else 20)
    assert matrix["orphans"] == matrix["doubles"] == matrix["notPassed"] == 0
    assert matrix["programs"], "what runs is not seen, so nobody would see it twice"
    assert max(point["kills"] for point in matrix["points"]) == 2


def with_script(broken, attempts):
    """A type whose launch begins with a script, which is an unsafe call: nobody but its author knows what it does."""
    return broken("parallelcluster", "launch.yaml", ("mainSteps:\n", f"""mainSteps:
  - name: Script
    action: aws:executeScript
    inputs: {{Runtime: python3.11, Handler: run, Script: "def run(events, context): return {{}}"}}
    maxAttempts: {attempts}
    onFailure: step:Rollback
"""))


def scripted(types, *arguments):
    done, matrix = types_test("parallelcluster", "--crash", "--only", "launch Script", *arguments, types=types,
                              SLIPWAY_SCRIPTS_ENABLED="true")
    if "scripts" in done.stderr and matrix is None:
        pytest.skip("no user namespaces")
    return done, {point["point"]: point for point in matrix["points"] if point["killed"] == "once"}


def test_an_unsafe_step_that_is_repeated_is_found(broken):
    done, points = scripted(with_script(broken, 2))
    assert done.returncode == 7
    repeated = {name for name, point in points.items() if any("unsafe call of Script" in line for line in point["doubles"])}
    assert {"launch Script: in the call #1", "launch Script: after the call #1"} <= repeated
    assert "launch Script Entered: before the commit #1" not in repeated, "there it was not called yet"


def test_an_unsafe_step_with_one_attempt_is_held_for_a_person_and_can_still_be_taken_away(broken):
    done, points = scripted(with_script(broken, 1))
    assert done.returncode == 0, done.stdout
    assert points["launch Script: in the call #1"]["ended"] == "held"
    assert points["launch Script Entered: before the commit #1"]["ended"] == "available"


def test_what_a_type_leaves_behind_is_found(broken):
    types = broken("parallelcluster", "terminate.yaml", ("local:slurmRemove", "local:slurmStop"))
    done, answer = types_test("parallelcluster", types=types)
    assert done.returncode == 7, done.stderr
    [leftovers] = [step for step in answer["steps"] if step["step"] == "leftovers"]
    assert leftovers["result"] == "failed" and "port row" in leftovers["found"] and "/env/" in leftovers["found"]
    # Nothing of it stays, all the same: the test cleans up after what it tests.
    [folder] = set(re.findall(r"/tmp/sw-\w+/", leftovers["found"]))
    assert not pathlib.Path(folder).exists()
    done, _ = types_test("parallelcluster", "--crash", "--points", "1", types=types)
    assert done.returncode == 1 and "Even without a crash" in done.stderr and "port row" in done.stderr


def test_a_type_that_cannot_be_launched_says_why(broken):
    types = broken("parallelcluster", "type.yaml", ("c5.large", "c5.nothing"))
    done, answer = types_test("parallelcluster", types=types)
    assert done.returncode == 7
    results = {step["step"]: step["result"] for step in answer["steps"]}
    assert results["launch"] == "failed" and results["terminate"] == "skipped"
    assert "c5.nothing" in answer["steps"][0]["found"]


def test_a_program_that_dies_is_told_with_its_last_lines(broken):
    types = broken("process", "launch.yaml", ("'{{ Program }}'", "/bin/sh"),
                   ("'{{ Arguments }}'", "[-c, 'echo the disk is odd >&2; exit 3']"))
    done, answer = types_test("process", types=types)
    assert done.returncode == 7
    assert "exit code 3" in answer["steps"][0]["found"]
    assert answer["steps"][0]["lines"] == ["the disk is odd"]
    assert "  the disk is odd\n" in done.stderr


def test_the_same_seed_tries_the_same_points():
    tried = []
    for _ in range(2):
        done, matrix = types_test("parallelcluster", "--crash", "--points", "2", "--seed", "7")
        assert done.returncode == 0, done.stderr
        # As which recoveries a point has differs with where the threads stood, its name alone is the point.
        tried.append(sorted({point["point"] for point in matrix["points"]}))
    assert tried[0] == tried[1]


def test_another_broker_is_tested_with_the_folder_that_it_has(new_broker, broken):
    broker = new_broker().start()
    where = {"SLIPWAY_DATA_DIR": str(broker.data)}
    done, answer = types_test("process", "--url", broker.url, **where)
    assert done.returncode == 0 and answer["right"], done.stderr
    types = broken("process", "type.yaml", ("title: ", "title: Another "))
    done, answer = types_test("process", "--url", broker.url, types=types, **where)
    assert done.returncode == 5 and answer is None
    assert f"version 1 of process is not the folder {types}/process: `slipway types push" in done.stderr
    assert broker.call("GET", "/slipway/v1/environments").json["environments"] == []


def test_there_is_no_such_type():
    done, _ = types_test("nothing")
    assert done.returncode == 3 and "There is no type nothing" in done.stderr and "takes folders below --types-dir" in done.stderr
    assert "did you mean jupyter?" in types_test("jupiter")[0].stderr
    assert "types test mine --types-dir ./work`." in types_test("./work/mine")[0].stderr


@pytest.mark.parametrize("crash", [[], ["--crash", "--points", "1"]])
def test_ctrl_c_ends_it_as_interrupted(crash):
    started = subprocess.Popen([BINARY, "types", "test", "process", "--types-dir", ROOT / "types", *crash],
                               env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        assert started.stderr.readline()
        started.send_signal(signal.SIGINT)
        assert "slipway: Interrupted.\n" in started.stderr.read()
        assert started.wait(60) == 130
    finally:
        started.kill()
        started.wait()
        started.stderr.close()


def test_the_options_of_crash_points_are_nobody_s_business():
    shown = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, timeout=60)
    offered = subprocess.run([BINARY, "__complete", "serve", "--cr"], capture_output=True, text=True, timeout=60)
    assert "--crash" not in shown.stdout + offered.stdout
