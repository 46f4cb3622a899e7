"""Where views are registered: `pages` for whoever is signed in, `actions` for those who may act."""

from flask import Blueprint

pages = Blueprint(
    "admin",
    "bridge.web.admin",
    url_prefix="/admin",
    template_folder="templates",
    static_folder="static",
)
actions = Blueprint("actions", __name__)
pages.register_blueprint(actions)
