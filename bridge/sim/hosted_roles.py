"""Who may do what at hosted email: the roles of admins [D], and which methods each may call.

What is not named is refused.
"""

from collections.abc import Mapping
from typing import Final

READING: Final = frozenset(
    {"get_user", "get_user_changes", "search_users", "get_domain", "search_domains", "get_company"}
)
ANYONE: Final = frozenset({"authenticate", "echo"})
OWN_USER: Final = ANYONE | {"get_user", "logout_user"}
USERS: Final = frozenset(
    {"change_user", "delete_user", "restore_user", "logout_user", "generate_token"}
)

ALLOWED: Mapping[str, frozenset[str]] = {
    "company": ANYONE | READING | USERS | {"change_domain"},
    "company_mail": ANYONE | READING | USERS | {"change_domain"},
    "company_ro": ANYONE | READING,
    "company_view": ANYONE | READING,  # how it differs from company_ro is not documented [I]
    "company_token_only": ANYONE | {"generate_token"},
    "domain": ANYONE | READING | USERS | {"change_domain"},
    "mail": OWN_USER,
}
"""Names of roles and what each is for [D]; the methods of each are our reading [I]."""

MAKES_USERS: Final = frozenset({"company", "domain"})
"""Roles whose holder may make and delete what is billed: company_mail may change "only what is
not" [D]."""
MAKES_DOMAINS: Final = frozenset({"company"})
