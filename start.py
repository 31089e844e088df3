"""Set up RNN Camp and open it. All that is needed is Python 3.10 or newer.

  python start.py                    open the course in JupyterLab
  python start.py lab --no-browser   start JupyterLab and print its address
  python start.py test               run all tests
  python start.py test --fast        leave out the notebooks, the browser and slow tests

The first start makes the folder .venv and installs everything into it. Later starts skip that.
"""

# This file must be valid for any Python since 2.7, or old ones could not say what is wrong.
import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

OLDEST_PYTHON = (3, 10)
ROOT = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(ROOT, ".venv")
# The record says that .venv is ours, where and by which Python it was made, and what it holds.
RECORD = os.path.join(VENV, "rnn-camp.json")
PYTHON = os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
COURSE_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"  # everything in the course's lock, and the test tools
FIRST_PAGE = "notebooks/00_start_here.ipynb"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SLOW_TESTS = ["--ignore=tests/notebooks", "--ignore=tests/browser", "-m", "not slow"]
# JupyterLab would ask on the first page whether it may fetch news.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}
# Prints the version of the Python that runs it, where the course's packages are there too.
PROBE = """
import importlib.util, sys
course = "autograd ipykernel ipywidgets jupyterlab matplotlib numpy PIL scipy".split()
if all(importlib.util.find_spec(name) for name in course):
    print("%d.%d" % sys.version_info[:2])
"""
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

FAILED = """The set-up stopped; the lines above say why.
Most often the network is missing, or a proxy is not set. Sometimes the disk is full.
On Debian and Ubuntu, `sudo apt install python3-venv` may be needed first.
Then type the same command again."""
FOREIGN = """There is a .venv here that start.py did not make, so it is left alone: %s
Rename it or delete it, then type the same command again."""
INSIDE = """.venv must be made anew, but start.py is running inside it.
Type `deactivate`, or open a new terminal, then type the same command again."""
BLOCKED = """.venv cannot be made or made anew: %s
Close JupyterLab and every other program that uses this folder, and see that you may write in it.
Then type the same command again."""
NO_BROWSER = """The browser tests need Chromium or Chrome, and none was found.
Install one (on Debian: `sudo apt install chromium`). The other tests run without."""


def say(text, end="\n"):
    sys.stdout.write(text + end)
    sys.stdout.flush()


def refuse_old_python():
    if sys.version_info[:2] < OLDEST_PYTHON:
        sys.exit(
            "RNN Camp needs Python %d.%d or newer, and this is Python %d.%d: install a newer one "
            "from https://www.python.org/downloads/ and start again with it, for example "
            "`python3.12 start.py`." % (OLDEST_PYTHON + sys.version_info[:2])
        )


def run_step(sentence, command):
    """Run one step of the set-up on one line of output; where it fails, show what it said."""
    say(sentence + " ", end="")
    started = time.time()
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        ) as child:
            while child.poll() is None:
                say(".", end="")
                try:
                    child.wait(timeout=2)
                except subprocess.TimeoutExpired:
                    pass
        say(" %.0f s" % (time.time() - started) if child.returncode == 0 else " failed")
        if child.returncode != 0:
            log.seek(0)
            shutil.copyfileobj(log, sys.stdout.buffer)  # bytes, for not every terminal is UTF-8
            sys.stdout.flush()
    return child.returncode == 0


def output_of(*command):
    """Return what a command prints, or None where it does not run."""
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def digest(lock):
    """Return a hash of what an installation depends on: it changes when that must be done again."""
    hashed = hashlib.sha256()
    for name in (lock, "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            hashed.update(file.read())
    return hashed.hexdigest()


def read_record():
    """Return the record in .venv: {} where it is damaged, None where there is none."""
    if not os.path.isfile(RECORD):
        return None
    try:
        with open(RECORD) as file:
            return dict(json.load(file))
    except (ValueError, TypeError):
        return {}


def write_record(record):
    with open(RECORD, "w") as file:
        json.dump(record, file, indent=1)


def what_is_wrong(record):
    """Return why a .venv of ours cannot be used, or None where it can."""
    if not record.get("installed"):
        return "The last set-up did not finish."
    if record.get("folder") != ROOT:
        return "The course was moved or copied from %s." % record.get("folder")
    version = output_of(PYTHON, "-c", PROBE)
    if not version:
        return "The Python in .venv does not run any more, or packages are missing."
    if version != record.get("python"):
        return "Python changed from %s to %s." % (record.get("python"), version)
    return None


def empty_venv():
    """Leave nothing in .venv but an empty record, which says it is ours if we are interrupted."""
    if os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        sys.exit(INSIDE)
    try:
        os.makedirs(VENV, exist_ok=True)
        write_record({})
        for entry in os.scandir(VENV):
            if entry.path != RECORD:
                remove = shutil.rmtree if entry.is_dir(follow_symlinks=False) else os.remove
                remove(entry.path)
    except OSError as error:
        sys.exit(BLOCKED % error)


def make_venv(uv):
    """Make a .venv that holds no packages yet; return its record."""
    empty_venv()
    if uv:
        command = [uv, "venv", "--seed", "--allow-existing", "--python", sys.executable, VENV]
    else:
        command = [sys.executable, "-m", "venv", VENV]
    if not run_step("Making .venv", command):
        sys.exit(FAILED)
    return {"folder": ROOT, "python": "%d.%d" % sys.version_info[:2], "installed": {}}


def install(lock, uv):
    """Install the packages of a lock file and the course's own; the lock is complete: no others."""
    installer = [PYTHON, "-m", "pip", "install"]
    if uv:
        installer = [uv, "pip", "install", "--python", PYTHON]
    command = installer + ["--no-deps", "-r", lock, "-e", "."]
    if not run_step("Installing (a few minutes on a slow network)", command):
        sys.exit(FAILED)


def write_lab_settings():
    folder = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "overrides.json"), "w") as file:
        json.dump(LAB_SETTINGS, file)


