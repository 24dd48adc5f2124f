"""XML that anybody may send is read fast, or refused with line and reason."""

import socket

import pytest

from provstore.errors import Invalid, TooLarge
from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.dialects.xmltree import ATTRIBUTES_MAX, ELEMENTS_MAX, Tag, parse

HEAD = b'<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
MEGA = 1 << 20


def tree(data: bytes) -> Tag:
    return parse(data, notes=Notes(source="x"))


def document(inside: bytes) -> bytes:
    return HEAD + b'<RESOURCE name="a">' + inside + b"</RESOURCE></VOTABLE>"


LAUGHS = b'<!DOCTYPE VOTABLE [<!ENTITY a0 "ha">%s]>' % b"".join(
    b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 15)
)
PARAMETER_LAUGHS = b'<!DOCTYPE VOTABLE [<!ENTITY %% p0 "ha">%s%%p14;]>' % b"".join(
    b'<!ENTITY %% p%d "%s">' % (i, b"%%p%d;" % (i - 1) * 10) for i in range(1, 15)
)
LONG = b'<!DOCTYPE VOTABLE [<!ENTITY q "%s">]>' % (b"x" * 100_000)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LAUGHS + HEAD + b"&a14;</VOTABLE>", id="expanding entities in a text"),
        pytest.param(LAUGHS + b'<VOTABLE version="&a14;"/>', id="expanding entities in a value"),
        pytest.param(LONG + b'<VOTABLE version="%s"/>' % (b"&q;" * 100_000), id="a long entity many times"),
        pytest.param(PARAMETER_LAUGHS + b"<VOTABLE/>", id="expanding parameter entities"),
        pytest.param(b"<!DOCTYPE VOTABLE><VOTABLE/>", id="a document type"),
        pytest.param(b'<!DOCTYPE VOTABLE [<!ATTLIST VOTABLE version CDATA "1">]><VOTABLE/>', id="implied attributes"),
        pytest.param(b"<VOTABLE>&undefined;</VOTABLE>", id="an entity that is not there"),
        pytest.param(b"<VOTABLE>" * 300, id="deep, open"),
        pytest.param(b"<VOTABLE>" * 300 + b"</VOTABLE>" * 300, id="deep"),
        pytest.param(b"", id="empty"),
        pytest.param(b" \n\t", id="blank"),
        pytest.param(b"\0\0\0", id="zeros"),
        pytest.param(HEAD + b"\0</VOTABLE>", id="a zero in a text"),
        pytest.param(b"<VOTABLE a='&#0;'/>", id="a reference to zero"),
        pytest.param(b"\xff\xfe\xff", id="half a letter"),
        pytest.param(b"<VOTABLE a='\xe9'/>", id="Latin-1 that is not declared"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><VOTABLE/>', id="an unknown encoding"),
        pytest.param(b'<?xml version="1.0" encoding="UTF-16"?><VOTABLE a="\xc3"/>', id="a wrong encoding"),
        pytest.param("<VOTABLE/>".encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param("<VOTABLE/>".encode("utf-32"), id="UTF-32"),
        pytest.param('<?xml version="1.0"?><VOTABLE/>'.encode("cp037"), id="EBCDIC"),
        pytest.param(b"<%s/>" % (b"a" * MEGA), id="a long name"),
        pytest.param(b"<VOTABLE/><VOTABLE/>", id="two roots"),
        pytest.param(b"<VOTABLE a='1' a='2'/>", id="an attribute twice"),
        pytest.param(b"<x:VOTABLE/>", id="a prefix that is not declared"),
    ],
)
def test_what_is_no_plain_xml_is_refused_with_line_and_reason(data: bytes) -> None:
    with pytest.raises(Invalid, match=r"^x:1: \w[^\n]*\Z"):
        read_votable(data, source="x")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(HEAD + b"<a/>" * MEGA, id="elements"),
        pytest.param(b"<VOTABLE>" + b'<a b="" c=""/>' * 200_000 + b"</VOTABLE>", id="elements with attributes"),
        pytest.param(b"<VOTABLE %s/>" % b" ".join(b'a%d=""' % i for i in range(300_000)), id="attributes"),
    ],
)
def test_a_million_elements_or_attributes_are_too_large(data: bytes) -> None:
    with pytest.raises(TooLarge, match=r"^x:1: "):
        read_votable(data[: 4 * MEGA], source="x")


