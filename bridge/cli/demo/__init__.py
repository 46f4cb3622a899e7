"""`enom-bridge demo`: the main job from end to end on this machine, with nothing else set up."""

import click

from bridge.cli.demo import script, telling
from bridge.cli.demo.billing import own_check, published_check
from bridge.cli.demo.stage import stage
from bridge.cli.show import as_json, echo_json

__all__ = ["demo"]

INSTALL = "pip install 'enom-bridge[demo]'  (in a checkout: make demo)"
WARNING = (
    "NOTE: the package standardwebhooks is not installed, so callbacks are checked only by this "
    "bridge's own verifier, not "
    f"by an independent one. To install it: {INSTALL}"
)


@click.command()
@click.option("--keep", is_flag=True, help="Keep the folder with configuration, database and log.")
@as_json
def demo(keep: bool, as_json: bool) -> None:
    """Run the bridge end to end on this machine, with a simulated billing platform and a simulated
    Enom.

    Sends signed sample hooks and shows for each the plan, the commands, what was read back and the callback.
    Exit code 0 only if every result is as expected.
    """
    check, checker = published_check() or own_check()
    independent = "standardwebhooks" in checker
    if not independent:
        click.echo(WARNING, err=True)
    teller = telling.Teller(silent=as_json)
    with stage(check, keep) as at:
        teller.begin(checker)
        seen = [
            script.play(at, scene, number, teller.scene)
            for number, scene in enumerate(script.SCENES, 1)
        ]
        faults = script.at_the_end(at, seen)
        folder = str(at.folder) if keep else None
    good = not faults and all(scene["expected"] for scene in seen)
    if as_json:
        echo_json(
            {"ok": good, "verified_by": checker, "scenes": seen, "faults": faults, "folder": folder}
        )
    teller.end(good, seen, faults, folder)
    if not independent and not as_json:
        click.echo(WARNING, err=True)
    if not good:
        raise SystemExit(1)
