"""The lock-out's password fits Enom's rule and the address."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.enom.domains import perhaps_meant, split
from bridge.backends.passwords import LENGTH, SIGNS, unknowable
from bridge.domain.model import Address


@given(
    st.integers(),
    st.sampled_from(["a", "j", "7", "john.doe", "_"]),
    st.sampled_from(["example.com", "x.test", "7.co.uk"]),
)
def test_a_password_fits_the_rule_and_names_nobody(seed, local, domain):
    password = unknowable(Address(local, domain), random.Random(seed).choice)
    assert len(password) == LENGTH
    assert all(
        any(test(sign) for sign in password)
        for test in (str.isupper, str.islower, str.isdigit, SIGNS.__contains__)
    )
    assert local.lower() not in password.lower()
    assert domain not in password.lower()


@pytest.mark.parametrize(
    ("domain", "sld", "tld"),
    [
        ("example.com", "example", "com"),
        ("example.co.uk", "example", "co.uk"),
        ("xn--bcher-kva.example", "xn--bcher-kva", "example"),
        ("example.uk.com", "example", "uk.com"),
        ("example.github.io", "example", "github.io"),
        ("mail.example.com", "mail", "example.com"),
        ("a.b.example.co.uk", "a", "b.example.co.uk"),
    ],
)
def test_a_domain_is_split_so_that_no_other_is_named(domain, sld, tld):
    assert split(domain) == {"SLD": sld, "TLD": tld}
    assert f"{sld}.{tld}" == domain


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("mail.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.uk.com", ""),
        ("mail.example.uk.com", "example.uk.com"),
        ("example.github.io", ""),
        ("example.com", ""),
        ("example.co.uk", ""),
        ("co.uk", ""),
    ],
)
def test_what_may_be_meant_is_only_a_hint(domain, meant):
    assert perhaps_meant(domain) == meant
