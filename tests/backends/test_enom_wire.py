"""interface.asp's bytes: what is read, what is refused, and what never leaves the decoder."""

import pickle
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.enom import paks, wire
from bridge.backends.text import TEXT_LIMIT
from bridge.domain.errors import BridgeError, MalformedReply

HIDDEN = "Hidden-Secret-42"
LIST = f"""
 <pop><username>John</username><password>{HIDDEN}</password><quota>1024</quota><expdate>5/3/2030 2:14:59 AM</expdate>
  <BundleId>26770</BundleId><AutoRenew>0</AutoRenew><admin>0</admin><quotaused>3</quotaused></pop>
 <pop><username>jane@example.com</username><password>{HIDDEN}</password><quota/><BundleId>26771</BundleId></pop>
 <EmailCount>2</EmailCount>
 <Paks><Pak><BundleId>26770</BundleId><QtyPurchased>10</QtyPurchased><QtyAvailable>6</QtyAvailable>
  <ExpDate>5/3/2030 2:14:59 PM</ExpDate></Pak></Paks><Successful>True</Successful><Command>GETPOP3</Command>
"""
REFUSAL = """
 <Command>GETPOP3</Command><Language>eng</Language><ErrCount>2</ErrCount>
 <errors><Err1>User not permitted from this IP address - 192.0.2.1</Err1><Err2>Bad User name or Password</Err2></errors>
 <ResponseCount>1</ResponseCount><responses><response><Description/><ResponseNumber>304155</ResponseNumber>
 <ResponseString>Validation error; invalid ; loginid</ResponseString></response></responses><Done>true</Done>
"""


def answer(
    inner: str, declaration: str = "", done: str = "<ErrCount>0</ErrCount><Done>true</Done>"
) -> bytes:
    return f"{declaration}<interface-response>{inner}{done}</interface-response>".encode()


def test_a_command_becomes_a_form():
    body = wire.encode(
        "reseller", "to&ken", "GetPOP3", {"SLD": "example", "DisplayName1": "Zoë & Co"}
    )
    assert parse_qs(body.decode()) == {
        "command": ["GetPOP3"],
        "uid": ["reseller"],
        "pw": ["to&ken"],
        "responsetype": ["XML"],
        "SLD": ["example"],
        "DisplayName1": ["Zoë & Co"],
    }


def test_a_list_is_read():
    envelope = wire.decode(answer(LIST))
    assert (envelope.command, envelope.err_count, envelope.done) == ("GETPOP3", 0, True)
    assert envelope.fields == {"emailcount": "2", "success": "True"}
    listing = paks.listing(envelope)
    assert listing.complete
    assert listing.mailboxes == {
        "john": paks.ListedMailbox("26770", 2**30, 3 * 2**20),
        "jane": paks.ListedMailbox("26771", None, None),
    }
    (pak,) = listing.paks
    assert (pak.bundle, pak.free, pak.expires) == (
        "26770",
        6,
        datetime(2030, 5, 3, 14, 14, 59, tzinfo=UTC),
    )


def test_a_password_of_a_list_is_kept_by_no_object():
    envelope = wire.decode(answer(LIST))
    everything = pickle.dumps([envelope, paks.listing(envelope)])
    assert b"26770" in everything
    assert HIDDEN.encode() not in everything


def test_errors_and_codes_are_read():
    envelope = wire.decode(answer(REFUSAL, done=""))
    assert envelope.err_count == 2
    assert envelope.errors == (
        "User not permitted from this IP address - 192.0.2.1",
        "Bad User name or Password",
    )
    assert envelope.codes == (("304155", "Validation error; invalid ; loginid"),)


@pytest.mark.parametrize("name", ["success", "Success", "SUCCESSFUL"])
def test_names_are_read_in_any_case(name):
    inner = f"<{name}>True</{name}><ORDERID>7</ORDERID><Bundles><bundleid>8</bundleid><BundleID>9</BundleID></Bundles>"
    assert wire.decode(answer(inner)).fields == {"success": "True", "orderid": "7", "bundleid": "8"}


def test_a_code_without_number_or_text_is_empty():
    assert wire.decode(
        answer("<responses><response><Description>x</Description></response></responses>")
    ).codes == (("", ""),)


def test_a_secret_that_begins_another_is_masked_with_all_of_it():
    assert wire.clean("x planted-tail y", wire.mask_of(["planted", "planted-tail"])) == "x *** y"
    assert wire.clean(None, wire.mask_of([])) == ""


