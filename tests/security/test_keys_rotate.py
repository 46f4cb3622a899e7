"""`keys rotate` beside a process that only takes hooks: it leaves no heartbeat, so the command
says what shows it."""

import json

from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.domain.model import to_rfc3339
from tests.support.bridge import KEY
from tests.support.scene import PASSWORD, Open, Scene

SECOND = "c2Vjb25kLWtleS1vZi10aGUtdGVzdHMtMzItYnl0ZXM="


def rotate(scene: Scene, *words: str) -> Result:
    result = CliRunner().invoke(main, ["--config", str(scene.path), "keys", "rotate", *words])
    assert result.exit_code == 0, result.output
    return result


def test_a_web_that_was_not_restarted_is_found_by_what_it_writes(open_scene: Open) -> None:
    web = open_scene(bridge__keys=[KEY])
    scene = open_scene(bridge__keys=[KEY, SECOND])
    assert "cannot see processes that only receive hooks" in rotate(scene).stdout
    scene.clock.now += 3600
    web.hook("create", password=PASSWORD)

    reported = rotate(scene).stdout

    assert f"The last hook under an older key is from {to_rfc3339(scene.clock.now)}." in reported
    assert "passwords: 1 re-encrypted" in reported
    assert json.loads(rotate(scene, "--json").stdout)["older_last_used"] == to_rfc3339(
        scene.clock.now
    )
    assert "passwords: 0 re-encrypted" in rotate(scene).stdout
    assert (
        "cannot see processes that only receive hooks"
        not in rotate(open_scene(bridge__keys=[SECOND])).stdout
    )
