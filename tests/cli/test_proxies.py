"""nginx and Caddy with the files of contrib/, in front of a bridge: hooks, the pages, and
nothing else."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import House
from tests.cli.test_reload import free_port
from tests.docs.pages import text
from tests.support.billing import until
from tests.support.programs import needed

ADMIN = "jane@example.com"
Start = Callable[[Path, int, int], subprocess.Popen[bytes]]


def nginx(folder: Path, port: int, bridge: int) -> subprocess.Popen[bytes]:
    conf = text("contrib/nginx/enom-bridge.conf").replace(
        "server 127.0.0.1:8080;", f"server 127.0.0.1:{bridge};"
    )
    conf = re.sub(r"\n    (listen \[::\]|ssl_).*", "", conf).replace(
        "listen 80;", f"listen 127.0.0.1:{free_port()};"
    )
    conf = conf.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    first = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{first}http {{\naccess_log off;\n{places}{conf}}}\n")
    command = [needed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def caddy(folder: Path, port: int, bridge: int) -> subprocess.Popen[bytes]:
    conf = text("contrib/caddy/Caddyfile").replace("127.0.0.1:8080", f"127.0.0.1:{bridge}")
    conf = conf.replace("bridge.example.com {", f"http://127.0.0.1:{port} {{")
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{conf}")
    command = [
        needed("caddy"),
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(folder / "Caddyfile"),
    ]
    environment = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment)


@pytest.fixture(params=[nginx, caddy], ids=lambda each: each.__name__)
def proxied(house: House, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a proxy in front of a bridge that believes a proxy's word of who somebody is."""
    start: Start = request.param
    believed = {"admin__user_header": "X-Forwarded-User", "admin__user_admins": [ADMIN]}
    house.configure(bridge__trusted_proxies=["127.0.0.1/32"], **believed)
    house.start()
    assert house.running
    listen, port = house.running.url.partition("//")[2], free_port()
    here = f'listen = "{listen}"\npublic_url = "http://127.0.0.1:{port}"'
    house.path.write_text(house.path.read_text().replace('listen = "127.0.0.1:0"', here, 1))
    process = start(tmp_path, port, house.running.server.port)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or reached(url))
        assert process.poll() is None, "it has ended"
        yield url
    finally:
        process.terminate()
        process.wait(60)


def reached(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_the_pages_are_passed_on_and_nobody_names_himself(proxied: str, house: House) -> None:
    assert requests.get(f"{proxied}/admin/sign-in", timeout=10).status_code == 200
    assert requests.get(f"{proxied}/admin", timeout=10).url.endswith("/admin/sign-in")
    assert requests.get(f"{proxied}/admin/static/admin.css", timeout=10).status_code == 200
    forged = requests.get(
        f"{proxied}/admin/jobs",
        headers={"X-Forwarded-User": ADMIN},
        timeout=10,
        allow_redirects=False,
    )
    assert (forged.status_code, forged.headers["Location"].partition("?")[0]) == (
        303,
        "/admin/sign-in",
    )
    assert house.running
    believed = requests.get(
        f"{house.running.url}/admin/jobs", headers={"X-Forwarded-User": ADMIN}, timeout=10
    )
    assert believed.status_code == 200 and "Jobs" in believed.text, (
        "without a proxy the header would count"
    )
    hook = house.billing.send(
        f"{proxied}/hooks/shop", "mailbox.suspend", address="ann@example.com", service_id="1"
    )
    assert hook.status_code == 202
    # A link of nobody: the bridge says so itself, in words for a customer.
    linked = requests.get(f"{proxied}/password/{'A' * 43}", timeout=10)
    assert linked.status_code == 404 and "This link does not work" in linked.text
    assert linked.headers["Referrer-Policy"] == "no-referrer"
    assert requests.put(f"{proxied}/password/{'A' * 43}", timeout=10).status_code in (403, 404)
    assert [
        requests.get(f"{proxied}{place}", timeout=10).status_code
        for place in ("/readyz", "/metrics", "/")
    ] == [404] * 3


def test_doctor_is_content_with_it_and_not_with_one_that_knows_no_pages(
    proxied: str, house: House
) -> None:
    assert (
        f"{proxied}/admin/sign-in is the sign-in of the admin pages" in house.run("doctor").stdout
    )
    assert house.running
    for rule in list(house.running.app.url_map.iter_rules()):
        if rule.rule == "/admin/sign-in":
            house.running.app.view_functions[rule.endpoint] = lambda **_: ("", 404)

    result = house.run("doctor")

    assert result.exit_code == 1
    assert f"FAIL  public URL: {proxied}/admin/sign-in answers HTTP 404" in result.stdout
