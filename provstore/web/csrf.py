"""The CSRF token of a session as pages carry it: masked, and so another text each time."""

from __future__ import annotations

import hmac
from secrets import token_bytes

__all__ = ["is_token", "masked"]


def masked(token: str) -> str:
    """Mask a token of hexadecimal digits: a random pad, and the token combined with it; "" stays what it is.

    Pages are compressed, and repeat words of their address. A token that never changed could be guessed digit by digit
    from how long such pages become (the attack BREACH, CVE-2013-3587).
    """
    if not token:
        return ""
    pad = token_bytes(len(token) // 2)
    return (pad + _combined(pad, bytes.fromhex(token))).hex()


def is_token(sent: str, token: str) -> bool:
    """Tell whether what was sent is a session's token, masked or as ``GET /session`` gives it."""
    half = len(token)
    if len(sent) == 2 * half:
        try:
            whole = bytes.fromhex(sent)
        except ValueError:
            return False
        sent = _combined(whole[: half // 2], whole[half // 2 :]).hex()
    return hmac.compare_digest(sent.encode("utf-8", "replace"), token.encode())


def _combined(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))
