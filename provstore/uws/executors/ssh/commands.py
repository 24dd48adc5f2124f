"""One command on one channel: what goes in, what comes out, and how it ended."""

from __future__ import annotations

import select
import shlex
import time
from dataclasses import dataclass, field
from typing import Final

from paramiko import Channel, SSHException

from provstore.errors import Invalid, Unavailable

__all__ = ["KEPT", "Ran", "converse", "written"]

KEPT: Final = 16 << 20
"""Bytes kept of each output; a command that says more is stopped."""

_LONGEST: Final = 120_000
"""Linux takes at most 128 KiB for one argument, and the whole command is one: the login shell's."""

_DRAINED: Final = '"$@"; code=$?; cat >/dev/null; exit $code'
"""Runs its arguments, and ends only after all input was taken.

The library may send a block, or the end of the input, just after the other side has closed the channel. The server has
given the channel's number to another by then, which gets what was not meant for it; or it ends the whole connection.
"""

_BLOCK: Final = 32768
_STALLED: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended, and what it said (UTF-8, anything else replaced)."""

    code: int
    out: str
    err: str


def written(command: tuple[str, ...], *, fed: bool = False) -> bytes:
    """Write a command for a shell; the only place where that is done.

    Args:
        command: The words.
        fed: Whether it gets input; without it nothing is sent on its channel, not even that there is no input.

    Raises:
        Invalid: it has a zero byte, can't be encoded, or is too long.
    """
    whole = shlex.join(("sh", "-c", _DRAINED, "sh", *command)) if fed else f"{shlex.join(command)} </dev/null"
    try:
        text = whole.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise Invalid(f"the command {command[0]} has an argument that can't be encoded: {error}") from error
    if b"\0" in text:
        raise Invalid(f"the command {command[0]} has an argument with a zero byte: there is no way to pass one")
    if len(text) > _LONGEST:
        raise Invalid(f"the command {command[0]} has {len(text)} bytes, more than {_LONGEST}: use its standard input")
    return text


def converse(channel: Channel, command: bytes, *, stdin: bytes, timeout: float) -> Ran:
    """Run a command on a fresh channel: give it its input, read both outputs to their ends, then its exit code.

    Raises:
        Unavailable: its end was not heard of (it may go on), or it says too much.
    """
    talk = _Talk(channel=channel, ends=time.monotonic() + timeout, stdin=memoryview(stdin), closed=not stdin)
    channel.settimeout(timeout)
    try:
        channel.exec_command(command)
        while talk.step():
            pass
        channel.status_event.wait(talk.left())
    except TimeoutError as error:
        raise Unavailable(f"no answer within {timeout:g} s; it may go on there") from error
    except (SSHException, EOFError, OSError) as error:
        raise Unavailable(f"the connection broke, its answer is lost: {str(error) or type(error).__name__}") from error
    if channel.exit_status < 0:
        raise Unavailable("it ended without an exit code: a signal killed it, or the connection broke")
    out, err = (bytes(kept).decode("utf-8", "replace") for kept in (talk.out, talk.err))
    return Ran(code=channel.exit_status, out=out, err=err)


@dataclass(slots=True, kw_only=True)
class _Talk:
    """The state of one conversation."""

    channel: Channel
    ends: float
    stdin: memoryview
    closed: bool
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)

    def left(self) -> float:
        """Give the seconds that are left."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def step(self) -> bool:
        """Move what can be moved, or wait for more; false at the end of both outputs."""
        moved = self._send()
        while self.channel.recv_ready():
            moved |= _keep(self.out, self.channel.recv(_BLOCK))
        while self.channel.recv_stderr_ready():
            moved |= _keep(self.err, self.channel.recv_stderr(_BLOCK))
        if moved:
            return True
        if self.channel.eof_received or self.channel.closed:
            return self.channel.recv_ready() or self.channel.recv_stderr_ready()
        self._wait()
        return True

    def _send(self) -> bool:
        """Send a block where the other side has room for it, and say when there is no more."""
        if self.closed:
            return False
        if self.stdin and self.channel.send_ready():
            self.stdin = self.stdin[self.channel.send(bytes(self.stdin[:_BLOCK])) :]
            return True
        if not self.stdin:
            self.closed = True
            self.channel.shutdown_write()
            return True
        return False

    def _wait(self) -> None:
        """Wait for output; room for input is not announced that way, so look often while there is some."""
        poller = select.poll()
        poller.register(self.channel.fileno(), select.POLLIN)
        poller.poll(1000 * (self.left() if self.closed else min(_STALLED, self.left())))


def _keep(kept: bytearray, said: bytes) -> bool:
    kept += said
    if len(kept) > KEPT:
        raise Unavailable(f"it says more than {KEPT >> 20} MiB: stopped")
    return bool(said)
