"""`slipway demo`, as a person sees it: the whole show, Ctrl-C at any of its stages, and what --keep leaves."""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import termios
import uuid

import pytest

from conftest import BINARY, ROOT, SCRATCH, processes_in, until

TIMED = re.compile(r"^ +\d+\.\d\d s  \S")


def start(folder, *arguments, listen="127.0.0.1:0", **streams):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLIPWAY_"))}
    return subprocess.Popen(
        [BINARY, "demo", "--data-dir", folder, "--listen", listen, "--examples", ROOT / "examples", *arguments],
        stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, env=environment, start_new_session=True, **streams)


class Demo:
    """One run of the demo; its output is read line by line."""

    def __init__(self, folder, *arguments, **more):
        self.process = start(folder, *arguments, stdout=subprocess.PIPE, text=True, **more)
        self.lines = []

    def read_to(self, word):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if word in line:
                return
        raise AssertionError(f"the demo never said {word!r}:\n{self.text}")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        self.lines += self.process.stdout.read().splitlines()
        self.process.stdout.close()
        return self.process.wait(60)

    @property
    def text(self):
        return "\n".join(self.lines)


@pytest.fixture
def folder():
    place = SCRATCH / uuid.uuid4().hex[:6]
    yield place
    for pid in processes_in(place):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def left_of(folder):
    """What a demo left: processes, folders of clusters, their sockets."""
    environments = folder / "environments"
    sockets = [place for place in pathlib.Path("/tmp").glob("sw-*/owner") if str(folder) in str(os.readlink(place))]
    return [*processes_in(folder).items(), *environments.glob("[!.]*"), *sockets]


def on_a_terminal(folder, columns):
    """Exit code, what stands on the screen at the end, and what stood there for a while."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = start(folder, stdout=its)
    os.close(its)
    drawn = b""
    with contextlib.suppress(OSError):  # EIO: nobody holds the other end any more
        while more := os.read(ours, 65536):
            drawn += more
    os.close(ours)
    lines = re.sub(r"\x1b\[\d?m", "", drawn.decode().replace("\r\n", "\n")).split("\n")
    parts = [line.split("\r\x1b[K") for line in lines]
    return process.wait(60), "\n".join(line[-1] for line in parts), [part for line in parts for part in line[:-1]]


def test_the_whole_show(folder):
    code, text, passing = on_a_terminal(folder, 40)
    assert code == 0, text
    # What is drawn over again must not wrap: only one row can be wiped.
    assert passing and max(len(part) for part in passing) < 40, passing
    stages = re.split(r"^(?=\d  )", text, flags=re.M)[1:]
    assert [stage[0] for stage in stages] == ["1", "2", "3", "4", "5"], text
    for stage in stages:
        assert any(TIMED.match(line) for line in stage.splitlines()), stage
    flat = " ".join(text.split())  # the narrow terminal broke lines
    for said in ("CREATE_COMPLETE", "queue1-st-c5large-1", "queue1-dy-c5large-2", "COMPLETED", "folder: gone",
                 "the broker is stopped", "Try next"):
        assert said in flat, text
    assert re.search(r"left of \d\d? processes: 0; of \d\d? ports: 0; folder: gone", flat), text
    assert not left_of(folder)


@pytest.mark.parametrize("stage", [
    "One ParallelCluster request", "1  A broker", "data in", "CREATE_IN_PROGRESS", "3  The cluster", "CREATE_COMPLETE", "4  Jobs",
    "sbatch --nodes=1", "srun", "5  DELETE",
])
def test_ctrl_c_cleans_up(folder, stage):
    demo = Demo(folder)
    demo.read_to(stage)
    demo.interrupt()
    assert demo.end() == 130, demo.text
    assert not left_of(folder)
    assert "5  DELETE" in stage or "Try next" not in demo.text


def test_a_second_ctrl_c_ends_the_waiting_and_says_what_is_left(folder):
    demo = Demo(folder)
    demo.read_to("CREATE_COMPLETE")
    demo.interrupt()
    demo.read_to("cleaning up")
    demo.interrupt()
    assert demo.end() == 130, demo.text
    if "is deleted" in demo.text:  # the deletion was faster
        assert not left_of(folder)
        return
    assert "is still there" in demo.text
    for command in re.findall(r"`([^`]*cluster delete[^`]*)`", demo.text):
        assert str(folder) in command


def printed_commands(demo):
    return [line.strip() for line in demo.text.split("are running.")[1].splitlines() if line.startswith("  ")]


@pytest.fixture
def kept(folder):
    demo = Demo(folder, "--keep")
    assert demo.end() == 0, demo.text
    return demo


def test_what_keep_prints_is_true(folder, kept):
    assert processes_in(folder)
    for command in printed_commands(kept):
        done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, f"{command}: {done}"
        if "sinfo" in command:
            assert "queue1" in done.stdout
    until(lambda: not left_of(folder), 40, "everything to be gone")


def test_beside_a_kept_demo(folder, kept, tmp_path):
    url = (folder / "endpoint").read_text().strip()
    # On the same data folder it uses the broker that runs, and leaves it and its cluster alone.
    second = Demo(folder)
    assert second.end() == 0, second.text
    assert f"running already on {url}" in second.text and "cluster 'demo-2'" in second.text
    assert "the broker is stopped" not in second.text
    assert len(list((folder / "environments").glob("[!.]*"))) == 1
    # Its port in another data folder is refused, with who has it and the way out.
    port = url.rsplit(":", 1)[1]
    other = tmp_path / "other"
    third = Demo(other, listen=f"127.0.0.1:{port}")
    assert third.end() == 5, third.text
    assert re.search(rf"Port {port} is taken by process \d+ \(slipway\)", third.text), third.text
    assert "--listen 127.0.0.1:0" in third.text and not other.exists()
    # A data folder whose broker cannot be found, as after its address file was lost, is not served by two.
    (folder / "endpoint").unlink()
    fourth = Demo(folder)
    assert fourth.end() != 0 and "another broker" in fourth.text, fourth.text
    (folder / "endpoint").write_text(url + "\n")
    for command in printed_commands(kept)[-2:]:
        subprocess.run(command, shell=True, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until(lambda: not left_of(folder), 40, "everything to be gone")