def test_names_are_read_in_any_namespace_and_what_is_missing_is_empty():
    named = answer("<Command>X</Command>").replace(
        b"<interface-response>", b'<interface-response xmlns="urn:example">', 1
    )
    assert wire.decode(named).command == "X"
    assert wire.decode(answer("")).command == wire.decode(answer("<Command/>")).command == ""
    with pytest.raises(MalformedReply, match=r"^This is not an answer of Enom's interface"):
        wire.decode(b"<html/>")


def test_what_stands_in_errors_and_codes_is_no_field():
    inside = "<errors><Successful>True</Successful></errors><responses><EmailCount>5</EmailCount></responses>"
    assert wire.decode(answer(inside)).fields == {}


def test_only_listed_fields_leave():
    assert (
        wire.decode(
            answer("<Secret>x</Secret><Password>y</Password><a><password>z</password></a>")
        ).fields
        == {}
    )


def test_a_text_is_short_printable_and_without_what_was_sent():
    inner = f"<errors><Err1>\t{HIDDEN.lower()} a%26b a&amp;b \x85{'x' * 900}</Err1></errors>"
    (text,) = wire.decode(answer(inner), secrets=[HIDDEN, "a&b", ""]).errors
    assert text.startswith("*** *** ***  xxx")
    assert len(text) == TEXT_LIMIT


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (answer("<Site>eNom®</Site>"), ""),
        (answer("", '<?xml version="1.0" ?>\n'), "text/xml"),
        (answer("", '\r\n<?xml version="1.0" encoding="utf-16"?>'), "text/xml; charset=utf-16"),
        (answer("<Site>eNom®</Site>").decode().encode("latin-1"), "text/xml; charset=utf-8"),
        (
            answer("<Site>eNom®</Site>").decode().encode("windows-1252"),
            'text/xml; charset="windows-1252"',
        ),
        (
            b"\xef\xbb\xbf" + answer("", '<?xml version="1.0" encoding="utf-8"?>'),
            "text/xml; charset=iso-8859-1",
        ),
        (answer("").decode().encode("utf-16"), "text/xml"),
        (answer("").decode().encode("utf-16"), "text/xml; charset=utf-16"),
        (answer(""), "text/xml; charset=undefined"),
        (answer(""), "text/xml; charset=idna"),
    ],
)
def test_any_way_to_write_letters_is_read(body, content_type):
    envelope = wire.decode(body, content_type)
    assert (envelope.err_count, envelope.done) == (0, True)


EURO = answer("<errors><Err1>5 € are missing</Err1></errors>").decode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (EURO.encode("windows-1252"), "text/xml; charset=windows-1252"),
        (EURO.encode("windows-1252"), 'text/xml; CHARSET="Windows-1252" ; boundary=x'),
        (EURO.encode("utf-16-le"), "text/xml; charset=utf-16"),
        (EURO.encode(), "text/xml; charset=utf-16"),
        (EURO.encode() + b" ", "text/xml; charset=utf-16"),
        (EURO.encode(), "text/xml; charset=us-ascii"),
    ],
)
def test_a_charset_is_believed_where_it_proves_itself(body, content_type):
    assert wire.decode(body, content_type).errors == ("5 € are missing",)


def test_a_byte_that_is_no_letter_spoils_nothing_else():
    body = b"\xef\xbb\xbf" + answer("<errors><Err1>5 # are missing</Err1></errors>").replace(
        b"#", b"\x80"
    )
    assert wire.decode(body).errors == ("5 \N{REPLACEMENT CHARACTER} are missing",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Server Error</body></html>",
        b"ErrCount=0\nDone=true",
        b"<interface-response><ErrCount>0</ErrCount><Done>tr",
        b'<!DOCTYPE a [<!ENTITY b "c">]><interface-response><ErrCount>&b;</ErrCount></interface-response>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><interface-response>&b;</interface-response>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><interface-response/>',
        b'<!doctype a [<!ENTITY b "c">]><interface-response>&b;</interface-response>',
        '<!DOCTYPE a [<!ENTITY b "c">]><interface-response>&b;</interface-response>'.encode(
            "utf-16"
        ),
        b'<!DOCTYPE a [<!ENTITY b "'
        + b"x" * 1000
        + b'"><!ENTITY c "'
        + b"&b;" * 1000
        + b'">]><interface-response>&c;</interface-response>',
        b"<a>" * 300_000,
        b"<interface-response>" + b"<a>" * 100_000 + b"</a>" * 100_000,
    ],
)
def test_anything_else_is_garbled(body):
    with pytest.raises(MalformedReply) as caught:
        wire.decode(body)
    assert caught.value.__context__ is None


def test_a_deep_answer_is_read():
    assert wire.decode(answer("<a>" * 100_000 + "</a>" * 100_000)).done


@given(st.binary(), st.text(max_size=30))
def test_whatever_comes_only_our_errors_leave(body, content_type):
    with pytest.raises(BridgeError):
        paks.listing(wire.decode(body, content_type))


