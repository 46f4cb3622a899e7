"""What `enom-bridge init` has to know: an option for each, asked for where it was not given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from bridge.backends.enom.settings import command_name
from bridge.backends.hosted_email.settings import TEST_HOST
from bridge.config import backends, values
from bridge.config.subscriptions import LEAST_GRACE
from bridge.infra.setting import filled
from bridge.infra.urls import is_loopback, web_url
from hooks import PLATFORMS, subscriptions

Answers = dict[str, Any]

GRACE = "7"
"""Days: a mailbox that was terminated by mistake is suspended, not gone, until it is noticed."""

BACKEND = """
Which mailbox system do you have? If Enom's control panel shows paks of mailboxes for your domains,
it is enom; if you make all mailboxes in the Mail Administration Center of hostedemail.com, it is
hosted-email.
  enom          Enom's API, with hosted email where you have an admin user there
  hosted-email  the API of hosted email alone"""
SUSPEND_WITH = """
How should a mailbox be suspended? Enom documents no command for it, so choose one:
  hosted-email  switches the services of the mailbox off through the API of the hosted-email
                platform behind Enom's mail, and back on later; confirmed by a read. Needs that
                API's credentials: ask Enom.
  lock-out      sets a random password that nobody knows. Mail still arrives; to unsuspend,
                billing must send a new password. No read can confirm it.
  commands      sends Enom commands that you name, for example ones from Enom support. No read
                can confirm them.
  refuse        every suspend and unsuspend fails with an error."""
PURCHASE = """
May the bridge spend money at Enom?
  never  a mailbox that would need a new or renewed pak fails with purchase_needed
  paks   it may buy and renew paks, ten mailboxes each
  boxes  it may buy and renew mailboxes one by one"""
MODE = """
  act      does what hooks ask
  observe  reads, plans and reports, but changes nothing at the mail provider: for a trial next
           to your present system"""


class Checked(click.ParamType[str]):
    """An answer that the configuration will take. A bad one is refused and asked again at once."""

    name = "text"

    def __init__(self, check: Callable[[str], Any]) -> None:
        self.check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            self.check(value)
        except ValueError as fault:
            self.fail(f"this {fault}", param, ctx)
        return str(value)


@dataclass(frozen=True)
class Prompt:
    """One option, and the prompt for it. Without `text` it is never asked.

    A `default` of None must be answered.
    """

    name: str
    help: str
    text: str = ""
    default: str | Callable[[Answers], str] | None = ""
    choices: tuple[str, ...] = ()
    before: str = ""
    hidden: bool = False
    only_for: str = ""  # the suspend_with that needs it
    only_if: Callable[[Answers], bool] = lambda answers: True
    backend: str = ""  # whose key it is, if it is not everybody's
    otherwise: str = ""  # what stands for it where it does not matter
    check: Callable[[str], Any] = str

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def matters(self, answers: Answers) -> bool:
        if self.backend and self.backend != answers["backend"]:
            return False
        if self.only_for and self.only_for != answers["suspend_with"]:
            return False
        return self.only_if(answers)

    def usual(self, answers: Answers) -> str | None:
        if not self.matters(answers):
            return self.otherwise
        return self.default(answers) if callable(self.default) else self.default

    def ask(self, answers: Answers) -> Any:
        usual = self.usual(answers)
        if not self.text or not self.matters(answers):
            return usual
        if self.before:
            click.echo(self.before, err=True)
        kind: Any = click.Choice(self.choices) if self.choices else Checked(self.check)
        shown = bool(usual)
        return click.prompt(self.text, usual, self.hidden, type=kind, show_default=shown, err=True)


def backend(text: str) -> None:
    if text not in backends():
        raise ValueError(f"must be one of: {', '.join(backends())}")


def callback(url: str) -> None:
    if url and not (web_url(url).startswith("https:") or is_loopback(url)):
        raise ValueError("must begin with https://; http:// is for this machine only")


def credential(text: str) -> None:
    kind, colon, rest = text.partition(":")
    if kind in ("env", "file") and colon:
        text = rest
    filled(text)


def mail_server(text: str) -> None:
    if not text:
        raise ValueError("is needed to send mail; a relay on this machine is smtp://127.0.0.1:25")
    values.smtp(text)


def suspends(answers: Answers) -> bool:
    return answers["suspend_with"] in ("hosted-email", "commands")


def has_subscriptions(answers: Answers) -> bool:
    return subscriptions(PLATFORMS[answers["platform"]]) is not None


def grace(answers: Answers) -> str:
    if has_subscriptions(answers):
        return str(LEAST_GRACE)
    return GRACE if answers["environment"] == "live" and suspends(answers) else "0"


def hosted_endpoint(answers: Answers) -> str:
    alone = answers["backend"] == "hosted-email" and answers["environment"] == "test"
    return f"https://{TEST_HOST}/api" if alone else ""


BILLING = (
    Prompt("platform", "Billing platform.", "Billing platform", "whmcs", tuple(PLATFORMS)),
    Prompt(
        "source",
        "Name of this billing installation.",
        "A name for this installation",
        lambda answers: f"{answers['platform']}-main",
        check=values.name,
    ),
    Prompt(
        "callback",
        "URL for the callbacks.",
        "Callback URL on the billing side, as its plug-in shows it (empty: none)",
        check=callback,
    ),
    Prompt(
        "webhook_secret",
        "Signing secret of the platform's webhook endpoint (stripe).",
        "Signing secret of the webhook endpoint (or env:NAME, file:PATH)",
        "env:WEBHOOK_SECRET",
        hidden=True,
        only_if=has_subscriptions,
        check=credential,
    ),
    Prompt(
        "api_key",
        "API key of the platform (stripe).",
        "API key of the platform (or env:NAME, file:PATH)",
        "env:PLATFORM_API_KEY",
        hidden=True,
        only_if=has_subscriptions,
        check=credential,
    ),
    Prompt("listen", "HOST:PORT to listen on.", default="127.0.0.1:8080"),
    Prompt(
        "public_url",
        "URL of the bridge.",
        "URL at which billing reaches the bridge",
        lambda answers: f"http://{answers['listen']}",
        check=values.public_url,
    ),
)
ENOM = (
    Prompt("uid", "Enom login.", "Enom login (uid)", None, backend="enom", check=credential),
    Prompt(
        "token",
        "Enom API token; env:NAME and file:PATH too.",
        "Enom API token (or env:NAME, file:PATH)",
        None,
        hidden=True,
        backend="enom",
        check=credential,
    ),
    Prompt(
        "suspend_with",
        "How to suspend; asked for with an explanation.",
        "Suspend with",
        None,
        ("hosted-email", "lock-out", "commands", "refuse"),
        SUSPEND_WITH,
        backend="enom",
        otherwise="hosted-email",
    ),
)
HOSTED_EMAIL = (
    Prompt(
        "hosted_user",
        "Hosted-email admin.",
        "Hosted-email admin user",
        None,
        only_for="hosted-email",
        check=credential,
    ),
    Prompt(
        "hosted_password",
        "Its password.",
        "Its password (or env:…)",
        None,
        hidden=True,
        only_for="hosted-email",
        check=credential,
    ),
    Prompt("hosted_endpoint", "Base URL of that API.", default=hosted_endpoint),
)
ENOM_SPENDS = (
    *(
        Prompt(
            f"{verb}_command",
            f"Enom command to {what}.",
            f"Enom command that {what}s",
            None,
            only_for="commands",
            backend="enom",
            check=command_name,
        )
        for verb, what in (("suspend", "suspend"), ("unsuspend", "restore"))
    ),
    Prompt(
        "purchase",
        "May the bridge spend money?",
        "Purchases",
        "never",
        ("never", "paks", "boxes"),
        PURCHASE,
        backend="enom",
    ),
)
REST = (
    Prompt(
        "mode",
        "Act, or observe only; live: observe, if nothing else is said.",
        "Mode",
        lambda answers: "observe" if answers["environment"] == "live" else "act",
        ("act", "observe"),
        MODE,
    ),
    Prompt(
        "terminate_grace_days",
        f"Days from terminate to deletion. Default: live {GRACE}, if suspension works; else 0. "
        f"stripe: {LEAST_GRACE}.",
        default=grace,
    ),
    Prompt(
        "notify",
        "Where alerts go.",
        "Where alerts go: mailto:you@example.com or an https URL (empty: only to the log)",
        check=values.notify,
    ),
    Prompt(
        "smtp",
        "Mail server for alerts, such as smtp://127.0.0.1:25.",
        "Mail server for alerts",
        "smtp://127.0.0.1:25",
        only_if=lambda answers: str(answers["notify"]).startswith("mailto:"),
        check=mail_server,
    ),
    Prompt("endpoint", "Another URL of Enom's API.", backend="enom"),
    Prompt("metrics_listen", "HOST:PORT for metrics.", default="127.0.0.1:9108"),
    Prompt("database", "Database URL.", default=lambda a: f"sqlite:///{a['stem']}.sqlite3"),
)
QUESTIONS = (
    *BILLING,
    Prompt(
        "backend",
        "The mailbox system; asked for with an explanation.",
        "Backend",
        "enom",
        before=BACKEND,
        only_if=lambda answers: len(backends()) > 1,
        otherwise="enom",
        check=backend,
    ),
    Prompt("environment", "Test or live.", "Environment", "test", ("test", "live")),
    *ENOM,
    *HOSTED_EMAIL,
    *ENOM_SPENDS,
    *REST,
)
