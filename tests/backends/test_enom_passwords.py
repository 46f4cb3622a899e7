"""The lock-out's password fits Enom's rule and the address."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.enom.domains import split
from bridge.backends.enom.passwords import LENGTH, SIGNS, unknowable
from bridge.errors import Refused
from bridge.model import Address


@given(st.integers(), st.sampled_from(["a", "j", "7", "john.doe", "_"]), st.sampled_from(["example.com", "x.test", "7.co.uk"]))
def test_a_password_fits_the_rule_and_names_nobody(seed, local, domain):
    password = unknowable(Address(local, domain), random.Random(seed).choice)
    assert len(password) == LENGTH
    assert all(any(test(sign) for sign in password) for test in (str.isupper, str.islower, str.isdigit, SIGNS.__contains__))
    assert local.lower() not in password.lower()
    assert domain not in password.lower()


@pytest.mark.parametrize(
    ("domain", "sld", "tld"),
    [
        ("example.com", "example", "com"),
        ("example.co.uk", "example", "co.uk"),
        ("xn--bcher-kva.example", "xn--bcher-kva", "example"),
        ("example.github.io", None, None),
        ("mail.example.com", None, None),
        ("co.uk", None, None),
        ("com", None, None),
        ("", None, None),
    ],
)
def test_only_a_registrable_domain_is_split(domain, sld, tld):
    if sld is None:
        with pytest.raises(Refused) as caught:
            split(domain)
        assert caught.value.code == "domain_not_in_account"
    else:
        assert split(domain) == {"SLD": sld, "TLD": tld}
