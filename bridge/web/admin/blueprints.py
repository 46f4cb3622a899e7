"""Where the views are registered: `pages` for whoever is signed in, `actions` for those of them who may act."""

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
