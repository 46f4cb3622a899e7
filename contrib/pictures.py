"""Takes the pictures of the docs anew: the module's screens in the stand-in for WHMCS, by Chromium."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from bridge.store import Database, upgrade
from tests.support.house import House

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
BROWSER = ("chromium", "chromium-browser", "google-chrome")


def take(browser: str, url: str, name: str, height: int) -> None:
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"]
    picture = PICTURES / f"{name}.png"
    with tempfile.TemporaryDirectory() as profile:
        command += [f"--user-data-dir={profile}", f"--window-size=1000,{height}", f"--screenshot={picture}", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if not picture.exists():
        raise click.ClickException(f"{url} was not taken: {done.stderr[-500:]}")
    click.echo(f"docs/pictures/{name}.png")


def main() -> int:
    browser = next((found for name in BROWSER if (found := shutil.which(name))), None)
    if browser is None:
        click.echo("Chromium is not installed: apt-get install chromium", err=True)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bridge.sqlite3"
        database = Database(url)
        upgrade(database)
        database.close()
        house = House(Path(folder), url)
        try:
            shoot(browser, house)
        finally:
            house.close()
    return 0


def shoot(browser: str, house: House) -> None:
    order, base = house.active(), house.whmcs.url
    house.whmcs.custom(order["service"], "check")
    client = f"{base}clientarea.php?as=client&action=productdetails&id="
    take(browser, f"{client}{order['service']}", "whmcs-client", 900)
    take(browser, f"{base}admin/configproducts.php?as=admin&id={house.products['wait']}", "whmcs-product", 1600)
    tested = house.whmcs.submit("admin/configservers.php", role="admin", id=house.server, test="1").headers["Location"]
    take(browser, base.rstrip("/") + tested + "&as=admin", "whmcs-server", 1000)
    house.pause()
    house.whmcs.command(order["service"], "SuspendAccount")
    waiting = house.ordered()
    house.whmcs.pay(waiting["invoice"])
    take(browser, f"{client}{waiting['service']}", "whmcs-progress", 620)
    take(browser, f"{base}admin/clientsservices.php?as=admin&id={order['service']}", "whmcs-admin", 1350)
    house.resume()
    house.quiet()


if __name__ == "__main__":
    sys.exit(main())
