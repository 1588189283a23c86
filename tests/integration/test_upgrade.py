"""An upgrade with executions in flight, with two builds of the broker: the older one is built from this repository's
history. SLIPWAY_SOAK=1 runs it, as that takes minutes; without the history it is skipped."""
import os
import pathlib
import signal
import subprocess

import pytest

import conftest
from conftest import BINARY, ROOT, SOAK

OLDER = "6330771"  # schema 2, engine semantics 1: the last commit before documents were whole


def git(*arguments):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, *arguments], capture_output=True)


@pytest.fixture(scope="module")
def older():
    """The older program, built once into build/older."""
    if not SOAK:
        pytest.skip("with SLIPWAY_SOAK=1 only: it builds the program of an older commit")
    if git("cat-file", "-e", f"{OLDER}^{{commit}}").returncode != 0:
        pytest.skip(f"the history here does not reach back to {OLDER}")
    source, build = ROOT / "build/older/source", ROOT / "build/older/build"
    program = build / "slipway"
    if not program.exists():
        source.mkdir(parents=True, exist_ok=True)
        archive = git("archive", OLDER)
        assert archive.returncode == 0, archive.stderr
        subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
        subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                        "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"], check=True)
        subprocess.run(["cmake", "--build", build, "--target", "slipway"], check=True)
    return source, program


def serve(monkeypatch, broker, program, types):
    monkeypatch.setattr(conftest, "BINARY", program)
    broker.environment["SLIPWAY_TYPES_DIR"] = str(types)
    return broker.start()


def test_a_launch_in_flight_ends_with_the_program_after_it(older, new_broker, monkeypatch):
    source, program = older
    broker = serve(monkeypatch, new_broker(), program, source / "types")
    assert broker.create("there").status == 202
    broker.wait_status("there", "CREATE_COMPLETE")
    assert broker.create("flying").status == 202
    broker.kill9()

    serve(monkeypatch, broker, BINARY, ROOT / "types")
    broker.wait_status("flying", "CREATE_COMPLETE")
    assert broker.status("there") == "CREATE_COMPLETE"
    assert broker.slurm("there", "srun", "hostname").strip()
    done = broker.cli("verify", broker.data)
    assert done.returncode == 0, done.stdout
    # What the older one began keeps the document of its time.
    assert (broker.data / "slipway.db.before-3").exists()
    assert broker.call("DELETE", "/v3/clusters/flying").status == 202
    broker.wait_status("flying", "GONE")

    # Back to the older one: refused, in a sentence, and nothing is changed by it.
    broker.process.send_signal(signal.SIGTERM)
    broker.process.wait(40)
    broker.process.stdout.close()
    refused = subprocess.run([program, "serve", "--data-dir", broker.data, "--listen", "127.0.0.1:0"],
                             env={**conftest.clean_environment(), "SLIPWAY_TYPES_DIR": str(source / "types")},
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 5, refused
    assert "newer Slipway" in refused.stderr and "before-3" in refused.stderr
    serve(monkeypatch, broker, BINARY, ROOT / "types")
    assert broker.status("there") == "CREATE_COMPLETE"
