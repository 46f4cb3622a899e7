"""What contrib/ gives for running is what the program is: paths, commands, ports; and the programs it is for take it."""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge import config
from bridge.cli import main
from bridge.config.schema import BridgeTable
from tests.docs.pages import ROOT, text
from tests.docs.programs import program

CONTRIB = ROOT / "contrib"
UNITS = sorted(CONTRIB.glob("systemd/*.service"))
LISTEN, METRICS = BridgeTable().fields["listen"].load_default, BridgeTable().fields["metrics_listen"].load_default
PROGRAM = "/opt/enom-bridge/.venv/bin/enom-bridge"
COMPOSE: dict[str, Any] = yaml.safe_load(text("contrib/container/compose.yaml"))
CONTAINERFILE = text("contrib/container/Containerfile")


def ran(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def unit(path: Path) -> dict[str, list[str]]:
    """Every setting of a unit, with all its values."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def known(command: str, *options: str) -> None:
    """That the program has this command with these options."""
    assert command in main.commands
    flags = {flag for param in main.commands[command].params for flag in param.opts}
    assert set(options) <= flags


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_start_a_command_that_exists_and_stop_and_reload_it_as_the_program_does(path: Path) -> None:
    read = unit(path)
    (start,) = read["ExecStart"]
    words = start.split()
    assert words[:3] == [PROGRAM, "--config", "/etc/enom-bridge/bridge.toml"]
    known(words[3], *(word for word in words[4:] if word.startswith("--")))
    assert read["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert read["EnvironmentFile"] == ["-/etc/enom-bridge/environment"]
    assert read["User"] == ["enom-bridge"] and read["NoNewPrivileges"] == ["yes"]
    assert not set(read) & {"LogsDirectory"}
    if words[3] == "serve":
        assert read["StateDirectory"] == ["enom-bridge"]


def test_every_unit_is_hardened_alike() -> None:
    texts = [re.sub(r"(?m)^(#.*|Exec\w+=.*|State.*|Working.*|Description.*)\n", "", path.read_text("utf-8")) for path in UNITS]
    assert len({one[one.index("[Service]") :] for one in texts}) == 1


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """As they would be installed, with the program of this machine."""
    here = str(Path(sys.executable).with_name("enom-bridge"))
    made = []
    for path in UNITS:
        name = path.name.replace("@.", "@9109.")
        for copy in {path.name, name}:
            (tmp_path / copy).write_text(path.read_text("utf-8").replace(PROGRAM, here))
        made.append(tmp_path / name)
    return made


def test_systemd_takes_the_units_and_finds_little_to_expose(units: list[Path]) -> None:
    analyze = program("systemd-analyze", "systemd")
    for path in units:
        assert ran(analyze, "verify", path) == ""
        told = ran(analyze, "security", "--offline=true", path)
        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
        assert exposure and float(exposure[1]) < 2, told


def test_the_credentials_are_those_that_the_page_names() -> None:
    drop_in = text("contrib/systemd/credentials.conf")
    loaded = re.findall(r"^LoadCredential=([\w-]+):/etc/enom-bridge/credentials/([\w-]+)$", drop_in, re.MULTILINE)
    assert loaded and all(name == file for name, file in loaded)
    for named in re.findall(r"file:/run/credentials/enom-bridge\.service/([\w-]+)", drop_in + text("docs/install.md")):
        assert named in {name for name, _ in loaded}


def test_nginx_passes_on_what_the_bridge_answers_and_no_more() -> None:
    conf = text("contrib/nginx/enom-bridge.conf")
    assert f"server {LISTEN};" in conf
    assert set(re.findall(r"^\s+location (?:~|=|) ?(\S+)", conf, re.MULTILINE)) == {
        "^/(hooks|query)/[A-Za-z0-9_-]+$", "/healthz", "/admin/", "/admin", "/",
    }  # fmt: skip
    assert "X-Forwarded-For $remote_addr" in conf and METRICS.partition(":")[2] not in conf


def test_nginx_itself_takes_it(tmp_path: Path) -> None:
    nginx = program("nginx", "nginx-light")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        certificate,
        "-subj",
        "/CN=bridge.example.com",
    ]
    ran(program("openssl", "openssl"), *request)
    conf = text("contrib/nginx/enom-bridge.conf")
    conf = re.sub(r"ssl_certificate /\S+;", f"ssl_certificate {certificate};", conf)
    conf = re.sub(r"ssl_certificate_key /\S+;", f"ssl_certificate_key {key};", conf)
    conf = re.sub(r"\n    listen \[::\]:.*", "", conf).replace("listen 80;", "listen 127.0.0.1:58080;")
    conf = conf.replace("listen 443", "listen 127.0.0.1:58443")
    places = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    whole = f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{conf}}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    assert "test is successful" in ran(nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


def test_caddy_passes_on_the_same() -> None:
    conf = re.sub(r"(?m)^\s*#.*$", "", text("contrib/caddy/Caddyfile"))
    assert set(re.findall(r"reverse_proxy (@\w+) (\S+)", conf)) == {
        ("@hooks", LISTEN), ("@health", LISTEN), ("@admin", LISTEN),
    }  # fmt: skip
    assert "respond 404" in conf


def test_caddy_itself_takes_it() -> None:
    command = ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(CONTRIB / "caddy" / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    adapted = json.loads(done.stdout)
    assert adapted["apps"]["http"]["servers"]


def test_logrotate_keeps_the_file_that_the_bridge_has_open(tmp_path: Path) -> None:
    conf = text("contrib/logrotate/enom-bridge")
    assert "copytruncate" in conf and "/var/log/enom-bridge/*.log" in conf
    mine = tmp_path / "conf"
    (tmp_path / "bridge.log").write_text("a line\n")
    (tmp_path / "bridge.log").chmod(0o600)
    mine.write_text(re.sub(r"\n    su .*", "", conf).replace("/var/log/enom-bridge/*.log", f"{tmp_path}/*.log"))
    mine.chmod(0o644)
    ran(program("logrotate", "logrotate"), "--state", tmp_path / "state", "--force", mine)
    assert (tmp_path / "bridge.log").read_text() == "" and (tmp_path / "bridge.log.1").read_text() == "a line\n"


def test_the_container_starts_what_exists_as_nobody_in_particular() -> None:
    assert re.search(r"^USER 10001$", CONTAINERFILE, re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert all((ROOT / part).exists() for line in copied for part in line.split())
    entry = json.loads(re.search(r"^ENTRYPOINT (.+)$", CONTAINERFILE, re.MULTILINE)[1])
    command = json.loads(re.search(r"^CMD (.+)$", CONTAINERFILE, re.MULTILINE)[1])
    assert entry == ["enom-bridge"] and command[0] in main.commands
    assert re.search(r"^EXPOSE 8080 9108$", CONTAINERFILE, re.MULTILINE)
    assert f"http://{LISTEN}/healthz" in CONTAINERFILE


@pytest.mark.parametrize("name", ["schema", "web", "worker"])
def test_each_container_is_locked_down_and_runs_a_command(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    command = main
    for word in service["command"]:
        command = command.commands[word]
    build = (CONTRIB / "container" / service["build"]["context"]).resolve()
    assert build == ROOT and (build / service["build"]["dockerfile"]).is_file()
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])


def test_the_database_is_there_and_its_schema_up_to_date_before_anything_runs() -> None:
    services = COMPOSE["services"]
    assert services["database"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert services["schema"]["command"] == ["db", "upgrade"] and services["schema"]["restart"] == "no"
    assert services["schema"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"schema": {"condition": "service_completed_successfully"}}
    assert "http://127.0.0.1:9108/metrics" in services["worker"]["healthcheck"]["test"][-1], "it answers no /healthz"


def test_the_configuration_of_the_containers_is_good_and_fits_them(tmp_path: Path) -> None:
    secrets = {
        "database_url": "postgresql+psycopg://bridge:sesame@database/bridge",
        "bridge_key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "enom_token": "sample-token",
        "hosted_email_password": "sample-password",
        "hook_secret": "whsec_c2FtcGxlLXNlY3JldC1vZi10aGUtdGVzdHMtMzItYnl0ZXM=",
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(value + "\n")
    path = tmp_path / "bridge.toml"
    path.write_text(text("contrib/container/bridge.toml").replace("/run/secrets/", f"{tmp_path}/"))
    settings = config.load(path, {})
    assert (
        settings.bridge.listen.port == 8080 and settings.bridge.metrics_listen and settings.bridge.metrics_listen.port == 9108
    )
    assert set(secrets) | {"postgres_password"} == set(COMPOSE["secrets"])
    assert COMPOSE["services"]["web"]["ports"] == ["127.0.0.1:8080:8080"]


def test_the_environment_file_has_the_names_that_the_page_uses() -> None:
    names = configparser.ConfigParser()
    names.optionxform = str
    names.read_string("[environment]\n" + text("contrib/systemd/environment"))
    used = set(re.findall(r'"env:(\w+)"', text("docs/configuration.md")))
    assert set(names["environment"]) >= used - {"NAME", "HOSTED_EMAIL_PASSWORD"}
