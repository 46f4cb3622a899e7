"""Which mailbox passwords Enom takes: the rules of the oldest page, and those since November
2018 [D]."""

SPECIAL = "*@-_/."


def refused(password: str, local: str, domain: str, rules: str) -> str:
    """Why the password is refused, or the empty string."""
    if rules == "old":
        fits = 6 <= len(password) <= 30 and password.isalnum()
        return "" if fits else "password must have 6 to 30 letters and digits"
    if not 10 <= len(password) <= 20 or " " in password:
        return "password must have 10 to 20 characters and no spaces"
    if not any(c.isupper() for c in password) or not any(c.isdigit() for c in password):
        return "password must have an upper-case letter and a number"
    if not any(c in SPECIAL for c in password):
        return f"password must have one of {SPECIAL}"
    return (
        "password must not contain the user name or the domain"
        if contains(password, local, domain)
        else ""
    )


def contains(password: str, local: str, domain: str) -> bool:
    return local.lower() in password.lower() or domain.lower() in password.lower()


def hosted_refused(password: str) -> bool:
    """Hosted email's own rule: plain text of 1 to 54 characters, ASCII without space and double
    quote; or a hash [D, O]."""
    if password.startswith("{") and "}" in password:
        return False
    return not 1 <= len(password) <= 54 or not all(c == "!" or "#" <= c <= "~" for c in password)
