"""The Google benchmarks of single folders."""
import json
import subprocess

from harness import Folder, ROOT

PROGRAMS = ("sigv4", "storage", "workflow")
OWN = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index",
       "threads", "iterations", "real_time", "cpu_time", "time_unit"}  # Google's; all else are counters of ours


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
            benchmark = result["name"].replace("/real_time", "").replace("/manual_time", "")
            rows.append((f"{name}: {benchmark}", result["real_time"], result["time_unit"],
                         {key: value for key, value in result.items() if key not in OWN}))
    return rows
