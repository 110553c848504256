"""The locked sets: they satisfy the requirements, agree with each other, and have hashes."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import HOME

SETS = ("requirements", "requirements-dev", "requirements-docs")


def required(name: str) -> list[Requirement]:
    lines = (HOME / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Canonical name -> (version, number of hashes)."""
    text = (HOME / f"{name}.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    pins = [(re.match(r"([\w.-]+)==(\S+)", entry), entry) for entry in entries]
    assert all(pin for pin, _ in pins)
    return {
        canonicalize_name(pin[1]): (pin[2], entry.count("--hash=sha256:")) for pin, entry in pins
    }


@pytest.mark.parametrize("name", SETS)
def test_every_requirement_is_locked_with_hashes(name: str) -> None:
    pins = locked(name)
    assert min(hashes for _, hashes in pins.values()) >= 1
    for requirement in required(name):
        version, _ = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_the_planner_alone_is_a_part_of_the_whole_set() -> None:
    alone, whole = locked("requirements"), locked("requirements-dev")
    assert {name: pin for name, pin in whole.items() if name in alone} == alone
