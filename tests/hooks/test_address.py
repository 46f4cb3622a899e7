"""One spelling for each mailbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.address import normalise

LABEL = "a" * 63


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("John.Doe@Example.COM", "john.doe@example.com"),
        ("7_a-b.c@sub.example.com", "7_a-b.c@sub.example.com"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
        ("john@Bücher.example", "john@xn--bcher-kva.example"),
        ("john@XN--BCHER-KVA.example", "john@xn--bcher-kva.example"),
        ("john@straße.example", "john@xn--strae-oqa.example"),
        ("john@例え。テスト", "john@xn--r8jz45g.xn--zckzah"),
        ("john@ab--cd.example", "john@ab--cd.example"),
        (f"john@{LABEL}.example", f"john@{LABEL}.example"),
    ],
)
def test_two_spellings_become_one(given: str, normal: str) -> None:
    assert normalise(given) == normal


@pytest.mark.parametrize(
    "local",
    [
        "",
        "x" * 65,
        ".a",
        "_a",
        "-a",
        "a..b",
        "a b",
        "a+b",
        "jöhn",
        "\u212aate",
        '"a"',
        "a@b",
        "a\n",
        "\ud800",
    ],
)
def test_a_local_part_that_enom_does_not_take_is_refused(local: str) -> None:
    with pytest.raises(ValueError, match="before the @"):
        normalise(f"{local}@example.com")


@pytest.mark.parametrize(
    "domain",
    [
        *(
            "",
            "com",
            ".com",
            "example.",
            "example..com",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b.com",
            "a.com\n",
        ),
        *("127.0.0.1", "[::1]", LABEL + "a.com", ".".join([LABEL] * 4) + ".com", "ü" * 60 + ".com"),
        *("xn--.com", "xn--a.com", "xn--\ud800.com", "\u0301a.com"),
    ],
)
def test_a_domain_that_cannot_have_mail_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="after the @"):
        normalise(f"john@{domain}")


@pytest.mark.parametrize("text", ["", "john", "john@" + "a." * 200 + "com"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not an address"):
        normalise(text)


@given(
    st.text()
    | st.builds(
        "{}@{}{}.com".format,
        st.text("aA.-_1", max_size=9),
        st.sampled_from(["", "xn--"]),
        st.text(),
    )
)
def test_a_normal_address_stays_as_it_is_and_nothing_but_value_error_comes_out(text: str) -> None:
    try:
        normal = normalise(text)
    except ValueError as error:
        assert len(text) < 9 or text not in str(error)
    else:
        assert normal.isascii()
        assert normal == normal.lower() == normalise(normal)