def prepare(lock):
    """Make .venv hold what the lock file lists. Where it does already, this takes no time."""
    record = read_record()
    if record is None and os.path.lexists(VENV):
        sys.exit(FOREIGN % VENV)
    problem = "This is the first start." if record is None else what_is_wrong(record)
    if not problem and record["installed"].get(lock) == digest(lock):
        return
    uv = shutil.which("uv") if output_of("uv", "--version") else None
    if problem:
        say(problem + " .venv is made now, which happens once.")
        record = make_venv(uv)
    # What an interrupted installation may spoil is forgotten first; the course survives the tests'.
    locks = {name: digest(name) for name in (COURSE_LOCK, TEST_LOCK)}
    held = {name: made for name, made in locks.items() if record["installed"].get(name) == made}
    write_record(dict(record, installed=held))
    install(lock, uv)
    write_lab_settings()
    held = {name: locks[name] for name in (COURSE_LOCK, lock)}
    write_record(dict(record, installed=held))


def find_browser():
    """Give the browser tests Playwright's own Chromium where the system has no browser."""
    if not any(shutil.which(name) for name in BROWSERS):
        fetch = [PYTHON, "-m", "playwright", "install", "chromium"]
        if not run_step("Looking for a browser for the tests", fetch):
            say(NO_BROWSER)


def lab(options):
    """Return the arguments of python -m that open the course."""
    command = [
        "jupyterlab",
        "--ServerApp.root_dir=" + ROOT,
        "--LabApp.default_url=/lab/tree/" + FIRST_PAGE,
        "--ServerApp.answer_yes=True",  # one Ctrl-C is enough
        "--allow-root",  # in a container one is often root; for others it changes nothing
    ]
    if options.no_browser:
        command.append("--no-browser")
    if options.port is not None:
        command.append("--port=%d" % options.port)
    return command


def become(module_and_arguments):
    """Go on as `python -m module arguments`: its exit code and its Ctrl-C are ours."""
    command = [PYTHON, "-m"] + module_and_arguments
    os.chdir(ROOT)
    for name in THREADS:  # small matrix products are much slower on many threads
        os.environ.setdefault(name, "1")
    if os.name != "nt":
        os.execv(PYTHON, command)
    child = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the child's to handle
    sys.exit(child.wait())


def read_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="start.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="lab | test", required=True)
    lab = commands.add_parser("lab", help="open the course (what happens without any word)")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead")
    lab.add_argument("--port", type=int, help="the port to serve on")
    test = commands.add_parser(
        "test", help="run the tests", epilog="Anything else goes to pytest.", allow_abbrev=False
    )
    test.add_argument(
        "--fast", action="store_true", help="leave out notebooks, browser and slow tests"
    )
    options, others = parser.parse_known_args(arguments or ["lab"])
    if others and options.command == "lab":
        lab.error("this is not known: " + " ".join(others))
    return options, others


def main(arguments):
    refuse_old_python()
    options, others = read_arguments(arguments)
    if options.command == "test":
        prepare(TEST_LOCK)
        if not options.fast:
            find_browser()
        become(["pytest"] + (SLOW_TESTS if options.fast else []) + others)
    prepare(COURSE_LOCK)
    say("Opening RNN Camp. Keep this window open; Ctrl-C in it closes the course.")
    become(lab(options))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        say("\nStopped.")
        sys.exit(130)
