"""Sphinx's settings for the site; read by build.py."""

from bridge import __version__

project, version, release = "enom-bridge", __version__, __version__
extensions = ["myst_parser"]
myst_heading_anchors = 4
highlight_language = "none"
html_theme = "furo"
html_title = f"enom-bridge {__version__}"
html_show_sphinx = False
html_copy_source = False
