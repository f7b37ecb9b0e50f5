"""Read a form with files from a request into memory: counted while it streams, never on disk, in limited time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from hemapipe.serve.errors import ServeError
from hemapipe.serve.params import ServeParams

#: A field of the form that is no file: bytes, and how many of them beside the files.
_FIELD_BYTES = 2_000
_MORE_FIELDS = 20


@dataclass(frozen=True)
class File:
    """A file of the form; its name is what the client calls it, to be shown and for nothing else."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Form:
    """The files in their order, and the values of the other fields in theirs."""

    files: list[File] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a field."""
        return self.fields.get(name, [default])[0].strip()


class _Reader:
    """Callbacks of the parser, which itself limits number and length of a part's headers.

    A part is a file if it has a file name.
    """

    def __init__(self, params: ServeParams) -> None:
        self.form = Form()
        self._params = params
        self._head: list[tuple[bytes, bytes]] = []
        self._name, self._value = b"", b""
        self._field, self._file_name = "", ""
        self._data = bytearray()
        self._is_file = False
        self.ended = False

    def callbacks(self) -> dict[str, Callable[..., None]]:
        names = ("part_begin", "part_data", "part_end", "header_field", "header_value", "header_end")
        return {f"on_{name}": getattr(self, name) for name in (*names, "headers_finished", "end")}

    def part_begin(self) -> None:
        self._head, self._data = [], bytearray()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._head.append((self._name.lower(), self._value))
        self._name, self._value = b"", b""

    def headers_finished(self) -> None:
        disposition = dict(self._head).get(b"content-disposition", b"")
        options = parse_options_header(disposition)[1]
        if b"name" not in options:
            raise ServeError(400, "bad_form", "A part of the form has no name.")
        self._field = options[b"name"].decode(errors="replace")
        self._is_file = b"filename" in options
        self._file_name = options.get(b"filename", b"").decode(errors="replace")
        others = sum(map(len, self.form.fields.values()))
        if len(self.form.files) >= self._params.max_files or others >= self._params.max_files + _MORE_FIELDS:
            raise ServeError(413, "too_many_files", f"More than {self._params.max_files} files in one request.")

    def part_data(self, data: bytes, start: int, end: int) -> None:
        most = self._params.file_bytes if self._is_file else _FIELD_BYTES
        if len(self._data) + end - start > most:
            what = f"larger than {self._params.file_mb:g} MB" if self._is_file else "too long a text"
            shown = shown_name(self._file_name or self._field)
            raise ServeError(413, "file_too_large" if self._is_file else "too_large", f"{shown} is {what}.")
        self._data += data[start:end]

    def part_end(self) -> None:
        if not self._is_file:
            self.form.fields.setdefault(self._field, []).append(self._data.decode(errors="replace"))
        elif self._file_name or self._data:  # a browser sends an empty part where no file was chosen
            self.form.files.append(File(shown_name(self._file_name), bytes(self._data)))
        self._data = bytearray()

    def end(self) -> None:
        self.ended = True


def shown_name(name: str) -> str:
    """Return the last part of a path in a client's words, short and of printable characters."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    text = "".join(letter if letter.isprintable() else "�" for letter in last)
    return text if len(text) <= 120 else f"{text[:80]}…{text[-30:]}"


async def read_form(request: Request, params: ServeParams, hold: Callable[[int], None]) -> Form:
    """Return the form of a request; `hold` is told of the bytes as they come.

    Raises:
        ServeError: 400 no such form; 408 it takes too long; 413 it is too large; 415 it is of another type.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise ServeError(415, "unsupported_media_type", "Send the files as multipart/form-data.")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > params.request_bytes:
        raise _too_large(params)
    reader = _Reader(params)
    try:
        parser = MultipartParser(options[b"boundary"], reader.callbacks())  # type: ignore[arg-type]
        async with asyncio.timeout(params.body_seconds):
            await _feed(request, parser, params, hold)
        parser.finalize()
    except TimeoutError as error:
        message = f"The request was not there after {params.body_seconds:g} seconds."
        raise ServeError(408, "request_timeout", message) from error
    except (FormParserError, ClientDisconnect) as error:
        raise ServeError(400, "bad_form", "The form is not valid multipart/form-data, or was cut off.") from error
    if not reader.ended:
        raise ServeError(400, "bad_form", "The form is not valid multipart/form-data, or was cut off.")
    return reader.form


async def _feed(request: Request, parser: MultipartParser, params: ServeParams, hold: Callable[[int], None]) -> None:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > params.request_bytes:
            raise _too_large(params)
        hold(len(chunk))
        parser.write(chunk)


def _too_large(params: ServeParams) -> ServeError:
    return ServeError(413, "request_too_large", f"The request is larger than {params.request_mb:g} MB.")
