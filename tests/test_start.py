"""start.py, run for real on a copy of its files, with an installer that needs no network.

The installer is a `uv` of our own on PATH: it makes the folder and, for packages, writes empty
modules. In place of JupyterLab and pytest it writes modules that tell how they were started.
"""

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("start.py", "pyproject.toml", "requirements.lock", "requirements-test.lock")
INSTALLER = """
import os, pathlib, subprocess, sys, sysconfig
arguments = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    print(*arguments, file=calls)
failing = os.environ.get("FAILING")
if failing and failing in arguments:
    sys.exit("no route to the packages")
if arguments == ["--version"]:
    print("uv 0")
elif arguments[0] == "venv":
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", arguments[-1]], check=True)
elif arguments[0] == "pip":
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = arguments[arguments.index("--python") + 1]
    site = pathlib.Path(subprocess.check_output([python, "-c", where], text=True).strip())
    for name in "autograd ipykernel ipywidgets matplotlib numpy PIL scipy".split():
        (site / (name + ".py")).write_text("")
    (site / "playwright.py").write_text(
        "import os, sys\\n"
        "open(os.environ['CALLS'], 'a').write(' '.join(['playwright'] + sys.argv[1:]))\\n"
        "sys.exit(os.environ.get('FAILING') == 'playwright')\\n"
    )
    for name in ("jupyterlab", "pytest"):
        (site / (name + ".py")).write_text(
            "import json, os, sys\\n"
            "threads = os.environ.get('OPENBLAS_NUM_THREADS')\\n"
            "told = {'arguments': sys.argv[1:], 'threads': threads, 'cwd': os.getcwd()}\\n"
            "print(json.dumps(told))\\n"
            "sys.exit(7)\\n"
        )
"""


class Course:
    """A copy of start.py in a folder of its own, and what its installer was asked to do."""

    def __init__(self, folder):
        self.folder = folder.resolve() / "course"
        self.folder.mkdir()
        for part in PARTS:
            shutil.copy(ROOT / part, self.folder)
        self.venv = self.folder / ".venv"
        self.calls_file = folder / "calls"
        self.programs = folder / "programs"
        self.programs.mkdir()
        script = self.programs / "installer.py"
        script.write_text(INSTALLER)
        if os.name == "nt":
            (self.programs / "uv.bat").write_text(f'@"{sys.executable}" "{script}" %*\n')
        else:
            uv = self.programs / "uv"
            uv.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
            uv.chmod(0o755)

    def environment(self, **more):
        clean = {name: value for name, value in os.environ.items() if "_NUM_THREADS" not in name}
        path = os.pathsep.join([str(self.programs), clean["PATH"]])
        return {**clean, "PATH": path, "CALLS": str(self.calls_file), "PIP_NO_INDEX": "1", **more}

    def start(self, *arguments, python=sys.executable, **environment):
        return subprocess.run(
            [str(python), str(self.folder / "start.py"), *arguments],
            cwd=self.folder.parent,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self):
        """Return what the installer did since the last time this was asked."""
        if not self.calls_file.exists():
            return []
        calls = [line.split() for line in self.calls_file.read_text().splitlines()]
        self.calls_file.unlink()
        return [call for call in calls if call != ["--version"]]

    def words(self):
        """Return the first word of each call: `venv` or `pip`."""
        return [call[0] for call in self.calls()]


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


@pytest.fixture
def made(course):
    """A course whose .venv is complete."""
    assert course.start().returncode == 7
    assert course.words() == ["venv", "pip"]
    return course


def told(run):
    """Return what the module that start.py became says about itself."""
    return json.loads(run.stdout.splitlines()[-1])


def older_pythons():
    names = ["python2", "python2.7", *(f"python3.{minor}" for minor in range(5, 10))]
    found = {shutil.which(name) for name in names} - {None}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found |= {str(path) for path in pyenv.glob("versions/*/bin/python")}
    probe = "import sys; sys.exit(0 if sys.version_info < (3, 10) else 1)"
    runs = {
        path: subprocess.run([path, "-c", probe], stderr=subprocess.DEVNULL).returncode
        for path in found
    }
    return sorted(path for path, code in runs.items() if code == 0)


def assert_refused(run, folder):
    assert run.returncode == 1
    assert run.stderr.startswith("RNN Camp needs Python 3.10 or newer, and this is Python ")
    assert "install a newer one" in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (folder / ".venv").exists()


def test_every_older_python_found_here_is_refused_in_one_sentence(course):
    older = older_pythons()
    if not older:
        pytest.skip("there is no older Python on this machine")
    for python in older:
        assert_refused(course.start(python=python), course.folder)