def test_as_many_elements_and_attributes_as_are_allowed_are_read() -> None:
    attributes = b" ".join(b'a%d=""' % i for i in range(ATTRIBUTES_MAX))
    root = tree(b"<a>" + b"<b/>" * (ELEMENTS_MAX - 2) + b"<c %s/></a>" % attributes)
    children = tuple(root)
    assert (len(children), len(children[-1].attributes)) == (ELEMENTS_MAX - 1, ATTRIBUTES_MAX)


def test_much_text_below_many_levels_is_kept_once() -> None:
    root = tree(b"<a>" * 250 + b"x" * (4 * MEGA - 2000) + b"</a>" * 250)
    assert [part for tag in root.everything() for part in tag.content if isinstance(part, str)] == [root.raw]
    assert len(root.raw) == 4 * MEGA - 2000


@pytest.mark.parametrize(
    ("inside", "repairs"),
    [
        pytest.param(b"<RESOURCE>" * 240 + b"x" * (3 * MEGA) + b"</RESOURCE>" * 240, 240, id="resources in resources"),
        pytest.param(b"<RESOURCE name='b'/>" * 19_000, 19_000, id="many resources"),
        pytest.param(b"<DESCRIPTION>" + b"<b/>x" * 19_000 + b"</DESCRIPTION>", 0, id="a description of pieces"),
        pytest.param(b"<PARAM/>" * 19_000, 19_000, id="nameless"),
        pytest.param(b"<PARAM name='script' value='%s'/>" % (b"&#13;" * 700_000), 1, id="line ends"),
        pytest.param(b"<PARAM name='controls' value='%s'/>" % (b"a " * MEGA), 0, id="controls"),
        pytest.param(b"<!---->" * 500_000, 0, id="comments"),
        pytest.param(b"<?a?>" * 700_000, 0, id="instructions"),
        pytest.param(b"<TABLE %s/>" % b" ".join(b"xmlns:a%d='u'" % i for i in range(200_000)), 1, id="prefixes"),
        pytest.param(b"".join(b"<PARAM name='p%d'/>" % i for i in range(19_000)), 0, id="many attributes"),
    ],
)
def test_what_is_large_and_strange_is_read(inside: bytes, repairs: int) -> None:
    data = document(inside)
    assert len(data) < 4 * MEGA
    reading = read_votable(data, source="x")
    assert (reading.description.name, len(reading.repairs)) == ("a", repairs)


@pytest.fixture
def listener() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0)
    return listening


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE VOTABLE SYSTEM "{place}"><VOTABLE/>',
        '<!DOCTYPE VOTABLE PUBLIC "a" "{place}"><VOTABLE/>',
        '<!DOCTYPE VOTABLE [<!ENTITY e SYSTEM "{place}">]><VOTABLE>&e;</VOTABLE>',
        '<!DOCTYPE VOTABLE [<!ENTITY % e SYSTEM "{place}"> %e;]><VOTABLE/>',
        '<?xml-stylesheet href="{place}"?><!DOCTYPE VOTABLE><VOTABLE/>',
    ],
)
def test_nothing_is_fetched(declared: str, listener: socket.socket) -> None:
    place = f"http://127.0.0.1:{listener.getsockname()[1]}/a"
    with pytest.raises(Invalid, match="document type declaration"):
        tree(declared.replace("{place}", place).encode())
    with listener, pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "us-ascii"])
def test_an_encoding_that_is_declared_is_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><VOTABLE a="é"/>'
    assert tree(text.encode(encoding, "xmlcharrefreplace")).get("a") == "é"


def test_texts_and_elements_keep_their_order() -> None:
    root = tree(b"<a> b<!-- no --> <c>d<e/></c>f<?g?>\n<h/> </a>")
    assert [part if isinstance(part, str) else part.kind for part in root.content] == [" b ", "c", "f\n", "h", " "]
    assert (root.raw, root.text) == (" b df\n ", "b df")
    assert [tag.kind for tag in root.everything()] == ["a", "c", "e", "h"]
    assert [tag.line for tag in root] == [1, 2]


def test_a_name_tells_when_it_is_of_another_namespace() -> None:
    root = tree(b'<a xmlns="u"><b/><c xmlns="v"/><d xmlns=""/></a>')
    assert [tag.kind for tag in root] == ["b", "{v}c", "d"]
    assert [tag.namespace for tag in root] == ["u", "v", ""]
