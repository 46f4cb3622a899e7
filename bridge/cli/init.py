"""`enom-bridge init`: asks what it must know, writes bridge.toml with fresh secrets, says what to paste into billing."""

import json
import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import click

from bridge.cli.config import Misconfigured
from bridge.config import ConfigurationError, Settings, load, values
from bridge.config.values import is_loopback
from hooks import PLATFORMS
from hooks.signing import new_secret

Answers = dict[str, Any]

GRACE = "7"  # days: a mailbox that was terminated by mistake is suspended, and not gone, until somebody notices

SUSPEND_WITH = """
How should a mailbox be suspended? Enom documents no command for it, so choose one:
  hosted-email  switches the services of the mailbox off through the API of the hosted-email platform behind Enom's mail,
                and back on later; confirmed by a read. Needs that API's credentials: ask Enom.
  lock-out      sets a random password that nobody knows. Mail still arrives; to unsuspend, billing must send a new
                password. No read can confirm it.
  commands      sends Enom commands that you name, for example ones from Enom support. No read can confirm them.
  refuse        every suspend and unsuspend fails with an error."""
PURCHASE = """
May the bridge spend money at Enom?
  never  a mailbox that would need a new or renewed pak fails with purchase_needed
  paks   it may buy and renew paks, ten mailboxes each
  boxes  it may buy and renew mailboxes one by one"""
MODE = """
  act      does what hooks ask
  observe  reads, plans and reports, but changes nothing at Enom: for a trial next to your present system"""


class Checked(click.ParamType[str]):
    """An answer that the configuration will take. A bad one is told at once and asked again, not when all is answered."""

    name = "text"

    def __init__(self, check: Callable[[str], Any]) -> None:
        self.check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            self.check(value)
        except ValueError as fault:
            self.fail(f"this {fault}", param, ctx)
        return str(value)


def callback(url: str) -> None:
    if url and not (values.web_url(url).startswith("https:") or is_loopback(url)):
        raise ValueError("must begin with https://; http:// is for this machine only")


def secret(text: str) -> None:
    kind, colon, rest = text.partition(":")
    if kind in ("env", "file") and colon:
        text = rest
    values.filled(text)


def told(text: str) -> None:
    if not text:
        raise ValueError("is needed to send mail; a relay on this machine is smtp://127.0.0.1:25")
    values.smtp(text)


@dataclass(frozen=True)
class Question:
    """One option, and the prompt for it. Without `text` it is never asked; `default` None must be answered."""

    name: str
    help: str
    text: str = ""
    default: str | Callable[[Answers], str] | None = ""
    choices: tuple[str, ...] = ()
    before: str = ""
    hidden: bool = False
    only_for: str = ""  # the suspend_with that needs it
    only_if: Callable[[Answers], bool] = lambda answers: True
    check: Callable[[str], Any] = str

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def matters(self, answers: Answers) -> bool:
        return self.only_if(answers) and (not self.only_for or self.only_for == answers["suspend_with"])

    def usual(self, answers: Answers) -> str | None:
        if not self.matters(answers):
            return ""
        return self.default(answers) if callable(self.default) else self.default

    def ask(self, answers: Answers) -> Any:
        usual = self.usual(answers)
        if not self.text or not self.matters(answers):
            return usual
        if self.before:
            click.echo(self.before, err=True)
        kind: Any = click.Choice(self.choices) if self.choices else Checked(self.check)
        return click.prompt(self.text, usual, self.hidden, type=kind, show_default=bool(usual), err=True)


