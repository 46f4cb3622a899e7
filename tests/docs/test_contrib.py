"""What contrib/ gives for running is what the program is: paths, commands, ports; and the
programs it is for take it."""

import configparser
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from bridge import config
from bridge.cli import main
from bridge.config.schema import Document
from bridge.infra import clients, logs
from bridge.web.admin.sign_in import Reason as OfSignIn
from bridge.web.refusals import Refusals
from hooks.errors import Reason
from tests.docs.pages import ROOT, text
from tests.support.programs import needed

CONTRIB = ROOT / "contrib"
BACKUP = CONTRIB / "systemd" / "enom-bridge-backup.service"
UNITS = sorted(set(CONTRIB.glob("systemd/*.service")) - {BACKUP})
LISTEN, METRICS = (
    Document().fields["bridge"].schema.fields[key].load_default
    for key in ("listen", "metrics_listen")
)
PROGRAM = "/opt/enom-bridge/bin/enom-bridge"
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
def test_units_start_a_command_that_exists_and_stop_and_reload_it_as_the_program_does(
    path: Path,
) -> None:
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
    texts = [
        re.sub(
            r"(?m)^(#.*|Exec\w+=.*|State.*|Working.*|Description.*)\n", "", path.read_text("utf-8")
        )
        for path in UNITS
    ]
    assert len({one[one.index("[Service]") :] for one in texts}) == 1


def test_the_nightly_backup_is_a_command_that_exists_and_hardened_like_the_rest() -> None:
    (start,) = unit(BACKUP)["ExecStart"]
    words = start.split()
    assert words[:5] == [PROGRAM, "--config", "/etc/enom-bridge/bridge.toml", "db", "backup"]
    command = main.commands["db"].commands["backup"]
    assert words[6] in {flag for param in command.params for flag in param.opts}
    assert words[5] in unit(BACKUP)["ReadWritePaths"][0] and words[5] in text("docs/backup.md")
    hardening = (
        text("contrib/systemd/enom-bridge.service")
        .partition("# It needs")[2]
        .partition("\n[Install]")[0]
    )
    assert hardening.strip() in BACKUP.read_text("utf-8")
    assert unit(BACKUP.with_suffix(".timer"))["Persistent"] == ["true"]


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """As they would be installed, with the program of this machine."""
    here = str(Path(sys.executable).with_name("enom-bridge"))
    made = []
    for path in (*UNITS, BACKUP):
        name = path.name.replace("@.", "@9109.")
        for copy in {path.name, name}:
            (tmp_path / copy).write_text(path.read_text("utf-8").replace(PROGRAM, here))
        made.append(tmp_path / name)
    return made


def test_systemd_takes_the_units_and_finds_little_to_expose(units: list[Path]) -> None:
    analyze = needed("systemd-analyze")
    for path in units:
        assert ran(analyze, "verify", path) == ""
        result = ran(analyze, "security", "--offline=true", path)
        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result)
        assert exposure and float(exposure[1]) < 2, result


def test_the_credentials_are_those_that_the_page_names() -> None:
    drop_in = text("contrib/systemd/credentials.conf")
    loaded = re.findall(
        r"^LoadCredential=([\w-]+):/etc/enom-bridge/credentials/([\w-]+)$", drop_in, re.MULTILINE
    )
    assert loaded and all(name == file for name, file in loaded)
    for named in re.findall(
        r"file:/run/credentials/enom-bridge\.service/([\w-]+)", drop_in + text("docs/install.md")
    ):
        assert named in {name for name, _ in loaded}


def test_nginx_passes_on_what_the_bridge_answers_and_no_more() -> None:
    conf = text("contrib/nginx/enom-bridge.conf")
    assert f"server {LISTEN};" in conf
    assert set(re.findall(r"^\s+location (?:~|=|) ?(\S+)", conf, re.MULTILINE)) == {
        "^/(hooks|query)/[A-Za-z0-9_-]+$", "^/password/[A-Za-z0-9_-]+$", "/healthz", "/admin/", "/admin", "/",
    }  # fmt: skip
    assert "X-Forwarded-For $remote_addr" in conf and METRICS.partition(":")[2] not in conf


