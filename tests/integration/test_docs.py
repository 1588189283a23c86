"""What the pages say is what the program says and does: they cannot go stale."""
import json
import os
import re
import subprocess

import pytest

from conftest import BINARY, ROOT

# Settings that are there only where the file has their list.
ONE = "tls: {more: [{}]}\n"
SEVERAL = "listeners: [{tls: {more: [{}]}}]\n"
# Too small and too large for anything bounded, by the form of the default.
EXTREMES = [(r"\d+[KMG]iB", "0", "9999999GiB"), (r"\d+(ms|s|m|h|d)", "0", "99999d"), (r"\d+", "0", "99999999")]


def run(*arguments, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_")}
    return subprocess.run([BINARY, *arguments], env={**environment, **variables}, capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)


def printed(tmp_path, text):
    """The settings that the program prints for a file of settings: default by name."""
    config = tmp_path / "settings.yaml"
    config.write_text(text)
    done = run("serve", "--print-settings", "--data-dir", "/DIR", "--config", str(config))
    assert done.returncode == 0, done.stderr
    names, found = [], {}
    for line in done.stdout.splitlines():
        indent, item, name, value = re.fullmatch(r"( *)(?:(-)|(\w+):(?: (.*)  # default)?)", line).groups()
        del names[len(indent) // 2:]
        names.append("[]" if item else name)
        if value:
            found[".".join(names).replace(".[]", "[]")] = value.strip('"').replace("/DIR", "DIR")
    return found


@pytest.fixture(scope="module")
def rows():
    """Of the page: (variable, default, bounds) by name."""
    text = (ROOT / "docs/settings.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| `(\w+)` \| ([^|]+) \| ([^|]*)\|", text, re.M)
    assert len({name for name, *_ in rows}) == len(rows)
    return {name: (variable, default, bounds.strip()) for name, variable, default, bounds in rows}


def test_every_setting_is_on_the_page_with_its_default(rows, tmp_path):
    known = printed(tmp_path, SEVERAL) | printed(tmp_path, ONE)
    assert sorted(rows) == sorted(known)
    for name, (variable, default, _) in rows.items():
        assert variable == "SLIPWAY_" + re.sub(r"\W+", "_", name.replace("[]", ".0")).upper()
        if default in ("none", "all"):
            assert known[name] in ("", "[]"), name
        elif default.startswith("`"):
            assert known[name] == default.strip("`"), name


def test_the_bounds_on_the_page_are_the_program_s(rows):
    told = {name: [None, None] for name in rows}
    for end in (0, 1):
        values = {}
        for variable, default, _ in rows.values():
            for form, *extremes in EXTREMES:
                if re.fullmatch(f"`{form}`", default):
                    values[variable] = extremes[end]
        done = run("serve", "--print-settings", **values)
        for name, bound in re.findall(r"^(?:slipway: )?\w+: ([\w.]+): .*: at (?:least|most) (\S+)$", done.stderr, re.M):
            told[name][end] = bound
    for name, (_, _, bounds) in rows.items():
        least, most = told[name]
        numbers = re.fullmatch(r"`(\w+)` to `(\w+)`", bounds)
        wanted = list(numbers.groups()) if numbers else [None, None]
        assert [least or ("0ms" if wanted[0] == "0ms" else None), most] == wanted, name


def commands(*words):
    offers = run("__complete", *words, "", SLIPWAY_DATA_DIR="/nowhere").stdout.splitlines()
    below = [offer.split("\t")[0] for offer in offers if "\t" in offer]
    return [" ".join(words)] if not below else [name for word in below for name in commands(*words, word)]


def test_every_command_and_exit_code_is_on_the_page():
    text = (ROOT / "docs/cli.md").read_text()
    assert sorted(re.findall(r"^\| `slipway ([a-z -]+?)(?: [A-Z][^`]*)?` \|", text, re.M)) == sorted(commands())
    codes = re.search(r"Exit codes: ([^.]+)\.", run("--help").stdout).group(1)
    page = re.findall(r"^\| (\d+) \| ([a-z ]+) \|", text, re.M)
    assert [f"{number} {word}" for number, word in page] == [" ".join(code.split()) for code in codes.split(",")]


def test_what_the_broker_warns_of_stands_in_security_in_the_same_words():
    warnings = re.findall(r'observe::\w+\("([^"]+)"', (ROOT / "src/server/warnings.cc").read_text())
    text = (ROOT / "SECURITY.md").read_text()
    assert warnings and [warning for warning in warnings if warning not in text] == []


def test_every_code_of_a_refusal_or_warning_is_on_the_page():
    sources = [file.read_text() for file in (ROOT / "src").rglob("*.cc") if not file.name.endswith("_test.cc")]
    codes = {code for text in sources for code in re.findall(r'"([EW]-[A-Z]+)', text)}
    page = re.findall(r"^\| ((?:[EW]-[A-Z]+(?:, )?)+) \|", (ROOT / "docs/documents.md").read_text(), re.M)
    assert codes and codes == {code for cell in page for code in cell.split(", ")} | {"W-TYPE"}


def test_the_readme_s_curl_line_works(broker):
    [block] = re.findall(r"^```\n(data=.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    script = re.sub(r"^data=.*", f"data={broker.data}", block, flags=re.M)
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == {"clusters": []}, done


def test_every_fault_names_tests_that_are_there():
    text = (ROOT / "docs/faults.md").read_text()
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.M)] == list(range(1, 82))
    named = re.findall(r"`([\w/.]+)::(\w+)`", text)
    gone = [f"{file}::{name}" for file, name in named if not (ROOT / file).exists() or
            not re.search(rf"^(def {name}\(|TEST(_F|_P)?\(\w+,\s*{name}\))", (ROOT / file).read_text(), re.M)]
    assert named and gone == []
