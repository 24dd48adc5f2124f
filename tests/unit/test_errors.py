import inspect
import re

import pytest

from provstore import errors
from provstore.errors import (
    Busy,
    Conflict,
    FetchFailed,
    Forbidden,
    Invalid,
    KeptTooMuch,
    Malformed,
    NotAcceptable,
    NotFound,
    OutOfRange,
    ProvstoreError,
    QuotaReached,
    TooLarge,
    TooMany,
    Unacceptable,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
    WrongDescription,
    WrongPhase,
)

PARENTS: dict[type[Exception], type[Exception]] = {
    ProvstoreError: Exception,
    Invalid: ProvstoreError,
    Malformed: Invalid,
    WrongDescription: Invalid,
    Unauthenticated: ProvstoreError,
    Forbidden: ProvstoreError,
    KeptTooMuch: Forbidden,
    QuotaReached: Forbidden,
    WrongPhase: Forbidden,
    NotFound: ProvstoreError,
    Unacceptable: ProvstoreError,
    NotAcceptable: Unacceptable,
    UnsupportedType: Unacceptable,
    Conflict: ProvstoreError,
    FetchFailed: ProvstoreError,
    TooLarge: ProvstoreError,
    OutOfRange: ProvstoreError,
    TooMany: ProvstoreError,
    Unavailable: ProvstoreError,
    Busy: Unavailable,
}


def test_the_tree_is_this_and_nothing_else() -> None:
    found = {kind: kind.__base__ for _, kind in inspect.getmembers(errors, inspect.isclass)}
    assert found == PARENTS


def test_every_error_is_exported_and_drawn_in_the_tree() -> None:
    drawn = set(re.findall(r"^[\s│├└─]*([A-Z]\w+)(?: {2,}|$)", errors.__doc__ or "", re.MULTILINE))
    names = {kind.__name__ for kind in PARENTS}
    assert (set(errors.__all__), drawn) == (names, names)


def test_an_error_keeps_message_field_and_value() -> None:
    error = Invalid("size 7: must be even", field="size", value="7")
    assert (str(error), error.message, error.field, error.value) == (
        "size 7: must be even",
        "size 7: must be even",
        "size",
        "7",
    )


def test_an_error_needs_no_field() -> None:
    error = NotFound("no job j1")
    assert (error.field, error.value) == (None, None)


def test_a_wrong_phase_says_what_would_be_right() -> None:
    error = WrongPhase("j17ab", phase="ABORTED", rule="only PENDING jobs can be started")
    assert str(error) == "phase ABORTED: only PENDING jobs can be started (job j17ab)"
    assert (error.job_id, error.phase, error.field, error.value) == ("j17ab", "ABORTED", "phase", "ABORTED")


def test_a_wrong_phase_is_caught_as_forbidden() -> None:
    with pytest.raises(Forbidden):
        raise WrongPhase("j1", phase="COMPLETED", rule="only PENDING jobs can be started")


def test_a_fetch_that_failed_is_told_with_input_address_and_reason() -> None:
    error = FetchFailed("image", address="https://a.example.org/x", reason="there is no host a", transient=False)
    assert error.message == "input image: https://a.example.org/x could not be fetched: there is no host a"
    assert (error.field, error.value, error.transient) == ("image", "https://a.example.org/x", False)