NAMES = (
    "pop",
    "username",
    "BundleId",
    "Paks",
    "Pak",
    "QtyAvailable",
    "ExpDate",
    "errors",
    "Err1",
    "ErrCount",
    "Done",
    "responses",
)
TREES = st.recursive(
    st.text("0123456789/: APM<&;é\x00", max_size=12).map(lambda text: text.replace("<", "&lt;")),
    lambda inner: st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=5).map(
        lambda rows: "".join(f"<{name}>{text}</{name}>" for name, text in rows)
    ),
    max_leaves=20,
)


@given(TREES)
def test_whatever_shape_comes_only_our_errors_leave(inner):
    try:
        paks.listing(wire.decode(answer(inner)))
    except BridgeError as error:
        assert isinstance(error, MalformedReply)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5/3/2030 2:14:59 AM", datetime(2030, 5, 3, 2, 14, 59, tzinfo=UTC)),
        ("12/31/2030 12:00:00 AM", datetime(2030, 12, 31, tzinfo=UTC)),
        ("11/6/2030", datetime(2030, 11, 6, tzinfo=UTC)),
    ],
)
def test_dates_are_utc(text, expected):
    assert paks.read_date(text) == expected


@pytest.mark.parametrize(
    "pak",
    [
        "<BundleId>1</BundleId><QtyAvailable>1</QtyAvailable><ExpDate>soon</ExpDate>",
        "<BundleId>1</BundleId><QtyAvailable>1</QtyAvailable>",
        "<BundleId>1</BundleId><QtyAvailable>-1</QtyAvailable><ExpDate>5/3/2030</ExpDate>",
        "<QtyAvailable>1</QtyAvailable><ExpDate>5/3/2030</ExpDate>",
    ],
)
def test_a_pak_that_cannot_be_read_is_not_overlooked(pak):
    with pytest.raises(MalformedReply):
        paks.listing(wire.decode(answer(f"<Paks><Pak>{pak}</Pak></Paks>")))


@pytest.mark.parametrize(
    ("inner", "complete"),
    [
        ("<EmailCount>0</EmailCount>", True),
        ("<EmailCount>1</EmailCount>", False),
        ("<Paks/>", True),
        ("", False),
    ],
)
def test_a_list_that_shows_less_than_it_counts_proves_no_absence(inner, complete):
    assert paks.listing(wire.decode(answer(inner))).complete is complete


# One character of one customer's, in a list that holds what all of them typed.

READ = {
    "a bare ampersand": "a&b",
    "an ampersand before a word": "AT&T;",
    "an ampersand at the end": "a&",
    "an entity of HTML": "a&nbsp;b &eacute; &AMP;",
    "a number without an end": "&#12",
    "a capital X": "&#X41;",
    "less than": "1 < 2",
    "less than, before a digit": "a<1",
    "less than, before a word that no tag ends": "a<b c",
    "an arrow": "<- a",
    "an end of a section": "a]]>b",
    "a control character": "a\x1fb",
    "a NUL": "a\x00b",
    "a reference to one": "a&#x1F;b &#0; &#xD800; &#x110000;",
    "what is no character": "a\ufffeb",
    "an exclamation": "a<!b",
}


def listed(password: str) -> bytes:
    return answer(LIST.replace(HIDDEN, password, 1))


@pytest.mark.parametrize("password", READ.values(), ids=READ)
def test_one_odd_character_keeps_nobodys_mailbox_from_being_read(password):
    listing = paks.listing(wire.decode(listed(f"{HIDDEN}{password}")))
    assert listing == paks.listing(wire.decode(answer(LIST)))
    assert listing.complete


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda body: body + b"\x00", ""),
        (lambda body: body + b"\x00\r\n\x00", ""),
        (lambda body: b"\xef\xbb\xbf\xef\xbb\xbf" + body, "text/xml; charset=utf-8"),
        (lambda body: b"\r\n" + body, ""),
        (lambda body: body.replace(HIDDEN.encode(), b"\xc3("), "text/xml; charset=utf-8"),
        (
            lambda body: body.replace(HIDDEN.encode(), b"caf\xe9 \xc3\xbc"),
            "text/xml; charset=utf-8",
        ),
        (lambda body: body.replace(HIDDEN.encode(), b"\xf0\x9f"), ""),
        (
            lambda body: (
                b'<?xml version="1.0" encoding="utf-8"?>\n'
                + body.replace(HIDDEN.encode(), b"a&b\xff")
            ),
            "",
        ),
    ],
)
def test_odd_bytes_keep_nobodys_mailbox_from_being_read(change, kind):
    assert paks.listing(wire.decode(change(answer(LIST)), kind)) == paks.listing(
        wire.decode(answer(LIST))
    )


