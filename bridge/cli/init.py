"""`enom-bridge init`: asks what it must know, writes bridge.toml with fresh secrets, and says what
to paste into billing."""

import json
import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from bridge.backends.enom.settings import Command
from bridge.backends.hosted_email.settings import HostedEmailTable
from bridge.cli.config import Misconfigured
from bridge.cli.questions import QUESTIONS, Answers, Checked
from bridge.config import (
    Admin,
    ApiTable,
    Bridge,
    ConfigurationError,
    Plan,
    Safety,
    Settings,
    SourceSettings,
    backends,
    load,
    write,
)
from bridge.infra.urls import is_loopback
from hooks import PLATFORMS, subscriptions
from hooks.signing import new_secret

Written = tuple[str, type, dict[str, Any]]

OF_EVERY_ACCOUNT = ("backend", "environment", "mode")
OF_BACKEND = {
    "enom": ("uid", "token", "endpoint", "purchase", "suspend_with"),
    "hosted-email": ("suspend_with",),
}
OF_PLATFORM = {"webhook_secret": "whsec_to_be_set_later", "api_key": "rk_to_be_set_later"}
"""What stands for each of these while its variable is not set; they have forms of their own."""
PARAMETERS = {"UserName": "{local}", "SLD": "{sld}", "TLD": "{tld}"}


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for question in reversed(QUESTIONS):
        kind: Any = click.Choice(question.choices) if question.choices else None
        if question.name == "backend":
            kind = Checked(question.check)
        made = click.option(question.option, question.name, type=kind, help=question.help)
        command = made(command)
    return command


