"""The settings of hosted email: those of the API, and those of an account that uses it alone."""

from dataclasses import dataclass, field

from bridge.infra.secret import Secret
from bridge.infra.setting import filled, setting
from bridge.infra.urls import api_url

TEST_HOST = "admin.test.hostedemail.com"  # [D]
LIVE_HOSTS = ("admin.a.hostedemail.com", "admin.b.hostedemail.com", "admin.hostedemail.com")  # [D]


@dataclass(frozen=True)
class HostedEmailAccount:
    """An account as the backend needs it. The password is plain here, and never part of a repr."""

    endpoint: str
    user: str
    password: str = field(repr=False)
    keep_receiving: bool = False
    prove_passwords: bool = False
    create_domains: bool = False


@dataclass(frozen=True)
class HostedEmailTable:
    """`[accounts.NAME.hosted_email]`. `endpoint` has no slash at its end."""

    endpoint: str = setting(
        "Base URL of the hosted-email API.",
        "https://admin.a.hostedemail.com/api",
        read=api_url,
    )
    user: str = setting(
        "The admin user of that API.",
        needs='user = "admin@reseller.example"',
        read=filled,
        elsewhere=True,
    )
    password: Secret = setting(
        "The password of that user.",
        needs='password = "env:HOSTED_EMAIL_PASSWORD"',
        read=filled,
    )
    keep_receiving: bool = setting("true: a suspended mailbox still receives mail.", False)

    def account(
        self, prove_passwords: bool = False, create_domains: bool = False
    ) -> HostedEmailAccount:
        return HostedEmailAccount(
            self.endpoint,
            self.user,
            self.password.reveal(),
            self.keep_receiving,
            prove_passwords,
            create_domains,
        )


@dataclass(frozen=True, kw_only=True)
class HostedEmailKeys:
    """The keys of `[accounts.NAME]` that belong to the backend `hosted-email`."""

    suspend_with: str = setting(
        "How a mailbox is suspended: hosted-email is the only way of this backend.",
        "hosted-email",
        choices=("hosted-email",),
    )
    prove_passwords: bool = setting(
        "true: a new password is proved by signing in with it once.",
        False,
    )
    create_domains: bool = setting(
        "true: a mail domain that is not there is made with its first mailbox.",
        False,
    )
    hosted_email: HostedEmailTable = setting(
        "Where the API is, and who signs in.",
        needs="the table [accounts.NAME.hosted_email] with user and password",
    )

    def account(self) -> HostedEmailAccount:
        return self.hosted_email.account(self.prove_passwords, self.create_domains)
