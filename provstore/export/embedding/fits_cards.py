"""Header cards of FITS 4.0: eighty characters of ASCII, thirty-six of them in a block."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

__all__ = ["BLOCK", "CARD", "END", "cards_of", "history", "integer", "key_of", "logical", "packed", "text_of", "texts"]

BLOCK: Final = 2880
CARD: Final = 80
END: Final = b"END".ljust(CARD)
_ASCII: Final = "".join(chr(code) for code in range(0x21, 0x7F))
_ROOM: Final = 67


def cards_of(header: bytes) -> list[bytes]:
    """Give the cards of a header before END."""
    cards = [header[at : at + CARD] for at in range(0, len(header), CARD)]
    return cards[: cards.index(END)] if END in cards else cards


def packed(cards: Sequence[bytes]) -> bytes:
    """Make whole blocks of cards, with END."""
    header = b"".join((*cards, END))
    return header.ljust(-(-len(header) // BLOCK) * BLOCK)


def key_of(card: bytes) -> str:
    """Give the keyword of a card."""
    return card[:8].decode("latin-1").rstrip()


def text_of(card: bytes) -> str:
    """Give the value of a card as text: without quotes, or up to the comment; "" if it has none."""
    if card[8:10] != b"= ":
        return ""
    value = card[10:].decode("latin-1").strip()
    if not value.startswith("'"):
        return value.partition("/")[0].strip()
    return value[1:].replace("''", "\0").partition("'")[0].replace("\0", "'").rstrip()


def logical(key: str, comment: str) -> bytes:
    """Make a card that says T."""
    return f"{key:<8}= {'T':>20} / {comment}".encode("ascii").ljust(CARD)


def integer(key: str, value: int, comment: str) -> bytes:
    """Make a card with a whole number."""
    return f"{key:<8}= {value:>20} / {comment}".encode("ascii").ljust(CARD)


def texts(key: str, value: str, comment: str = "") -> Iterator[bytes]:
    """Make a card with a text, and CONTINUE cards if it is long; characters beyond ASCII are percent-encoded."""
    pieces = list(_pieces(quote(value, safe=_ASCII + " ")))
    for number, piece in enumerate(pieces):
        head = f"{key:<8}= " if number == 0 else "CONTINUE  "
        last = number == len(pieces) - 1
        card = f"{head}'{piece:<8}'" if last else f"{head}'{piece}&'"
        # The comment begins at column 32 at least, as astropy writes it: it writes CHECKSUM anew before it adds up.
        told = f"{card:<30} / {comment}" if last and comment else card
        yield (told if len(told) <= CARD else card).encode("ascii").ljust(CARD)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text so that each piece fits a card with its quotes doubled and an ampersand behind it."""
    piece = ""
    for character in text:
        written = "''" if character == "'" else character
        if len(piece) + len(written) > _ROOM:
            yield piece
            piece = ""
        piece += written
    yield piece


def history(lines: Iterable[str]) -> Iterator[bytes]:
    """Make HISTORY cards of lines of text, folded; letters lose what ASCII has not."""
    for line in lines:
        plain = unicodedata.normalize("NFKD", line).encode("ascii", "ignore").decode("ascii")
        shown = "".join(one if one.isprintable() else " " for one in plain)
        for folded in textwrap.wrap(shown, CARD - 8, subsequent_indent="  "):
            yield f"HISTORY {folded}".encode("ascii").ljust(CARD)
