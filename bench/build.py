"""How long builds take on all cores, without the compiler cache: clean ones, and after a change of one file. In a copy of
the tree, as a change is needed."""
import os
import re
import shutil
import subprocess
import time

from harness import Folder, ROOT


def build(tree, preset, target="all"):
    began = time.monotonic()
    subprocess.run(["cmake", "--build", "--preset", preset, "--target", target, "--", "--quiet"], cwd=tree, check=True,
                   env={**os.environ, "CCACHE_DISABLE": "1"}, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def slowest(tree, preset):
    """The source files that took longest, with their seconds, worst first; from ninja's log."""
    found = {}
    for line in (tree / f"build/{preset}/.ninja_log").read_text().splitlines()[1:]:
        begin, end, _, output, _ = line.split("\t")
        source = re.sub(r"CMakeFiles/[^/]+\.dir/(.+)\.o$", r"\1", output)
        if source != output and (tree / source).is_file():
            found[source] = (int(end) - int(begin)) / 1000
    return sorted(((seconds, source) for source, seconds in found.items()), reverse=True)


def change(tree, preset, source, target):
    """Seconds to build again after a line was added to a file."""
    with open(tree / source, "a") as file:
        file.write("\nextern int changed_by_the_benchmark;\n")
    return build(tree, preset, target)


def measure(say):
    rows = []
    with Folder() as folder:
        tree = folder / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
        for preset, target, goal in (("release", "slipway", 8), ("asan", "all", 15)):
            subprocess.run(["cmake", "--preset", preset], cwd=tree, check=True, stdout=subprocess.DEVNULL)
            took = build(tree, preset, target)
            say(f"{preset}: {took:.0f} s")
            what = "release program" if preset == "release" else "program and tests with sanitizers"
            rows.append((f"clean build, {what}, {os.cpu_count()} cores", f"< {goal} min", took < goal * 60,
                         f"**{took / 60:.1f} min**"))
            _, source = slowest(tree, preset)[0]
            took = change(tree, preset, source, target)
            say(f"{preset}, {source} changed: {took:.0f} s")
            rows.append((f"one changed `.cc`, {what}: the slowest, `{source}`", "< 30 s", took < 30, f"**{took:.0f} s**"))
    return rows
