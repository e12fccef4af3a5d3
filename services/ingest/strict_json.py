"""Decoding bytes to text and JSON objects, as strictly as the strictest reader downstream.

Parsers disagree on duplicate keys, NaN, 1e400, lone surrogates and deep nesting: what passes here
means the same to all of them. No message quotes what it complains about.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from services.contracts.errors import ContractViolation

MAX_DEPTH = 32
# Beyond this a number is noise, and converting it costs more than linear time.
_MAX_NUMBER_CHARS = 100
_MAX_INTEGER = 2**63 - 1
_MIN_INTEGER = -(2**63)

# A string, closed or not, or one step in or out. It never fails at a quote, and so never rescans.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
# No headline begins like this.
_LIST_OF_OBJECTS = re.compile(r"\s*\[\s*\{")
_SCALAR_STARTS = frozenset('"-0123456789tfn')


def decode_text(value: bytes | None, *, max_bytes: int) -> str:
    """Decode a record's value, without its byte order mark.

    :raises ContractViolation: ``too_large``, ``empty``, ``not_utf8`` or ``nul_character``.
    """
    if value is None:
        raise ContractViolation("empty", "no value")
    if len(value) > max_bytes:
        raise ContractViolation("too_large", f"{len(value)} bytes, the limit is {max_bytes} bytes")
    try:
        text = value.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise ContractViolation("not_utf8", f"at byte {error.start}") from None
    if not text or text.isspace():
        raise ContractViolation("empty", "nothing but white space")
    if "\0" in text:
        raise ContractViolation("nul_character", f"at character {text.index(chr(0))}")
    return text


def parse_object(text: str) -> dict[str, Any] | None:
    """Parse the text as a JSON object; None if it is not JSON at all.

    :raises ContractViolation: it is JSON, but none that every reader would take for the same.
    """
    first = text.lstrip()[:1]
    if first != "{":
        _refuse_other_json(text, first)
        return None
    _check_depth(text)
    try:
        parsed: dict[str, Any] = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        place = f"at line {error.lineno} column {error.colno}"
        raise ContractViolation("invalid_json", place) from None
    _check_strings(parsed)
    return parsed


def _refuse_other_json(text: str, first: str) -> None:
    if first == "[":
        _check_depth(text)
    elif first not in _SCALAR_STARTS:
        return
    try:
        _LENIENT.decode(text)
    except ValueError:
        if _LIST_OF_OBJECTS.match(text):
            raise ContractViolation("invalid_json", "a list that is not whole") from None
        return
    raise ContractViolation("not_an_object", "JSON, but not an object")


def _check_depth(text: str) -> None:
    # Before parsing: a parser's own limit (RecursionError) comes late, and depends on the stack
    # that it is called on. After this it cannot be met.
    depth = 0
    for found in _STRUCTURE.finditer(text):
        mark = found[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ContractViolation("too_deep", f"nested deeper than {MAX_DEPTH} levels")
        elif mark in "]}":
            depth -= 1


def _check_strings(parsed: dict[str, Any]) -> None:
    pending: list[object] = [parsed]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            _check_string(value)
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())


def _check_string(value: str) -> None:
    if "\0" in value:
        raise ContractViolation("nul_character", "an escaped NUL in a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ContractViolation("lone_surrogate", "half of a surrogate pair in a string") from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ContractViolation("duplicate_key", "a key stands twice in one object")
    return found


def _integer(literal: str) -> int:
    if len(literal) <= _MAX_NUMBER_CHARS:
        number = int(literal)
        if _MIN_INTEGER <= number <= _MAX_INTEGER:
            return number
    raise ContractViolation("number_out_of_range", "an integer of more than 64 bits")


def _float(literal: str) -> float:
    if len(literal) <= _MAX_NUMBER_CHARS:
        number = float(literal)
        if math.isfinite(number):
            return number
    raise ContractViolation("number_out_of_range", "a number that no double can hold")


def _constant(_name: str) -> NoReturn:
    raise ContractViolation("number_out_of_range", "NaN and Infinity are no JSON")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
# Only asks whether it is JSON: numbers stay strings, since a long one is slow to convert.
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_constant)
