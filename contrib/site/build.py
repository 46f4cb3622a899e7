"""Builds the documentation as a site: `make docs`. Any warning is an error.

The pages are those of docs/, the other Markdown files that a reader needs, and the HTTP description
in words. They are put together in build/site-pages; a link to a file of the project that is no page
of the site becomes plain text.
"""

import posixpath
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sphinx.cmd.build import build_main

from bridge.web.openapi import describe

ROOT = Path(__file__).parents[2]
PAGES, SITE = ROOT / "build" / "site-pages", ROOT / "build" / "site"
ELSEWHERE: Mapping[str, str] = {
    "docs/README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "contrib/bench/README.md": "benchmarks.md",
    "hooks/fossbilling/README.md": "platforms/fossbilling.md",
    "hooks/paymenter/README.md": "platforms/paymenter.md",
    "hooks/standard/README.md": "platforms/standard.md",
    "hooks/stripe/README.md": "platforms/stripe.md",
    "hooks/whmcs/README.md": "platforms/whmcs.md",
}
"""File of the project -> page of the site. What else lies in docs/ is a page under its own name."""

SECTIONS: Mapping[str, Sequence[str]] = {
    "Start here": ("install", "day-one", "upgrade"),
    "How to": (
        "admin",
        "monitoring",
        "reconcile",
        "backup",
        "suspension",
        "seats",
        "aliases",
        "mail-that-works",
        "opensrs",
        "money",
        "data-protection",
    ),
    "Billing platforms": (
        "platforms",
        "platforms/whmcs",
        "whmcs-figures",
        "platforms/fossbilling",
        "platforms/paymenter",
        "platforms/stripe",
        "platforms/standard",
        "php-plugins",
    ),
    "Reference": ("configuration", "commands", "errors", "http", "api"),
    "Inside": (
        "life-of-a-hook",
        "side-by-side",
        "design",
        "reliability",
        "security",
        "performance",
        "scale",
        "benchmarks",
        "contributing",
        "changelog",
    ),
}

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def main() -> int:
    for folder in (PAGES, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    assemble(PAGES)
    settings = Path(__file__).parent
    status = build_main(
        ["-q", "-W", "--keep-going", "-c", str(settings), "-b", "html", str(PAGES), str(SITE)]
    )
    if status == 0:
        print(f"The site is in {SITE.relative_to(ROOT)}/index.html")
    return status


def assemble(folder: Path) -> None:
    """Writes every page of the site as Markdown."""
    places = {
        f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))
    } | ELSEWHERE
    for source, page in places.items():
        text = relinked((ROOT / source).read_text("utf-8"), source, page, places)
        write(folder / page, text + contents() if page == "index.md" else text)
    write(folder / "api.md", "\n".join(api(describe())) + "\n")
    shutil.copytree(ROOT / "docs" / "pictures", folder / "pictures")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def contents() -> str:
    """The tree of pages, which the index does not show but the sidebar does."""
    trees = [
        "\n".join(("```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```"))
        for title, pages in SECTIONS.items()
    ]
    return "\n" + "\n\n".join(trees) + "\n"


def relinked(text: str, source: str, page: str, places: Mapping[str, str]) -> str:
    """The text of `source` with its links as they have to stand on `page`."""
    pieces = FENCED.split(text)  # every second one is code
    pieces[::2] = [
        LINK.sub(lambda found: link(found, source, page, places), piece) for piece in pieces[::2]
    ]
    return "".join(pieces)


def link(found: re.Match[str], source: str, page: str, places: Mapping[str, str]) -> str:
    mark, words, target = found.groups()
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return found[0]
    named = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    place = places.get(named) or (
        named.removeprefix("docs/") if named.startswith("docs/pictures/") else None
    )
    if place is None:
        return words
    relative = posixpath.relpath(place, posixpath.dirname(page) or ".")
    return f"{mark}[{words}]({relative}{'#' + anchor if anchor else ''})"


def api(document: dict[str, Any]) -> Iterator[str]:
    """The OpenAPI description in words."""
    yield "# HTTP, path by path"
    yield ""
    yield (
        "Made of what the bridge serves at `/openapi.json`. How to sign, and what happens when, "
        "stands in [HTTP](http.md)."
    )
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from ("", f"## {method.upper()} {path}", "", f"{operation['summary']}.")
            if "parameters" in operation:
                yield from ("", "| parameter | in | |", "| --- | --- | --- |")
                for each in operation["parameters"]:
                    needed = "" if each["required"] else "optional. "
                    yield (
                        f"| `{each['name']}` | {each['in']} | "
                        f"{needed}{each.get('description', '')} |"
                    )
            yield from ("", "| answer | |", "| --- | --- |")
            for status, answer in operation["responses"].items():
                yield f"| {status} | {answer.get('description', '')} |"
    yield from ("", "## Bodies")
    for name, schema in document["components"]["schemas"].items():
        if not schema.get("properties"):
            continue
        yield from ("", f"### {name}", "", "| field | | |", "| --- | --- | --- |")
        for field, kind in schema["properties"].items():
            needed = "required" if field in schema.get("required", ()) else ""
            yield f"| `{field}` | {needed} | {limits(kind)} |"


def limits(kind: dict[str, Any]) -> str:
    """What a field may hold, in a few words."""
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    types = kind.get("type", "any")
    words = [
        types if isinstance(types, str) else " or ".join(types),
        *([kind["format"]] if "format" in kind else []),
    ]
    for key, text in (
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
    ):
        if key in kind:
            words.append(text.format(kind[key]))
    return ", ".join(words)


if __name__ == "__main__":
    sys.exit(main())
