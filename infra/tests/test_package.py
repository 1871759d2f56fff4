"""What `infra/package` puts around a built function. The build itself is run where there is time for it."""

import importlib.machinery
import importlib.util
import zipfile
from pathlib import Path

import pytest

from conftest import from_sam_names

PROFILES = Path(__file__).resolve().parent.parent / "profiles"


@pytest.fixture(scope="module")
def package():
    path = Path(__file__).resolve().parent.parent / "package"
    loader = importlib.machinery.SourceFileLoader("package", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("package", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def zipped(tmp_path):
    file = tmp_path / "bootstrap.zip"
    with zipfile.ZipFile(file, "w") as built:
        built.writestr("bootstrap", b"binary")
    return file


def test_the_zip_holds_the_program_and_every_profile(package, zipped):
    package.complete(zipped, sorted(PROFILES.glob("*.toml")))
    with zipfile.ZipFile(zipped) as complete:
        profiles = {f"profiles/{file.name}" for file in PROFILES.glob("*.toml")}
        assert profiles and set(complete.namelist()) == {"bootstrap", *profiles}
        assert complete.read("profiles/gambella.toml") == (PROFILES / "gambella.toml").read_bytes()
        assert complete.getinfo("bootstrap").external_attr >> 16 == 0o755


def test_the_same_content_gives_the_same_file(package, zipped):
    profiles = sorted(PROFILES.glob("*.toml"))
    package.complete(zipped, profiles)
    first = zipped.read_bytes()
    package.complete(zipped, profiles)
    assert zipped.read_bytes() == first


def test_the_functions_of_a_release_are_taken_as_they_are(package, zipped, tmp_path, monkeypatch):
    monkeypatch.setattr(package, "PACKAGES", tmp_path / "packages")
    release = tmp_path / "release"
    release.mkdir()
    for architecture in package.TARGETS:
        with zipfile.ZipFile(release / f"referrals-to-primero-0.2.0-{architecture}.zip", "w") as built:
            built.writestr("bootstrap", architecture)
    package.take(["referrals-to-primero"], release, "arm64")
    with zipfile.ZipFile(tmp_path / "packages" / "referrals-to-primero" / "bootstrap.zip") as taken:
        assert taken.read("bootstrap") == b"arm64"


def test_profiles_with_a_fault_are_not_packaged(package, tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    bridge = tmp_path / "bridge"
    bridge.write_text(f'#!/bin/sh\necho "$@" > {seen}\ngrep -q fault "$3" && exit 1\nexit 0\n')
    bridge.chmod(0o755)
    monkeypatch.setenv("BRIDGE", str(bridge))
    profile = tmp_path / "dollo.toml"
    profile.write_text("right")
    package.check([profile])
    assert seen.read_text().split() == ["profile", "check", str(profile)]
    profile.write_text("fault")
    with pytest.raises(SystemExit, match="correct the profiles"):
        package.check([profile])
    monkeypatch.setenv("BRIDGE", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match="is not there"):
        package.check([profile])


def test_a_function_that_the_release_lacks_is_named(package, tmp_path):
    with pytest.raises(SystemExit, match="0 files referrals-to-primero-…-arm64.zip"):
        package.take(["referrals-to-primero"], tmp_path, "arm64")


def test_every_function_that_can_be_built_is_in_the_stack():
    functions = Path(__file__).resolve().parents[2] / "functions"
    built = {file.parent.name for file in functions.glob("*/Cargo.toml")}
    assert built and built <= set(from_sam_names())
