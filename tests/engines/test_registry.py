"""Engines by name, with and without their packages."""

import importlib.util
import subprocess
import sys

import pytest

from ivlm_bench.engines import EngineEntry, available_engines, get_engine, register_engine
from ivlm_bench.errors import MissingDependencyError, PluginError, UnknownNameError


def test_the_reference_comes_first_and_is_one_instance() -> None:
    assert available_engines()[0] == "mujoco"
    assert get_engine("mujoco") is get_engine("mujoco")
    assert get_engine("mujoco").name == "mujoco"


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mujoco'"):
        get_engine("mujocco")


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> object:
        return None if name == "pybullet" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert "pybullet" not in available_engines()
    with pytest.raises(MissingDependencyError, match=r"pip install pybullet==3\.2\.7") as caught:
        get_engine("pybullet")
    assert "Python 3.10/3.11 on Linux x86-64 only" in str(caught.value)


def test_a_name_is_taken_once() -> None:
    entry = EngineEntry("somewhere", "Other", "mujoco", "missing")
    with pytest.raises(PluginError, match="mujoco"):
        register_engine("mujoco", entry)


@pytest.mark.skipif("pybullet" not in available_engines(), reason="no wheel on this platform")
def test_the_banner_of_pybullet_stays_out_of_results() -> None:
    code = "from ivlm_bench.engines import get_engine; get_engine('pybullet'); print('result')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "result\n"


def test_importing_the_registry_imports_no_engine() -> None:
    code = (
        "import sys, ivlm_bench.engines\n"
        "print(sorted({'mujoco', 'pybullet', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