def test_an_older_python_is_refused_in_one_sentence(course):
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 18);"
        f"runpy.run_path({str(course.folder / 'start.py')!r}, run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", pretend], env=course.environment(), capture_output=True, text=True
    )
    assert_refused(run, course.folder)


def test_help_lists_what_it_can_do_and_installs_nothing(course):
    run = course.start("--help")
    assert run.returncode == 0
    for words in ("lab --no-browser", "test --fast", "python start.py "):
        assert words in run.stdout
    assert not course.venv.exists()


@pytest.mark.parametrize("arguments", [["--foo"], ["lab", "--foo"], ["lab", "--port", "x"]])
def test_what_it_does_not_know_is_refused_before_anything_is_installed(course, arguments):
    run = course.start(*arguments)
    assert run.returncode == 2 and "error" in run.stderr
    assert not course.venv.exists()


def test_first_start_installs_the_lock_and_the_package_and_opens_the_first_page(course):
    run = course.start()
    venv, install = course.calls()
    assert venv[0] == "venv" and Path(venv[-1]) == course.venv
    assert "--no-deps -r requirements.lock -e ." in " ".join(install)
    lab = told(run)
    assert f"--ServerApp.root_dir={course.folder}" in lab["arguments"]
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in lab["arguments"]
    assert "--no-browser" not in lab["arguments"]
    assert lab["cwd"] == str(course.folder)
    settings = (course.venv / "share/jupyter/lab/settings/overrides.json").read_text()
    assert '"fetchNews": "false"' in settings
    assert run.returncode == 7, "the exit code of what was started is passed through"


def test_lab_passes_on_its_options(made):
    arguments = told(made.start("lab", "--no-browser", "--port", "0"))["arguments"]
    assert "--no-browser" in arguments and "--port=0" in arguments


def test_second_start_is_quick_and_installs_nothing(made):
    began = time.perf_counter()
    run = made.start()
    assert time.perf_counter() - began < 3
    assert run.returncode == 7 and made.calls() == []


def test_one_blas_thread_is_the_default_and_another_number_is_honoured(made):
    assert told(made.start())["threads"] == "1"
    assert told(made.start(OPENBLAS_NUM_THREADS="2"))["threads"] == "2"


def test_tests_add_their_tools_to_the_course_once(made):
    run = made.start("test", "--fast")
    (install,) = made.calls()
    assert "-r requirements-test.lock" in " ".join(install)
    assert {"--ignore=tests/notebooks", "--ignore=tests/browser"} <= set(told(run)["arguments"])
    made.start("test", "--fast")
    made.start("lab")
    assert made.calls() == []


def test_all_tests_run_without_fast_and_arguments_go_to_pytest(course):
    run = course.start("test", "-k", "a b", "-x", "tests/unit")
    assert told(run)["arguments"] == ["-k", "a b", "-x", "tests/unit"]
    assert run.returncode == 7


def test_a_browser_is_fetched_for_all_tests_where_there_is_none(made):
    made.start("test", "--fast")
    made.calls()
    alone = str(made.programs)
    assert told(made.start("test", "--fast", PATH=alone)) and made.calls() == []
    assert told(made.start("test", PATH=alone))
    assert made.calls() == [["playwright", "install", "chromium"]]
    run = made.start("test", PATH=alone, FAILING="playwright")
    assert "need Chromium or Chrome" in run.stdout and told(run)
    made.calls()
    browser = made.programs / ("chromium.bat" if os.name == "nt" else "chromium")
    browser.write_text("")
    browser.chmod(0o755)
    assert told(made.start("test", PATH=alone)) and made.calls() == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_list_of_dependencies_is_installed(made, name):
    with (made.folder / name).open("a") as file:
        file.write("\n# changed\n")
    made.start()
    assert made.words() == ["pip"]


def test_failed_installation_says_why_and_what_to_do_and_then_succeeds(course):
    run = course.start(FAILING="pip")
    assert run.returncode == 1
    assert "no route to the packages" in run.stdout
    assert "network" in run.stderr and "type the same command again" in run.stderr
    course.calls()
    assert course.start().returncode == 7
    assert course.words() == ["venv", "pip"]


def test_installation_that_failed_half_way_is_not_trusted(made):
    with (made.folder / "requirements.lock").open("a") as file:
        file.write("\n# changed\n")
    made.start(FAILING="pip")
    made.calls()
    assert "The last set-up did not finish." in made.start().stdout
    assert made.words() == ["venv", "pip"]