def test_nginx_itself_takes_it(tmp_path: Path) -> None:
    nginx = needed("nginx")
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
    ran(needed("openssl"), *request)
    conf = text("contrib/nginx/enom-bridge.conf")
    conf = re.sub(r"ssl_certificate /\S+;", f"ssl_certificate {certificate};", conf)
    conf = re.sub(r"ssl_certificate_key /\S+;", f"ssl_certificate_key {key};", conf)
    conf = re.sub(r"\n    listen \[::\]:.*", "", conf).replace(
        "listen 80;", "listen 127.0.0.1:58080;"
    )
    conf = conf.replace("listen 443", "listen 127.0.0.1:58443")
    places = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log "
        f"off;\n{places}{conf}}}\n"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    assert "test is successful" in ran(nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


def test_caddy_passes_on_the_same() -> None:
    conf = re.sub(r"(?m)^\s*#.*$", "", text("contrib/caddy/Caddyfile"))
    assert set(re.findall(r"reverse_proxy (@\w+) (\S+)", conf)) == {
        ("@hooks", LISTEN), ("@password", LISTEN), ("@health", LISTEN), ("@admin", LISTEN),
    }  # fmt: skip
    assert "respond 404" in conf


def test_caddy_itself_takes_it() -> None:
    command = [
        needed("caddy"),
        "adapt",
        "--adapter",
        "caddyfile",
        "--config",
        str(CONTRIB / "caddy" / "Caddyfile"),
    ]
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
    mine.write_text(
        re.sub(r"\n    su .*", "", conf).replace("/var/log/enom-bridge/*.log", f"{tmp_path}/*.log")
    )
    mine.chmod(0o644)
    ran(needed("logrotate"), "--state", tmp_path / "state", "--force", mine)
    assert (tmp_path / "bridge.log").read_text() == "" and (
        tmp_path / "bridge.log.1"
    ).read_text() == "a line\n"


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
    assert (
        services["schema"]["command"] == ["db", "upgrade"] and services["schema"]["restart"] == "no"
    )
    assert services["schema"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {
            "schema": {"condition": "service_completed_successfully"}
        }
    assert "http://127.0.0.1:9108/metrics" in services["worker"]["healthcheck"]["test"][-1], (
        "it answers no /healthz"
    )


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
        settings.bridge.listen.port == 8080
        and settings.bridge.metrics_listen
        and settings.bridge.metrics_listen.port == 9108
    )
    assert set(secrets) | {"postgres_password"} == set(COMPOSE["secrets"])
    assert COMPOSE["services"]["web"]["ports"] == ["127.0.0.1:8080:8080"]


def test_the_environment_file_has_the_names_that_the_page_uses() -> None:
    names = configparser.ConfigParser()
    names.optionxform = str
    names.read_string("[environment]\n" + text("contrib/systemd/environment"))
    used = set(re.findall(r'"env:(\w+)"', text("docs/configuration.md")))
    assert set(names["environment"]) >= used - {"NAME", "HOSTED_EMAIL_PASSWORD"}


def refused_lines(format: Any) -> list[str]:
    """As the program writes them: two that count, then a wrong clock, and one whose address
    nobody knows."""
    result = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure(format, result)
    try:
        refusals = Refusals()
        for address, reason in (
            ("203.0.113.5", "signature"),
            ("2001:db8::7", "wrong-password"),
            ("203.0.113.6", "time"),
        ):
            refusals.note(clients.read(address), reason, "shop")
        refusals.note(None, "source", "x client=203.0.113.9 reason=signature")
        refusals.write()
        # What strangers put into other lines: as if the path of whoever has gone were told.
        for inside in (
            "WARNING refused client=203.0.113.9 reason=signature ",
            '{"client": "203.0.113.9", "reason": "signature", ',
        ):
            logs.get("web").info(f"Client disconnected while serving /{inside}")
    finally:
        structlog.reset_defaults()
        root.handlers[:], root.level = before
    return result.getvalue().splitlines()


def fail2ban_filter() -> Mapping[str, str]:
    read = configparser.ConfigParser()
    read.read_string(text("contrib/fail2ban/filter.d/enom-bridge.conf"))
    return read["Definition"]


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("before", ["", "host enom-bridge[812]: "])
def test_fail2bans_filter_finds_who_was_refused_and_nobody_that_a_stranger_names(
    format: str, before: str
) -> None:
    address = r"(?P<address>[0-9a-f.:]+)"
    patterns = [
        line.replace("<ADDR>", address) for line in fail2ban_filter()["failregex"].splitlines()
    ]
    found = []
    for line in refused_lines(format):
        # fail2ban takes the time out of a line of a file; in the journal it stands beside it.
        seen = before + (line if before else re.sub(r"\d{4}-[\d-]+T[\d:.]+Z", "", line))
        found += [match["address"] for pattern in patterns if (match := re.search(pattern, seen))]
    assert found == ["203.0.113.5", "2001:db8::7"]


def test_fail2bans_filter_names_the_reasons_that_there_are() -> None:
    page = text("docs/monitoring.md")
    reasons = fail2ban_filter()["_reasons"].split("|")
    assert {*reasons, "time"} == {*Reason, *OfSignIn}
    assert all(f"| `{reason}` |" in page for reason in (*reasons, "time"))


@pytest.mark.parametrize("format", ["text", "json"])
def test_fail2ban_itself_takes_it(format: str, tmp_path: Path) -> None:
    lines = refused_lines(format)
    (tmp_path / "bridge.log").write_text("\n".join(lines) + "\n")
    command = needed("fail2ban-regex")
    result = ran(
        command,
        "--print-all-matched",
        tmp_path / "bridge.log",
        CONTRIB / "fail2ban/filter.d/enom-bridge.conf",
    )
    assert re.search(r"\b2 matched, 4 missed", result), result