QUESTIONS = (
    Question("platform", "Billing platform.", "Billing platform", "whmcs", tuple(PLATFORMS)),
    Question(
        "source",
        "Name of this billing installation.",
        "A name for this installation",
        lambda a: f"{a['platform']}-main",
        check=values.name,
    ),
    Question(
        "callback",
        "URL for the callbacks.",
        "Callback URL on the billing side, as its plug-in shows it (empty: none)",
        check=callback,
    ),
    Question("listen", "HOST:PORT to listen on.", default="127.0.0.1:8080"),
    Question(
        "public_url",
        "URL of the bridge.",
        "URL at which billing reaches the bridge",
        lambda a: f"http://{a['listen']}",
        check=values.public_url,
    ),
    Question("environment", "Enom's environment.", "Enom environment", "test", ("test", "live")),
    Question("uid", "Enom login.", "Enom login (uid)", None, check=values.filled),
    Question(
        "token",
        "Enom API token; env:NAME and file:PATH too.",
        "Enom API token (or env:NAME, file:PATH)",
        None,
        hidden=True,
        check=secret,
    ),
    Question(
        "suspend_with",
        "How to suspend a mailbox; without it, init explains the choices.",
        "Suspend with",
        None,
        ("hosted-email", "lock-out", "commands", "refuse"),
        SUSPEND_WITH,
    ),
    Question(
        "hosted_user", "Hosted-email admin.", "Hosted-email admin user", None, only_for="hosted-email", check=values.filled
    ),
    Question(
        "hosted_password", "Its password.", "Its password (or env:…)", None, hidden=True, only_for="hosted-email", check=secret
    ),
    Question("hosted_endpoint", "Base URL of that API."),
    Question(
        "suspend_command",
        "Enom command to suspend.",
        "Enom command that suspends",
        None,
        only_for="commands",
        check=values.command,
    ),
    Question(
        "unsuspend_command",
        "Enom command to unsuspend.",
        "Enom command that unsuspends",
        None,
        only_for="commands",
        check=values.command,
    ),
    Question("purchase", "May the bridge spend money?", "Purchases", "never", ("never", "paks", "boxes"), PURCHASE),
    Question(
        "mode",
        "Act, or only observe. Default: observe for a live account, else act.",
        "Mode",
        lambda a: "observe" if a["environment"] == "live" else "act",
        ("act", "observe"),
        MODE,
    ),
    Question(
        "terminate_grace_days",
        f"Days from terminate to deletion. Default: live {GRACE}, if suspension works; else 0.",
        default=lambda a: GRACE if a["environment"] == "live" and a["suspend_with"] in ("hosted-email", "commands") else "0",
    ),
    Question(
        "notify",
        "Where alerts go.",
        "Where alerts go: mailto:you@example.com or an https URL (empty: only to the log)",
        check=values.notify,
    ),
    Question(
        "smtp",
        "Mail server for alerts, such as smtp://127.0.0.1:25.",
        "Mail server for alerts",
        "smtp://127.0.0.1:25",
        only_if=lambda a: str(a["notify"]).startswith("mailto:"),
        check=told,
    ),
    Question("endpoint", "Another URL of Enom's API."),
    Question("metrics_listen", "HOST:PORT for metrics.", default="127.0.0.1:9108"),
    Question("database", "Database URL.", default=lambda a: f"sqlite:///{a['stem']}.sqlite3"),
)

TEMPLATE = Template("""\
# Configuration of enom-bridge. It holds secrets: keep it readable by its user alone (chmod 600).
# A secret may also be written as "env:NAME" or "file:PATH". `enom-bridge config check` names every fault.

[bridge]
# Where billing reaches it.
public_url = $public_url
listen = $listen
# Prometheus; "" switches it off.
metrics_listen = $metrics_listen
# Or postgresql+psycopg://user@host/name.
database = $database
# Encrypts stored secrets. Keep a copy, but not together with backups of the database.
keys = [$key]

[admin]
# Where alerts go: "mailto:you@example.com" or an https URL; empty: only to the log.
notify = $notify
# For mailto:, such as "smtp://user@host:587".
smtp = $smtp
# A summary each day at this time (UTC), such as "06:30"; empty: none.
summary_at = ""

[safety]
# A terminate suspends at once and deletes after this many days; 0: deletes at once.
terminate_grace_days = $terminate_grace_days

[accounts.main]
# test | live
environment = $environment
# act | observe: reads, plans and reports only.
mode = $mode
uid = $uid
token = $token
# Empty: the documented one of the environment.
endpoint = $endpoint
# never | paks | boxes: may the bridge spend money?
purchase = $purchase
# hosted-email | lock-out | commands | refuse
suspend_with = $suspend_with
$suspension$plans
[sources.$source]
platform = $platform
account = "main"
# Oldest first. To change it: add the new one at the end, tell billing, then take the old one out.
secrets = [$secret]
# Where callbacks go; empty: nowhere.
callback = $callback
# true: http to this machine is allowed.
callback_loopback = $callback_loopback
# Mail domains that this source may use; "*": all.
domains = $domains
""")
HOSTED = Template("\n[accounts.main.hosted_email]\nuser = $hosted_user\npassword = $hosted_password\n")
COMMAND = Template("""
[accounts.main.commands.$verb]
command = $command
parameters = { UserName = "{local}", SLD = "{sld}", TLD = "{tld}" }
""")


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for question in reversed(QUESTIONS):
        kind = click.Choice(question.choices) if question.choices else None
        command = click.option(question.option, question.name, type=kind, help=question.help)(command)
    return command


