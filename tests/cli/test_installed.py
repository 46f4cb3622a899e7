"""What `make dist` builds is installed with pip into a venv of its own, from an empty folder, and
is the whole program.

Its dependencies are those of the tests' own venv: what pip downloads is pip's affair, and .ci/run
does that once.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.docs.pages import ROOT
from tests.support.billing import until
from tests.support.postgres import free_port

SOURCES = ("bridge", "hooks", "pyproject.toml", "README.md", "LICENSE")


def away() -> dict[str, str]:
    """An environment that leads to no sources either."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def ran(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=away(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the sources."""
    sources = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, sources / name)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
    ]
    ran(*pip, "--wheel-dir", sources / "dist", ".", cwd=sources)
    (made,) = sources.glob("dist/*.whl")
    return made


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, with no way back to the sources."""
    empty = tmp_path_factory.mktemp("empty")
    ran(sys.executable, "-m", "venv", "--without-pip", empty / "venv", cwd=empty)
    python = empty / "venv" / "bin" / "python"
    site = Path(
        ran(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=empty
        ).strip()
    )
    # A folder named in a .pth is searched, but its own .pth files, such as that of an editable
    # install, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
    ]
    ran(*pip, "--no-deps", "--ignore-installed", wheel, cwd=empty)
    where = ran(
        python, "-c", "import bridge, hooks; print(bridge.__file__, hooks.__file__)", cwd=empty
    )
    assert where.count(str(site)) == 2
    return python.with_name("enom-bridge")


def test_plug_ins_are_not_in_the_wheel(wheel: Path) -> None:
    """They have an archive each, which `make plugins` builds."""
    with zipfile.ZipFile(wheel) as built:
        names = built.namelist()
    assert [name for name in names if name.endswith((".php", ".tpl"))] == []
    assert "hooks/whmcs/__init__.py" in names


@pytest.fixture
def configured(program: Path, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    answers = ["--uid", "reseller", "--token", "sim-token", "--suspend-with", "refuse"]
    ran(
        program,
        "init",
        "--yes",
        *answers,
        "--endpoint",
        "http://127.0.0.1:9/interface.asp",
        cwd=tmp_path,
    )
    yield program, tmp_path


def test_from_an_empty_folder_to_a_bridge_that_answers(configured: tuple[Path, Path]) -> None:
    program, folder = configured
    assert ran(program, "--version", cwd=folder).startswith("enom-bridge")
    url = f"http://127.0.0.1:{(port := free_port())}"
    log = folder / "bridge.log"
    with log.open("w") as out:
        serving = subprocess.Popen(
            [program, "serve", "--port", str(port)], cwd=folder, env=away(), stdout=out, stderr=out
        )
    try:
        until(lambda: " ready" in log.read_text() or serving.poll() is not None, why=log.read_text)
        for path in ("/healthz", "/openapi.json", "/admin/sign-in", "/admin/static/admin.css"):
            assert requests.get(url + path, timeout=60).status_code == 200, path
        assert json.loads(ran(program, "jobs", "list", "--json", cwd=folder))["items"] == []
    finally:
        serving.terminate()
    assert serving.wait(60) == 0, log.read_text()


def test_the_demo_is_in_it(program: Path, tmp_path: Path) -> None:
    assert json.loads(ran(program, "demo", "--json", cwd=tmp_path))["ok"] is True
