"""The import contracts of pyproject.toml hold: the drawing of the design is a test."""

import subprocess
import sys
from pathlib import Path

LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def test_every_module_imports_only_what_the_design_allows():
    # In a process of its own: import-linter configures logging, and so would silence the loggers of
    # later tests.
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", LINT], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
