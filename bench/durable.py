"""Durable steps of the whole engine on SQLite, and beside them, in turns on the same disk, River's jobs on SQLite (put
in beforehand, 1 KB each, workers that do nothing) and the machine's own syncs. Ratios count."""
import json
import os
import shutil
import subprocess

from harness import Folder, ROOT, median

ROUNDS = 5
JOBS = 10_000  # as many as the steps of one round of the engine
STEPS = "steps/effect_with_1_KiB_outputs/1000/manual_time"
LEAST_GO = (1, 21)  # from there on it fetches by itself the one that bench/river/go.mod names


def go_program():
    """The go command, or nothing where there is none that is new enough. Asked outside of any module, it tells its own
    version."""
    program = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not program:
        return None
    told = subprocess.run([program, "env", "GOVERSION"], cwd="/", capture_output=True, text=True).stdout.strip()
    numbers = told.removeprefix("go").split(".")[:2]
    return program if told.startswith("go") and tuple(map(int, numbers)) >= LEAST_GO else None


def built_river(go, say):
    """The program of bench/river, or nothing, and a line that says so, where it cannot be built."""
    if not go:
        return say(f"no Go {'.'.join(map(str, LEAST_GO))} or newer: River is left out")
    program = ROOT / "build/bench/river"
    folder = ROOT / "build/bench/go"
    environment = {**os.environ, "GOCACHE": str(folder / "cache"), "GOMODCACHE": str(folder / "modules"),
                   "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false", "GOTOOLCHAIN": "auto"}
    built = subprocess.run([go, "build", "-o", program, "."], cwd=ROOT / "bench/river", env=environment,
                           capture_output=True, text=True)
    if built.returncode == 0:
        return program
    return say(f"River cannot be built here, and is left out: {(built.stderr.splitlines() or ['go build says nothing'])[-1]}")


def google(name, only):
    """One benchmark of a folder, with its counters."""
    program = ROOT / f"build/bench/bench/slipway_{name}_bench"
    with Folder() as folder:
        done = subprocess.run([program, f"--benchmark_filter=^{only}$", "--benchmark_format=json"], cwd=folder, check=True,
                              capture_output=True, text=True)
    [result] = json.loads(done.stdout)["benchmarks"]
    if result.get("error_occurred"):
        raise RuntimeError(f"{name}: {only}: {result['error_message']}")
    return result


def river_jobs(program):
    with Folder() as folder:
        done = subprocess.run([program, folder / "river.db", str(JOBS)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["jobs_per_second"]


def measure(say):
    river = built_river(go_program(), say)
    steps, jobs, syncs, grouped = [], [], [], []
    for number in range(ROUNDS):
        result = google("workflow", STEPS)
        steps.append(result["steps/s"])
        grouped.append(result["steps/sync"])
        syncs.append(google("storage", "sync/real_time")["items_per_second"])
        if river:
            jobs.append(river_jobs(river))
        say(f"round {number + 1}: {steps[-1]:,.0f} steps, {jobs[-1] if jobs else 0:,.0f} jobs, {syncs[-1]:,.0f} syncs a second")
    rows = [("durable steps a second, 1 KiB outputs, the whole engine on SQLite, 1,000 executions", "≥ 10,000",
             median(steps) >= 10_000, f"**{median(steps):,.0f}** ({min(steps):,.0f} to {max(steps):,.0f})"),
            ("the machine's own syncs a second, and steps a sync", "", None,
             f"{median(syncs):,.0f}; {median(grouped):.0f} steps a sync")]
    if river:
        ratios = [ours / theirs for ours, theirs in zip(steps, jobs)]
        rows.append(("the same as a multiple of River's jobs on SQLite, put in beforehand", "reported", None,
                     f"**{median(ratios):.1f}** ({min(ratios):.1f} to {max(ratios):.1f}): {median(jobs):,.0f} jobs a second"))
    return rows + waits() + pages()


def waits():
    """A broker's engine with 100,000 executions that sleep."""
    result = google("workflow", "resume/100000/iterations:1/manual_time")
    ready = result["real_time"] / 1000
    return [("100,000 waiting executions: start until the engine goes on", "< 2 s", ready < 2, f"**{ready:.2f} s**"),
            ("memory of each of them", "≤ 300 bytes", result["bytes/wait"] <= 300, f"**{result['bytes/wait']:.0f} bytes**"),
            ("processor time of the idle engine meanwhile", "< 1 % of a core", result["idle_percent"] < 1,
             f"**{result['idle_percent']:.2f} %**")]


def pages():
    result = google("storage", "list_page/1000000/iterations:2000/real_time")
    return [("a page of 100 of 1,000,000 environments: p99", "< 5 ms", result["p99_us"] < 5000,
             f"**{result['p99_us'] / 1000:.2f} ms** (p50 {result['p50_us'] / 1000:.2f})")]