def test_a_byte_that_is_no_utf_8_spoils_no_other():
    body = answer("<errors><Err1>Zoë # caf</Err1></errors>").replace(b"#", b"\xe9")
    assert wire.decode(body, "text/xml; charset=utf-8").errors == ("Zoë é caf",)


def test_what_stands_escaped_reads_as_before():
    inner = (
        "<errors><Err1>a &amp;lt; &#38; &#x41; <![CDATA[<b> & "
        "]]> &lt;c&gt; &x</Err1></errors><!-- a & <b> -->"
    )
    assert wire.decode(answer(inner)).errors == ("a &lt; & A <b> &  <c> &x",)


@pytest.mark.parametrize(
    ("inner", "place"),
    [
        (
            f"\n <pop><username>john</username>\n  <password>{HIDDEN}<b></password></pop>",
            "line 3, column ",
        ),
        (f"\n\n<pop><password>a&b {HIDDEN} <i>x</password></pop>", "line 3, column "),
        (f"<pop><password>{HIDDEN}</pop>", "line 1, column "),
    ],
)
def test_what_can_be_read_in_two_ways_is_told_with_its_place_and_nothing_of_its_text(inner, place):
    with pytest.raises(MalformedReply, match=place) as caught:
        wire.decode(answer(inner))
    assert HIDDEN not in str(caught.value) and caught.value.__context__ is None


@pytest.mark.parametrize(
    "head",
    ["", '<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.0"?>\r\n\r\n', "\ufeff \n"],
)
def test_the_place_is_that_of_the_answer_as_it_came(head):
    inner = "<Site>a & b < c &nbsp;</Site>\n<a>\x1f&</a> <x>wrong</y>"
    body = answer(inner, head)
    with pytest.raises(MalformedReply) as caught:
        wire.decode(body, "text/xml; charset=iso-8859-1" if not head.startswith("\ufeff") else "")
    text = body.decode().removeprefix("\ufeff")
    before = text[: text.index("</y>")]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    said = [int(number) for number in re.findall(r"\d+", str(caught.value))]
    assert said[0] == line and column <= said[1] <= column + 4


@pytest.mark.parametrize("odd", ["\x1f", "&#x1F;", "<b>n</b>", "\x00"])
def test_a_name_that_cannot_be_read_proves_no_absence_and_hides_no_other(odd):
    body = answer(LIST.replace("<username>John</username>", f"<username>Jo{odd}hn</username>"))
    listing = paks.listing(wire.decode(body))
    assert set(listing.mailboxes) == {"jane"} and not listing.complete
    said = listing.incomplete().detail
    assert ("line 2, column 19" in said) != ("markup" in said)


THREE = "".join(
    f"\n<pop><username>{name}</username><password>%s</password><bundleid>1</bundleid></pop>"
    for name in ("ann", "victim", "zoe")
)
NO_PAKS = "<Paks></Paks>"


@pytest.mark.parametrize(
    ("first", "last"), [("<!--x", "-->"), ("<![CDATA[x", "]]>"), ("<!--", "--><!--x-->")]
)
def test_no_two_passwords_hide_the_mailboxes_between_them(first, last):
    """Each customer chooses a password; where a list shows them unescaped, what is passed over
    would be read as gone."""
    with pytest.raises(
        MalformedReply, match="unclosed comment or section from line 2, column "
    ) as caught:
        wire.decode(answer(THREE % (first, HIDDEN, last) + NO_PAKS))
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("field", ["username", "bundleid", "Username"])
def test_a_password_that_ends_its_field_names_nobody_else(field):
    odd = f"</password><{field}>victim</{field}><password>"
    listing = paks.listing(
        wire.decode(answer(THREE.replace("victim", "other") % (odd, HIDDEN, "x") + NO_PAKS))
    )
    assert set(listing.mailboxes) == {"other", "zoe"} and not listing.complete
    assert "a field twice" in listing.incomplete().detail


@pytest.mark.parametrize("name", ["BundleId", "QtyAvailable", "ExpDate"])
def test_a_pak_that_cannot_be_read_is_told_with_its_place(name):
    body = answer(f"<Paks>\n<Pak><{name}>1\x1f</{name}></Pak></Paks>")
    with pytest.raises(MalformedReply, match="a pak that cannot be read, at line 2, column "):
        paks.listing(wire.decode(body))


def test_a_reference_of_ours_is_none_of_theirs():
    body = answer(LIST.replace("John", "jo\ue0003:4\ue001hn"))
    assert paks.listing(wire.decode(body)).complete
    assert "jo" not in paks.listing(wire.decode(body)).mailboxes
