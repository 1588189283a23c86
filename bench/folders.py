"""The Google benchmarks of single folders."""
import json
import subprocess

from harness import Folder, ROOT

PROGRAMS = ("sigv4", "storage", "workflow")
EXTRA = ("p50_us", "p99_us", "max_us", "per_commit")


def measure(say):
    rows = []
    for name in PROGRAMS:
        program = ROOT / f"build/bench/bench/slipway_{name}_bench"
        with Folder() as folder:
            done = subprocess.run([program, "--benchmark_format=json"], cwd=folder, check=True, capture_output=True, text=True)
        for result in json.loads(done.stdout)["benchmarks"]:
            if result.get("error_occurred"):
                raise RuntimeError(f"{name}: {result['name']}: {result['error_message']}")
            say(f"{name}: {result['name']} {result['real_time']:.3f} {result['time_unit']}")
            rows.append((f"{name}: {result['name'].removesuffix('/real_time')}", result["real_time"], result["time_unit"],
                         result.get("items_per_second"), {key: result[key] for key in EXTRA if key in result}))
    return rows
