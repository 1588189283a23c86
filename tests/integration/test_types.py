"""Environment types as folders: added to a running broker, broken, mended, pushed, rolled back."""
import json
import os
import shutil
import subprocess

import pytest

from conftest import BINARY, ROOT, clean_environment, until

HELLO = ROOT / "examples/types/hello"


@pytest.fixture
def own_types(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def typed(new_broker, own_types):
    return new_broker(environment={"SLIPWAY_MORE_TYPES": str(own_types)}).start()


def slipway(*words, broker=None, cwd=None):
    environment = clean_environment()
    if broker:
        environment["SLIPWAY_DATA_DIR"] = str(broker.data)
    done = subprocess.run([BINARY, *words], env=environment, cwd=cwd, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def types_of(broker):
    code, out, err = slipway("types", "list", "-o", "json", broker=broker)
    assert code == 0, err
    return {one["name"]: one for one in json.loads(out)["types"]}


def replace(folder, was, by):
    """As an editor does: a new file in the old one's place."""
    file = folder / "type.yaml"
    text = file.read_text()
    assert was in text
    fresh = file.with_suffix(".new~")
    fresh.write_text(text.replace(was, by))
    os.rename(fresh, file)


def test_a_folder_is_added_broken_mended_pushed_and_rolled_back(typed, own_types, tmp_path):
    assert "hello" not in types_of(typed)
    shutil.copytree(HELLO, own_types / "hello")
    added = until(lambda: types_of(typed).get("hello"), what="the new type")
    assert (added["version"], added["source"], added["title"]) == (1, "folder", "Hello")

    replace(own_types / "hello", "title: Hello\n", "titel: Hello\n")
    broken = until(lambda: types_of(typed)["hello"].get("problem"), what="the problem")
    assert "type.yaml:3:1" in broken and "did you mean title" in broken
    assert types_of(typed)["hello"]["version"] == 1
    assert "did you mean title" in slipway("types", "list", broker=typed)[1]
    assert "type.yaml:3:1" in typed.log.read_text()

    replace(own_types / "hello", "titel: Hello\n", "title: Mended\n")
    until(lambda: types_of(typed)["hello"].get("title") == "Mended", what="the mended type")
    assert "problem" not in types_of(typed)["hello"]

    pushed = shutil.copytree(HELLO, tmp_path / "work/hello")
    replace(pushed, "title: Hello\n", "title: Pushed\n")
    code, out, err = slipway("types", "push", str(pushed), broker=typed)
    assert code == 0 and "version 3" in out, err
    assert "unchanged; version 3" in slipway("types", "push", str(pushed), broker=typed)[1]
    code, out, _ = slipway("types", "versions", "hello", "-o", "json", broker=typed)
    assert [(one["version"], one["source"], one["current"]) for one in json.loads(out)["versions"]] == [
        (3, "push", True), (2, "folder", False), (1, "folder", False)]
    code, out, _ = slipway("types", "rollback", "hello", broker=typed)
    assert code == 0 and "version 2" in out
    typed.kill9()
    typed.start()
    assert types_of(typed)["hello"]["title"] == "Mended"
    code, out, _ = slipway("types", "promote", "hello", "--version", "3", broker=typed)
    assert code == 0 and types_of(typed)["hello"]["title"] == "Pushed"
    assert slipway("types", "promote", "hello", "--version", "9", broker=typed)[0] == 3
    shown = slipway("types", "show", "hello", broker=typed)[1]
    assert "Who" in shown and """A title to use (where {"Variable":"{{ Formal }}","BooleanEquals":true})""" in shown
    assert "Absolute path of the program." in slipway("types", "show", "process", broker=typed)[1]
    # A bare word is the broker's type, whatever lies in the present folder; a path is a folder.
    assert "Who" in slipway("types", "show", "hello", broker=typed, cwd=own_types)[1]
    assert "launch.yaml" in slipway("types", "show", "./hello", broker=typed, cwd=own_types)[1]
    code, _, err = slipway("types", "show", "./hello", "--version", "1", broker=typed, cwd=own_types)
    assert code == 2 and "./hello is a folder" in err
    (own_types / "other").mkdir()
    code, _, err = slipway("types", "show", "other", broker=typed, cwd=own_types)
    assert code == 3 and "write ./other" in err


def test_a_push_is_checked_and_for_administrators(typed, tmp_path):
    folder = shutil.copytree(HELLO, tmp_path / "hello")
    (folder / "launch.yaml").unlink()
    code, _, err = slipway("types", "push", str(folder), broker=typed)
    assert code == 1 and "hello/type.yaml" in err and "no file launch.yaml" in err
    assert "hello" not in types_of(typed)
    shutil.copy(HELLO / "launch.yaml", folder)
    (folder / "link.yaml").symlink_to("/etc/passwd")
    code, _, err = slipway("types", "push", str(folder), broker=typed)
    assert code == 1 and "holds no links" in err


def refusal_of(verb, folder, broker):
    code, out, err = slipway("types", verb, str(folder), broker=broker if verb == "push" else None)
    assert code == 1, (verb, out, err)
    return out + err


def test_a_push_reads_a_folder_as_lint_does(typed, tmp_path):
    folder = shutil.copytree(HELLO, tmp_path / "hello")
    os.mkfifo(folder / "pipe")
    for verb in ("lint", "push"):
        assert "pipe is neither a file nor a folder" in refusal_of(verb, folder, typed)
    (folder / "pipe").unlink()
    # What types share is a file too; a link there would lead anywhere.
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/status.yaml").symlink_to("/etc/passwd")
    text = (folder / "type.yaml").read_text()
    (folder / "type.yaml").write_text(text + "status: ../shared/status.yaml\n")
    for verb in ("lint", "push"):
        refused = refusal_of(verb, folder, typed)
        assert "there is no file ../shared/status.yaml" in refused and "root" not in refused
    # Named in a comment alone, it is no part of the type.
    (folder / "type.yaml").write_text(text + "# status: ../shared/status.yaml\n")
    linted = json.loads(slipway("types", "lint", str(folder), "-o", "json")[1])
    code, _, err = slipway("types", "push", str(folder), broker=typed)
    assert code == 0, err
    assert types_of(typed)["hello"]["sha256"] == linted["sha256"]


def test_a_rollback_outlives_an_editor_that_writes_the_same_anew(typed, own_types):
    shutil.copytree(HELLO, own_types / "hello")
    until(lambda: types_of(typed).get("hello"), what="the new type")
    replace(own_types / "hello", "title: Hello\n", "title: Second\n")
    until(lambda: types_of(typed)["hello"]["title"] == "Second", what="the second version")
    assert slipway("types", "rollback", "hello", broker=typed)[0] == 0
    file = own_types / "hello/type.yaml"
    second = file.read_text()
    for restart in (False, True):
        file.write_text("")
        until(lambda: types_of(typed)["hello"].get("problem"), what="the empty file")
        if restart:
            typed.kill9()
            typed.start()
        file.write_text(second)
        until(lambda: not types_of(typed)["hello"].get("problem"), what="the same content")
        assert types_of(typed)["hello"]["title"] == "Hello"
    replace(own_types / "hello", "title: Second\n", "title: Third\n")
    until(lambda: types_of(typed)["hello"]["title"] == "Third", what="the change")


def test_a_type_is_removed_once_nothing_uses_it(typed, own_types, tmp_path):
    for title in ("Hello", "Second"):
        pushed = shutil.copytree(HELLO, tmp_path / title / "hello")
        replace(pushed, "title: Hello\n", f"title: {title}\n")
        assert slipway("types", "push", str(pushed), broker=typed)[0] == 0
    assert slipway("env", "launch", "hello", "one", "--wait", broker=typed)[0] == 0
    code, _, err = slipway("types", "remove", "hello", "--version", "2", broker=typed)
    assert code == 5 and "one (env-" in err and "uses version 2" in err
    code, out, err = slipway("types", "remove", "hello", "--version", "1", broker=typed)
    assert code == 0 and "removed version 1" in out, err
    assert slipway("types", "remove", "hello", "--version", "1", broker=typed)[0] == 3
    assert slipway("types", "remove", "hello", broker=typed)[0] == 5
    assert slipway("env", "terminate", "one", "--wait", broker=typed)[0] == 0
    shutil.copytree(pushed, own_types / "hello")
    until(lambda: types_of(typed)["hello"].get("folder"), what="the folder")
    code, _, err = slipway("types", "remove", "hello", broker=typed)
    assert code == 5 and "take it away first" in err
    shutil.rmtree(own_types / "hello")
    until(lambda: not types_of(typed).get("hello", {}).get("folder"), what="that the folder is gone")
    code, out, err = slipway("types", "remove", "hello", broker=typed)
    assert code == 0 and "removed version 2" in out, err
    assert "hello" not in types_of(typed)
    assert slipway("types", "show", "hello", broker=typed)[0] == 3
    code, out, _ = slipway("why", "one", broker=typed)
    assert code == 0 and "one is terminated" in out and "TerminateEnvironment" in out


def test_lint_new_schema_and_diff_need_no_broker(tmp_path):
    code, out, _ = slipway("types", "lint", str(HELLO))
    assert code == 0 and "in order" in out
    for built_in in (ROOT / "types").iterdir():
        if (built_in / "type.yaml").exists():
            assert slipway("types", "lint", str(built_in))[0] == 0, built_in
    # A literal of the wrong type is refused here, not in the middle of a launch; what a reference gives, the run sees.
    shutil.copytree(ROOT / "types/process", tmp_path / "broken")
    launch = (tmp_path / "broken/launch.yaml").read_text()
    (tmp_path / "broken/launch.yaml").write_text(launch.replace("MemoryMiB: '{{ MemoryMiB }}'", "MemoryMiB: lots"))
    line = next(i for i, text in enumerate(launch.splitlines(), 1) if "MemoryMiB: '{{" in text)
    code, out, err = slipway("types", "lint", "broken", cwd=tmp_path)
    assert code != 0
    assert (f"launch.yaml:{line}:18: E-TYPE /mainSteps/2/inputs/MemoryMiB: the input MemoryMiB must be a number from 0 to "
            "16777216, not 'lots'") in out + err
    assert slipway("types", "new", "mine", cwd=tmp_path)[0] == 0
    assert slipway("types", "lint", "mine", cwd=tmp_path)[0] == 0
    assert slipway("types", "new", "mine", cwd=tmp_path)[0] == 5
    documents = [tmp_path / "myLaunchSSM.yaml", tmp_path / "myTerminateSSM.yaml"]
    for document, source in zip(documents, ("launch", "terminate")):
        shutil.copy(HELLO / f"{source}.yaml", document)
    code, _, err = slipway("types", "new", "taken", "--from-ssm", str(documents[0]), "--from-ssm", str(documents[1]),
                           cwd=tmp_path)
    assert code == 0, err
    code, out, _ = slipway("types", "lint", "taken", cwd=tmp_path)
    assert code == 0, out
    assert (tmp_path / "taken/myLaunchSSM.yaml").read_bytes() == documents[0].read_bytes()
    # What a document is for may be said where its name does not say it.
    for source in ("launch", "terminate"):
        shutil.copy(HELLO / f"{source}.yaml", tmp_path / f"one-{source[0]}.yaml")
    code, _, err = slipway("types", "new", "said", "--from-ssm", "one-l.yaml", "--from-ssm", "one-t.yaml", cwd=tmp_path)
    assert code != 0 and "--from-ssm launch=FILE" in err
    given = ["--from-ssm", "launch=one-l.yaml", "--from-ssm", "terminate=one-t.yaml"]
    code, _, err = slipway("types", "new", "said", *given, cwd=tmp_path)
    assert code == 0, err
    assert slipway("types", "lint", "said", cwd=tmp_path)[0] == 0
    code, _, err = slipway("types", "new", "twice", *given, "--from-ssm", "launch=myLaunchSSM.yaml", cwd=tmp_path)
    assert code != 0 and "Two documents are to launch" in err
    # A document that others execute lands under the name that it is executed by.
    with (tmp_path / "parent.yaml").open("w") as file:
        file.write("schemaVersion: '0.3'\nmainSteps:\n  - {name: Rest, action: 'aws:executeAutomation', inputs: "
                   "{DocumentName: Company-Rest}, isEnd: true}\n")
    given = ["--from-ssm", "launch=parent.yaml", "--from-ssm", "terminate=one-t.yaml"]
    code, _, err = slipway("types", "new", "family", *given, cwd=tmp_path)
    assert code == 1 and "add --from-ssm Company-Rest=FILE" in err
    code, _, err = slipway("types", "new", "family", *given, "--from-ssm", "Company-Rest=one-l.yaml", cwd=tmp_path)
    assert code == 0 and (tmp_path / "family/Company-Rest.yaml").exists(), err
    code, out, _ = slipway("types", "lint", "family", cwd=tmp_path)
    assert code == 0, out
    assert json.loads(slipway("types", "schema")[1])["properties"]["documents"]
    code, out, _ = slipway("types", "diff", str(HELLO), str(HELLO))
    assert code == 0 and "same" in out
    changed = shutil.copytree(HELLO, tmp_path / "changed/hello")
    replace(changed, "title: Hello\n", "title: Changed\n")
    out = slipway("types", "diff", str(HELLO), str(changed))[1]
    assert "- title: Hello" in out and "+ title: Changed" in out
    (changed / "type.yaml").write_text("name: hello\ncolour: green\n")
    code, out, _ = slipway("types", "lint", str(changed), "-o", "json")
    assert code == 1
    found = {problem["code"]: problem for problem in json.loads(out)["problems"]}
    assert found["E-KEY"]["line"] == 2 and "E-DOCUMENT" in found