@click.command()
@click.option("--config", "path", help="The file to write. Default: ./bridge.toml")
@click.option("--yes", is_flag=True, help="Ask nothing; use defaults for what is not given.")
@_options
@click.option("--domain", "domains", multiple=True, default=("*",), help="Mail domain of this source; may be repeated.")
@click.option("--plan", "plans", multiple=True, default=("basic=10",), help="NAME=GIGABYTES; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def init(ctx: click.Context, /, path: str | None, yes: bool, as_json: bool, **given: Any) -> None:
    """Write a configuration with fresh secrets and say what to paste into the billing platform."""
    place = path or (ctx.obj or {}).get("config") or os.environ.get("ENOM_BRIDGE_CONFIG") or "bridge.toml"
    target = Path(place).absolute()
    if target.exists():
        raise click.ClickException(
            f"{target} already exists and was not changed; name another file with --config, or move it away"
        )
    stem = re.sub(r"[^A-Za-z0-9_.-]", "-", target.stem)  # two configurations in one folder never share a database
    answers = _answers(given, yes, stem)
    answers |= {"key": urlsafe_b64encode(secrets.token_bytes(32)).decode(), "secret": new_secret(secrets.token_bytes(32))}
    _create(target, _render(answers))
    try:
        settings, unset = _check(target, answers)
    except ConfigurationError as error:
        target.unlink()
        raise Misconfigured(error) from None
    result = {
        "path": str(target),
        "url": f"{settings.bridge.public_url}/hooks/{answers['source']}",
        "secret": answers["secret"],
        "form": dict(PLATFORMS[answers["platform"]].form(settings.bridge.public_url, answers["source"], answers["secret"])),
        "unset": unset,
    }
    observes = answers["mode"] == "observe"
    click.echo(json.dumps(result, indent=2) if as_json else _advice(result, answers["platform"], place, observes))


def _answers(given: Mapping[str, Any], silent: bool, stem: str) -> Answers:
    answers: Answers = {"domains": given["domains"], "plans": given["plans"], "stem": stem}
    missing = []
    for question in QUESTIONS:
        answer = given[question.name]
        if answer is None:
            answer = question.usual(answers) if silent else question.ask(answers)
        if answer is None:
            missing.append(question.option)
        answers[question.name] = answer
    if missing:
        raise click.UsageError(f"--yes also needs: {', '.join(missing)}")
    return answers


def _render(answers: Answers) -> str:
    quoted = {name: _toml(value) for name, value in answers.items()}
    suspension = HOSTED.substitute(quoted) if answers["hosted_user"] else ""
    if answers["hosted_user"] and answers["hosted_endpoint"]:
        suspension += f"endpoint = {quoted['hosted_endpoint']}\n"
    for verb in ("suspend", "unsuspend"):
        if answers[f"{verb}_command"]:
            suspension += COMMAND.substitute(verb=verb, command=quoted[f"{verb}_command"])
    plans = [plan.partition("=") for plan in answers["plans"]]
    quoted |= {
        "suspension": suspension,
        "plans": "".join(f"\n[plans.{_key(name)}]\nquota_gb = {_whole(size)}\n" for name, _, size in plans),
        "source": _key(answers["source"]),
        "terminate_grace_days": _whole(answers["terminate_grace_days"]),
        "callback_loopback": _toml(answers["callback"].startswith("http:") and is_loopback(answers["callback"])),
    }
    return TEMPLATE.substitute(quoted)


def _create(target: Path, text: str) -> None:
    try:
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}; name another file with --config") from None


def _check(target: Path, answers: Answers) -> tuple[Settings, list[str]]:
    """Loads what was written. Variables that are named, but not set here, are taken as set: the service may have them."""
    named = {value.removeprefix("env:") for value in answers.values() if isinstance(value, str) and value.startswith("env:")}
    unset = sorted(named - {name for name, value in os.environ.items() if value})
    return load(target, {**os.environ, **dict.fromkeys(unset, "to be set")}), unset


def _advice(result: Mapping[str, Any], platform: str, place: str, observes: bool) -> str:
    command = "enom-bridge" if place == "bridge.toml" else f"enom-bridge --config {place}"
    unset = [f"Before you start the bridge, set: {', '.join(result['unset'])}", ""] if result["unset"] else []
    lines = [
        f"Written: {result['path']} (readable only by you)",
        "",
        f"Fill in at {platform}:",
        *(f"  {name:<{max(map(len, result['form']))}}  {value}" for name, value in result["form"].items()),
        "",
        *unset,
        "If the bridge runs as another user, give the file to that user (chown).",
        "",
        "Next:",
        f"  {command} doctor   checks everything and says what is missing",
        f"  {command} serve    starts the bridge",
    ]
    if observes:
        lines += ["", 'It only observes: nothing is changed at Enom until you set mode = "act" and reload the bridge.']
    return "\n".join(lines)


def _toml(value: Any) -> str:
    # JSON's strings, lists and booleans are TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _whole(size: str) -> str:
    return size if size.isdecimal() and size.isascii() else _toml(size)
