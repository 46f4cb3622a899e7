"""The import contracts of pyproject.toml hold: the drawing of the design is a test."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_every_module_imports_only_what_the_design_allows():
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS
