"""pyproject.toml is the one list of dependencies: environment.yml and the locks must agree."""

import re
import runpy
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COURSE = PROJECT["dependencies"]
TEST = COURSE + PROJECT["optional-dependencies"]["test"]
LOCKS = {"requirements.lock": COURSE, "requirements-test.lock": TEST}
MACHINES = [
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.0",
        "sys_platform": platform,
        "platform_system": system,
        "os_name": os_name,
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for minor in range(10, 15)
    for platform, system, os_name in [
        ("linux", "Linux", "posix"),
        ("darwin", "Darwin", "posix"),
        ("win32", "Windows", "nt"),
    ]
]


def bounds(lines):
    """Return {name: bounds} of a list of requirements."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(needed.name): needed.specifier for needed in requirements}


def locked(lock):
    """Return the lock's lines as pairs: the requirement, and the list of what asked for it."""
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line.strip()]
    pairs = [line.partition("# via ") for line in lines]
    return [(Requirement(line), via.split(", ")) for line, _, via in pairs]


def applies(requirement, machine):
    return requirement.marker is None or requirement.marker.evaluate(machine)


def versions_on(machine, lock):
    """Return {name: versions} of what a lock installs on a machine."""
    versions = {}
    for pin, _ in locked(lock):
        if applies(pin, machine):
            (exact,) = pin.specifier
            versions.setdefault(canonicalize_name(pin.name), []).append(exact.version)
    return versions


def test_conda_environment_lists_the_same_packages_with_the_same_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, by_pip = environment["dependencies"]
    expected = bounds(COURSE) | {
        "python": SpecifierSet(PROJECT["requires-python"]),
        "pip": SpecifierSet(),
    }
    assert bounds(conda) == expected
    assert by_pip == {"pip": ["-e ."]}


def test_start_py_asks_for_the_same_python_and_looks_for_the_same_packages():
    start = runpy.run_path(str(ROOT / "start.py"))
    oldest = SpecifierSet(">=" + ".".join(map(str, start["OLDEST_PYTHON"])))
    assert oldest == SpecifierSet(PROJECT["requires-python"])
    names = {"PIL" if name == "pillow" else name for name in bounds(COURSE)}
    assert names == set(re.search(r'course = "(.*)"', start["PROBE"])[1].split())


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_one_version_of_each_dependency_within_its_bounds_on_every_machine(lock):
    for machine in MACHINES:
        versions = versions_on(machine, lock)
        assert all(len(several) == 1 for several in versions.values())
        for line in LOCKS[lock]:
            needed = Requirement(line)
            if applies(needed, machine):
                (version,) = versions[canonicalize_name(needed.name)]
                assert needed.specifier.contains(version), f"{line}, locked at {version}"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_exact_pins_and_no_address(lock):
    assert not re.search(r"://|@|--|[\\/]", (ROOT / lock).read_text())
    for pin, _ in locked(lock):
        (exact,) = pin.specifier
        assert exact.operator == "==" and "*" not in exact.version


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_no_direct_dependency_that_pyproject_does_not_list(lock):
    ours = f"{PROJECT['name']} (pyproject.toml)"
    direct = {canonicalize_name(pin.name) for pin, via in locked(lock) if ours in via}
    assert direct == set(bounds(LOCKS[lock]))


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_locked_that_nothing_asks_for(lock):
    names = {canonicalize_name(pin.name) for pin, _ in locked(lock)}
    for pin, asked_by in locked(lock):
        others = {name for name in asked_by if not name.endswith("(pyproject.toml)")}
        assert asked_by and others <= names, f"{pin} is locked for {others - names}"


def test_tests_run_on_the_versions_the_course_runs_on():
    for machine in MACHINES:
        course, test = (versions_on(machine, lock) for lock in LOCKS)
        assert course.items() <= test.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_is_complete(lock):
    """What the installed packages ask for is locked: start.py installs nothing beside the lock."""
    here = default_environment()
    locked_here = versions_on(here | {"extra": ""}, lock)
    waiting, seen = [(line, "") for line in LOCKS[lock]], set()
    while waiting:
        line, extra = waiting.pop()
        needed = Requirement(line)
        if (line, extra) in seen or not applies(needed, here | {"extra": extra}):
            continue
        seen.add((line, extra))
        (version,) = locked_here.get(canonicalize_name(needed.name), [None])
        assert version and needed.specifier.contains(version), f"{line} is locked at {version}"
        requires = distribution(needed.name).requires or []
        waiting += [(further, extra) for further in requires for extra in needed.extras | {""}]