@click.command()
@click.option("--config", "path", help="The file to write. Default: ./bridge.toml")
@click.option("--yes", is_flag=True, help="Ask nothing; use defaults for what is not given.")
@_options
@click.option(
    "--domain",
    "domains",
    multiple=True,
    default=("*",),
    help="Mail domain of this source; may be repeated.",
)
@click.option(
    "--plan",
    "plans",
    multiple=True,
    default=("basic=10",),
    help="NAME=GIGABYTES; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def init(ctx: click.Context, /, path: str | None, yes: bool, as_json: bool, **given: Any) -> None:
    """Write a configuration with fresh secrets and say what to paste into the billing platform."""
    named = path or (ctx.obj or {}).get("config") or os.environ.get("ENOM_BRIDGE_CONFIG")
    place = named or "bridge.toml"
    target = Path(place).absolute()
    if target.exists():
        remedy = "name another file with --config, or move it away"
        raise click.ClickException(f"{target} already exists and was not changed; {remedy}")
    # Two configurations in one folder never share a database.
    answers = _answers(given, yes, stem=re.sub(r"[^A-Za-z0-9_.-]", "-", target.stem))
    answers["key"] = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    answers["secret"] = new_secret(secrets.token_bytes(32))
    _create(target, write.document(_tables(answers)))
    try:
        settings, unset = _check(target, answers)
    except ConfigurationError as error:
        target.unlink()
        raise Misconfigured(error) from None
    result = _result(target, settings, answers) | {"unset": unset}
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        click.echo("\n".join(_advice(result, answers, place)))


def _answers(given: Mapping[str, Any], silent: bool, stem: str) -> Answers:
    answers: Answers = {"domains": given["domains"], "plans": given["plans"], "stem": stem}
    missing = []
    for question in QUESTIONS:
        answer = given[question.name]
        if answer is None:
            answer = question.usual(answers) if silent else question.ask(answers)
        elif (
            question.backend
            and question.backend != answers["backend"]
            # What a backend has no choice about may be said all the same.
            and answer != question.otherwise
        ):
            text = f'{question.option} is for the backend "{question.backend}" only'
            raise click.UsageError(f'{text}, and this one is "{answers["backend"]}"')
        if answer is None:
            missing.append(question.option)
        answers[question.name] = answer
    if missing:
        raise click.UsageError(f"--yes also needs: {', '.join(missing)}")
    return answers


def _tables(answers: Answers) -> Iterator[Written]:
    addresses = _chosen(answers, "public_url", "listen", "metrics_listen", "database")
    yield "bridge", Bridge, addresses | {"keys": [answers["key"]]}
    yield "admin", Admin, _chosen(answers, "notify", "smtp") | {"summary_at": ""}
    grace = {"terminate_grace_days": _whole(answers["terminate_grace_days"])}
    yield "safety", Safety, grace
    backend = answers["backend"]
    keys = _chosen(answers, *OF_EVERY_ACCOUNT, *OF_BACKEND[backend])
    yield "accounts.main", backends()[backend], keys
    yield from _tables_of_account(answers)
    for plan in answers["plans"]:
        name, _, size = plan.partition("=")
        yield f"plans.{write.key(name)}", Plan, {"quota_gb": _whole(size)}
    source = f"sources.{write.key(answers['source'])}"
    yield source, SourceSettings, _source(answers)
    if answers["api_key"]:
        yield f"{source}.api", ApiTable, {"key": answers["api_key"]}


def _tables_of_account(answers: Answers) -> Iterator[Written]:
    if answers["hosted_user"]:
        api = {"user": answers["hosted_user"], "password": answers["hosted_password"]}
        if answers["hosted_endpoint"]:
            api = {"endpoint": answers["hosted_endpoint"]} | api
        yield "accounts.main.hosted_email", HostedEmailTable, api
    for verb in ("suspend", "unsuspend"):
        if command := answers[f"{verb}_command"]:
            keys = {"command": command, "parameters": PARAMETERS}
            yield f"accounts.main.commands.{verb}", Command, keys


def _chosen(answers: Answers, *names: str) -> dict[str, Any]:
    return {name: answers[name] for name in names}


def _source(answers: Answers) -> dict[str, Any]:
    callback = answers["callback"]
    known = subscriptions(PLATFORMS[answers["platform"]])
    fields = {name: place for name, place in known.FIELDS.items() if place} if known else {}
    return {
        "platform": answers["platform"],
        "account": "main",
        "secrets": [answers["webhook_secret"] or answers["secret"]],
        "callback": callback,
        "callback_loopback": callback.startswith("http:") and is_loopback(callback),
        "domains": answers["domains"],
    } | ({"map": fields} if fields else {})


def _create(target: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(target, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        remedy = "name another file with --config"
        text = f"{target} cannot be written: {error.strerror}; {remedy}"
        raise click.ClickException(text) from None


def _check(target: Path, answers: Answers) -> tuple[Settings, list[str]]:
    """Loads what was written.

    Variables that are named, but not set here, are taken as set: the service may have them.
    """
    written = [value for value in answers.values() if isinstance(value, str)]
    named = {value.removeprefix("env:") for value in written if value.startswith("env:")}
    unset = sorted(named - {name for name, value in os.environ.items() if value})
    later = {answers[name].removeprefix("env:"): value for name, value in OF_PLATFORM.items()}
    stands_for = {name: later.get(name, "to be set") for name in unset}
    return load(target, {**os.environ, **stands_for}), unset


def _result(target: Path, settings: Settings, answers: Answers) -> dict[str, Any]:
    url, source, secret = settings.bridge.public_url, answers["source"], answers["secret"]
    ours = not answers["webhook_secret"]
    return {
        "path": str(target),
        "url": f"{url}/hooks/{source}",
        "secret": secret if ours else None,
        "form": dict(PLATFORMS[answers["platform"]].form(url, source, secret)),
    }


def _advice(result: Mapping[str, Any], answers: Answers, place: str) -> Iterator[str]:
    command = "enom-bridge" if place == "bridge.toml" else f"enom-bridge --config {place}"
    yield from (f"Written: {result['path']} (readable only by you)", "")
    yield f"Fill in at {answers['platform']}:"
    widest = max(map(len, result["form"]))
    yield from (f"  {name:<{widest}}  {value}" for name, value in result["form"].items())
    yield ""
    if result["unset"]:
        yield from (f"Before you start the bridge, set: {', '.join(result['unset'])}", "")
    yield "If the bridge runs as another user, give the file to that user (chown)."
    yield from ("", "Next:")
    yield f"  {command} doctor   checks everything and says what is missing"
    yield f"  {command} serve    starts the bridge"
    if answers["mode"] == "observe":
        yield ""
        until = 'until you set mode = "act" and reload the bridge.'
        yield f"It only observes: nothing is changed at the mail provider {until}"


def _whole(size: str) -> int | str:
    return int(size) if size.isdecimal() and size.isascii() else size
