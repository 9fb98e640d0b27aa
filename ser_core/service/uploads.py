"""A file from a form (multipart/form-data), kept in memory only and counted while it arrives.

Starlette's own forms write what is larger than a megabyte to the disk, and know its size only when all of it is there.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from ser_core.service.limits import HeldBytes, Lease
from ser_core.service.problems import ProblemError
from ser_core.settings import settings

#: Fields beside the file are names of models: this many, each up to so many bytes.
_MOST_PARTS, _LONGEST_FIELD = 8, 200
#: What a form may hold beside its file, in bytes.
_FRAME = 16_384
_LONGEST_NAME = 255
_NOT_A_FORM = (
    "Send the recording as multipart/form-data with a field 'file', such as curl -F file=@voice.wav, with a boundary."
)
_DAMAGED = "The form is damaged or cut off: send it again."


@dataclass
class Upload:
    """A file that a caller sent: its bytes, the name it was given, the other fields, and the memory it takes."""

    data: bytes
    name: str | None
    fields: dict[str, str]
    lease: Lease = field(repr=False)


async def receive_upload(request: Request, held: HeldBytes, seconds: float) -> Upload:
    """Return the file of a form; whoever asked gives back its lease.

    Raises
    ------
    ProblemError
        If the body is no such form, has no file or two, is larger than `SER_MAX_MEGABYTES`, or takes too long.
    """
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    boundary = parameters.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError("not-multipart", _NOT_A_FORM)
    most = round(settings().max_megabytes * 1e6)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most + _FRAME:
        raise _too_large()
    lease = held.lease()
    try:
        form = _Form(boundary, most, lease)
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                form.write(chunk)
        return form.upload()
    except BaseException as error:
        lease.release()
        if isinstance(error, TimeoutError):
            raise ProblemError("too-slow", f"The upload took longer than {seconds:g} s: send it again.") from error
        raise


class _Form:
    """Collects the parts of a form as its bytes come."""

    def __init__(self, boundary: bytes, most: int, lease: Lease) -> None:
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._finish,
                },
            )
        except ValueError as error:
            raise ProblemError("not-multipart", _NOT_A_FORM) from error
        self._most, self._lease = most, lease
        self._file = io.BytesIO()
        self._fields: dict[str, str] = {}
        self._name: str | None = None
        self._parts = self._files = self._received = 0
        self._whole = False
        self._begin()
        self._parts = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if not chunk:
            return
        self._received += len(chunk)
        if self._received > self._most + _FRAME:
            raise _too_large()
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise ProblemError("bad-request", _DAMAGED) from error

    def upload(self) -> Upload:
        """Return what was sent."""
        if not self._whole:
            raise ProblemError("bad-request", _DAMAGED)
        if self._files != 1:
            detail = "Send one recording at a time, in one field 'file'." if self._files else _NOT_A_FORM
            raise ProblemError("invalid", detail)
        # BytesIO hands over its bytes without a copy.
        return Upload(self._file.getvalue(), self._name, self._fields, self._lease)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ProblemError("invalid", f"The form has more than {_MOST_PARTS} fields: send only 'file' and 'model'.")
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        self._field, self._text = "", bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._field = parameters.get(b"name", b"").decode("utf-8", "replace")
        if self._field == "file":
            self._files += 1
            name = parameters.get(b"filename")
            self._name = name.decode("utf-8", "replace")[:_LONGEST_NAME] if name else None

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field != "file":
            self._text += data[start:end]
            if len(self._text) > _LONGEST_FIELD:
                raise ProblemError("invalid", f"A field beside the file is longer than {_LONGEST_FIELD} bytes.")
            return
        if self._file.tell() + end - start > self._most:
            raise _too_large()
        self._lease.grow(end - start)
        self._file.write(data[start:end])

    def _end(self) -> None:
        if self._field != "file":
            self._fields[self._field] = self._text.decode("utf-8", "replace")

    def _finish(self) -> None:
        self._whole = True


def _too_large() -> ProblemError:
    limit = (
        f"The recording is larger than the limit of {settings().max_megabytes:g} MB: cut it into parts, or compress it."
    )
    return ProblemError("too-large", limit)
