"""The plug-in that docs/php-plugins.md shows works: copied from the page, in front of a real bridge
and the simulator."""

import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.sim import Simulator
from tests.docs.pages import ROOT, blocks
from tests.support.billing import SECRET, until
from tests.support.bridge import Running, furnish, write_config
from tests.support.postgres import free_port
from tests.support.programs import needed

PAGE = "docs/php-plugins.md"
NAMED = re.compile(r"^// (\w+\.php)$", re.MULTILINE)

SHOP = r"""<?php
error_reporting(E_ALL);
set_error_handler(function ($kind, $text, $file, $line) { throw new ErrorException($text, 0, $kind, $file, $line); });

function shop_db(): PDO { static $db; return $db ??= new PDO('sqlite:' . __DIR__ . '/shop.sqlite3'); }
function shop_settings(): array { return json_decode(file_get_contents(__DIR__ . '/settings.json'), true); }
function shop_order(int $id): ?array
{
    return shop_db()->query("SELECT * FROM orders WHERE id = $id")->fetch(PDO::FETCH_ASSOC) ?: null;
}
function shop_update(int $id, string $column, string $value): bool
{
    return shop_db()->prepare("UPDATE orders SET $column = ? WHERE id = ?")->execute([$value, $id]);
}
function shop_has_other(int $id, string $address): bool { return false; }
function shop_encrypt(string $plain): string { return strrev(base64_encode($plain)); }
function shop_decrypt(string $sealed): string { return base64_decode(strrev($sealed)); }
function shop_log(string $text): void { file_put_contents(__DIR__ . '/log', "$text\n", FILE_APPEND); }
function shop_ticket(string $text): void { shop_log("ticket: $text"); }
"""
RUN = r"""<?php
require __DIR__ . '/shop.php';
require __DIR__ . '/plugin.php';
echo json_encode(shop_run(constant('EnomBridge\Kit\Action::' . $argv[1]), (int) $argv[2]));
"""


class Shop:
    """A folder with the page's files, the kit beside them as an archive has it, and one order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copytree(ROOT / "hooks" / "php" / "src", folder / "Kit")
        for block in blocks(PAGE, "php"):
            found = NAMED.search(block)
            assert found, block[:60]
            (folder / found[1]).write_text(block)
        (folder / "shop.php").write_text(SHOP)
        (folder / "run.php").write_text(RUN)
        with self.database() as database:
            database.execute(
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, client INTEGER, name TEXT, plan TEXT,"
                " price TEXT, status TEXT, reason TEXT, due TEXT, address TEXT, password TEXT,"
                " mailbox TEXT)"
            )
            database.execute(
                "INSERT INTO orders VALUES (7, 5, 'John Doe', 'basic', '3.00', 'new', '',"
                " '2030-01-31', 'john@example.com', 'Sample-Pass.01', '')"
            )
        self.port = free_port()
        php = ["php", "-S", f"127.0.0.1:{self.port}", "-t", str(folder)]
        self.server = subprocess.Popen(php, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self) -> None:
        self.server.kill()
        self.server.wait()

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with closing(sqlite3.connect(self.folder / "shop.sqlite3", timeout=30)) as database:
            with database:
                yield database

    def set_up(self, url: str, secret: str = SECRET) -> None:
        host, port = url.removeprefix("http://").split(":")
        settings = [host, port, False, "shop", secret]
        (self.folder / "settings.json").write_text(json.dumps(settings))

    def php(self, *command: str) -> str:
        done = subprocess.run(
            ["php", *command], cwd=self.folder, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def run(self, action: str) -> Any:
        return json.loads(self.php("run.php", action, "7"))

    def order(self) -> tuple[str, str]:
        with self.database() as database:
            row = database.execute("SELECT status, mailbox FROM orders").fetchone()
        return str(row[0]), str(row[1])

    def later(self, seconds: int) -> None:
        """What is pending was sent that much earlier."""
        with self.database() as database:
            (written,) = database.execute("SELECT pending FROM mailbox").fetchone()
            pending = json.loads(written)
            for one in pending.values():
                one["asked"] -= seconds
            database.execute("UPDATE mailbox SET pending = ?", [json.dumps(pending)])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    needed("php")
    shop = Shop(tmp_path / "shop")
    try:
        yield shop
    finally:
        shop.close()


@pytest.fixture
def config(tmp_path: Path, shop: Shop) -> Iterator[Path]:
    with Simulator() as simulator:
        furnish(simulator)
        callback = f"http://127.0.0.1:{shop.port}/callback.php?server=1"
        yield write_config(
            tmp_path, simulator, "", callback, account__settle=0, bridge__wait_limit=1
        )


def test_an_order_is_carried_out_and_what_is_late_arrives_by_callback(
    shop: Shop, config: Path
) -> None:
    running = Running(config, work=False)
    try:
        shop.set_up(running.url)
        assert shop.run("Create").startswith("In progress: the bridge accepted it (job_")
        assert shop.order() == ("new", "")
        running.work()
        until(lambda: shop.order() == ("active", "john@example.com"), 60)
        until(lambda: shop.run("Suspend") is None, 60)
        assert shop.order()[0] == "suspended"
    finally:
        running.close()


def test_what_a_bridge_that_was_down_missed_is_brought_by_cron(shop: Shop, config: Path) -> None:
    shop.set_up("http://127.0.0.1:9")
    assert shop.run("Create").startswith("Not done yet: The bridge cannot be reached")
    running = Running(config)
    try:
        shop.set_up(running.url)
        shop.later(120)

        def done() -> bool:
            shop.php("cron.php")
            return shop.order() == ("active", "john@example.com")

        until(done, 60)
    finally:
        running.close()


def test_what_was_paid_meanwhile_is_not_done(shop: Shop, config: Path) -> None:
    running = Running(config)
    try:
        shop.set_up(running.url)
        until(lambda: shop.run("Create") is None, 60)
        shop.set_up("http://127.0.0.1:9")
        assert "Not done yet" in shop.run("Terminate")
        with shop.database() as database:
            database.execute("UPDATE orders SET due = '2030-02-28'")
        shop.set_up(running.url)
        shop.later(120)
        shop.php("cron.php")
        assert shop.order() == ("active", "john@example.com")
        assert "was paid or its due date was moved" in (shop.folder / "log").read_text()
    finally:
        running.close()


def test_a_wrong_secret_is_named_and_nothing_is_done(shop: Shop, config: Path) -> None:
    running = Running(config)
    try:
        shop.set_up(running.url, f"whsec_{'A' * 43}=")
        assert "The bridge refused the signature" in shop.run("Create")
        assert shop.order() == ("new", "")
    finally:
        running.close()
