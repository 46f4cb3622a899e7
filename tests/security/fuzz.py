"""`make fuzz`: schemathesis takes /openapi.json at its word, against a whole bridge over
sockets."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO, cast

import click

from bridge.infra import logs
from bridge.sim import Simulator
from tests.security.stand import Faults, in_memory
from tests.support.billing import SECRET
from tests.support.bridge import Running, furnish, write_config

ROOT = Path(__file__).parents[2]


@click.command()
@click.option(
    "--examples",
    default=300,
    show_default=True,
    help="For each operation, in each way of making them.",
)
@click.option("--seed", default=7, show_default=True)
@click.option("--phases", default="coverage,fuzzing", show_default=True)
def main(examples: int, seed: int, phases: str) -> None:
    """Ends with schemathesis' own exit code, or 1 if the bridge's log holds an error."""
    faults = Faults()
    with TemporaryDirectory(dir=in_memory()) as folder, Simulator(seed=1) as sim:
        furnish(sim)
        changes = {
            "bridge__wait_limit": 1,
            "source__domains": ["example.com"],
            "account__purchase": "never",
        }
        running = Running(write_config(Path(folder), sim, **changes))
        logs.configure("json", cast(TextIO, faults))
        try:
            code = max(
                fuzz(running.url, examples, seed, phases, signed) for signed in (True, False)
            )
            click.echo(f"fuzz: seed {seed}, {counted(running)}, errors logged {len(faults.seen)}")
        finally:
            running.close()
    for line in faults.seen:
        sys.stderr.write(line)
    sys.exit(code or bool(faults.seen))


def counted(running: Running) -> str:
    """Answers by door and status, as the bridge itself counts them."""
    counts: Counter[str] = Counter()
    for metric in running.app.extensions["web"].metrics.registry.collect():
        for sample in metric.samples:
            if sample.name == "enom_bridge_requests_total":
                counts[f"{sample.labels['path']} {sample.labels['status']}"] += int(sample.value)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def fuzz(url: str, examples: int, seed: int, phases: str, signed: bool) -> int:
    words = [
        "run",
        f"{url}/openapi.json",
        f"--seed={seed}",
        f"--max-examples={examples}",
        f"--phases={phases}",
    ]
    words += [
        "--mode=all",
        "--checks=all",
        "--continue-on-failure",
        "--generation-database=none",
        "--no-color",
        "--output-truncate=false",
    ]
    made = {
        "SCHEMATHESIS_HOOKS": "tests.security.fuzz_signing",
        "FUZZ_SECRET": SECRET,
        "FUZZ_SEED": str(seed),
    }
    made |= {"FUZZ_SIGNED": "yes"} if signed else {}
    return subprocess.run(
        [ROOT / "build/fuzz/bin/schemathesis", *words],
        cwd=ROOT / "build/fuzz",
        env={**os.environ, **made, "PYTHONPATH": str(ROOT)},
    ).returncode


if __name__ == "__main__":
    main()