def test_failed_venv_says_what_to_do_and_then_succeeds(course):
    run = course.start(FAILING="venv")
    assert run.returncode == 1 and "type the same command again" in run.stderr
    assert course.start().returncode == 7


def test_course_still_opens_when_the_tests_could_not_be_installed(made):
    assert made.start("test", FAILING="requirements-test.lock").returncode == 1
    made.calls()
    assert made.start().returncode == 7
    assert made.calls() == []


def remove_python(venv):
    for python in [*venv.glob("bin/python*"), *venv.glob("Scripts/python*")]:
        python.unlink()


def break_python(venv):
    remove_python(venv)
    folder = venv / ("Scripts" if os.name == "nt" else "bin")
    (folder / ("python.exe" if os.name == "nt" else "python")).write_text("no program")


def remove_packages(venv):
    for package in venv.rglob("numpy.py"):
        package.unlink()


def spoil_record(venv):
    (venv / "rnn-camp.json").write_text('{"folder": ')


def make_by_another_python(venv):
    record = json.loads((venv / "rnn-camp.json").read_text())
    (venv / "rnn-camp.json").write_text(json.dumps({**record, "python": "3.8"}))


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (remove_python, "The Python in .venv does not run any more"),
        (break_python, "The Python in .venv does not run any more"),
        (remove_packages, "packages are missing"),
        (spoil_record, "The last set-up did not finish."),
        (make_by_another_python, "Python changed from 3.8 to "),
    ],
)
def test_broken_venv_of_ours_is_made_anew_with_a_sentence(made, damage, sentence):
    (made.venv / "left over").write_text("")
    damage(made.venv)
    run = made.start()
    assert sentence in run.stdout.splitlines()[0]
    assert run.returncode == 7 and made.words() == ["venv", "pip"]
    assert not (made.venv / "left over").exists()
    made.start()
    assert made.calls() == []


def test_moved_course_gets_a_new_venv(made):
    before = made.folder
    made.folder = before.rename(before.with_name("moved"))
    run = made.start()
    assert f"moved or copied from {before}." in run.stdout
    assert run.returncode == 7 and made.words() == ["venv", "pip"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_venv_of_somebody_else_is_left_alone(course, kind):
    if kind == "file":
        course.venv.write_text("mine")
    elif kind == "folder":
        course.venv.mkdir()
        (course.venv / "mine").write_text("mine")
    else:
        try:
            course.venv.symlink_to(course.folder / "nowhere")
        except OSError:
            pytest.skip("this system allows no symbolic links")
    run = course.start()
    assert run.returncode == 1
    assert "did not make" in run.stderr and "Rename it or delete it" in run.stderr
    assert course.calls() == []
    kept = {"file": course.venv.is_file, "link": course.venv.is_symlink}
    assert kept.get(kind, (course.venv / "mine").is_file)()


def test_venv_is_not_made_anew_by_the_python_inside_it(made):
    spoil_record(made.venv)
    folder = made.venv / ("Scripts" if os.name == "nt" else "bin")
    run = made.start(python=folder / "python")
    assert run.returncode == 1 and "Type `deactivate`" in run.stderr
    assert made.calls() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send Ctrl-C to one child")
def test_ctrl_c_during_the_set_up_is_quiet(course):
    uv = course.programs / "uv"
    uv.write_text('#!/bin/sh\n[ "$1" = --version ] && echo uv 1 || exec sleep 30\n')
    child = subprocess.Popen(
        [sys.executable, str(course.folder / "start.py")],
        env=course.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout.read(len("This is the first start.")) == "This is the first start."
    time.sleep(0.5)
    os.killpg(child.pid, signal.SIGINT)
    out, errors = child.communicate(timeout=20)
    assert child.returncode == 130 and errors == "" and out.endswith("Stopped.\n")


def test_pip_is_used_where_there_is_no_uv(course, monkeypatch):
    """The whole way with pip needs a network, so the commands are looked at instead."""
    start = runpy.run_path(str(course.folder / "start.py"))
    steps = []
    monkeypatch.setitem(
        start["prepare"].__globals__, "run_step", lambda _, command: steps.append(command) or True
    )
    monkeypatch.setenv("PATH", str(course.folder))
    start["prepare"]("requirements.lock")
    make, install = steps
    assert make[:3] == [sys.executable, "-m", "venv"]
    assert install[1:4] == ["-m", "pip", "install"]
    assert install[4:] == ["--no-deps", "-r", "requirements.lock", "-e", "."]
