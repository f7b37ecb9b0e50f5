"""The images of a form: its files, and the entries of its zips, each read when its turn comes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from hemapipe import archive
from hemapipe.images import looks_like_image
from hemapipe.serve.errors import ServeError
from hemapipe.serve.params import ServeParams
from hemapipe.serve.upload import Form, shown_name

#: What an entry may take in the directory of a zip: 46 bytes, its name, and extra fields. Pythons' `zipfile` reads
#: the whole directory at once, however many entries it says it has, so its size is judged first.
_DIRECTORY_BYTES = 400
_END, _ZIP64 = b"PK\5\6", b"PK\6\7"
_END_BYTES, _LOCATOR_BYTES, _COMMENT_BYTES = 22, 20, 65_535

#: Where patients may be named.
PATIENTS_FROM = ("", "name", "folder")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif")


@dataclass(frozen=True)
class Item:
    """An image to look at.

    Attributes:
        name: what the client calls it.
        patient: "" where none is known.
        read: returns its bytes; raises HemapipeError with the reason.
        source: the number of the file of the form.
        entry: its name in that file, if it is a zip; "" else.
    """

    name: str
    patient: str
    read: Callable[[], bytes]
    source: int
    entry: str = ""


class Wanted(NamedTuple):
    """The images of a form, how many entries of its zips are none, and what those that are take unpacked."""

    items: list[Item]
    skipped: int
    unpacked_bytes: int


def items(form: Form, params: ServeParams) -> Wanted:
    """Return the images of a form.

    Patients: the fields `patient`, one for all or one per file; else by `patients_from`: `name`, of the file up to
    the first _ or -, or `folder` in the zip.

    Raises:
        ServeError: 413 too many or too large; 422 no file, a zip that cannot be read, patients that do not fit.
    """
    if not form.files:
        raise ServeError(422, "no_file", "The request holds no file: send one or many in the field `files`.")
    patients = _patients(form)
    if form.first("patients_from") not in PATIENTS_FROM:
        known = " or ".join(f"`{one}`" for one in PATIENTS_FROM if one)
        raise ServeError(422, "invalid_request", f"The field `patients_from` must be {known}; else leave it out.")
    found: list[Item] = []
    skipped, room = 0, params.request_bytes
    for number, file in enumerate(form.files):
        if not file.data.startswith((b"PK\3\4", _END)):
            found.append(_of_file(file.name, partial(bytes, file.data), patients[number], number, form))
            continue
        entries, others = _entries(file.name, file.data, params)
        room -= sum(info.file_size for info in entries)
        if room < 0:
            raise ServeError(413, "request_too_large", f"The zips unpack to more than {params.request_mb:g} MB.")
        skipped += others
        found += [_of_entry(file.data, info, patients[number], number, form) for info in entries]
        # At once, not at the end: the zips' other entries take time as well.
        if len(found) > params.max_files or len(found) + skipped > most_entries(params):
            break
    if len(found) > params.max_files or len(found) + skipped > most_entries(params):
        raise ServeError(413, "too_many_files", f"More than {params.max_files} images in one request.")
    return Wanted(found, skipped, params.request_bytes - room)


def most_entries(params: ServeParams) -> int:
    """Return how many entries, images or not, all zips of a request may have."""
    return params.max_files * 2 + 100


def _patients(form: Form) -> list[str]:
    given = [_clean(name) for name in form.fields.get("patient", [])]
    if len(given) <= 1:
        return (given or [""]) * len(form.files)
    if len(given) != len(form.files):
        told = f"{len(given)} patients for {len(form.files)} files: give one for all, or one per file in their order."
        raise ServeError(422, "invalid_request", told)
    return given


def _clean(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()[:80]


def _patient_of(path: str, form: Form) -> str:
    how = form.first("patients_from")
    parts = path.replace("\\", "/").strip("/").split("/")
    if how == "folder":
        return _clean(parts[-2]) if len(parts) > 1 else ""
    if how == "name":
        stem = parts[-1].rsplit(".", 1)[0]
        ends = [stem.index(mark) for mark in "_-" if mark in stem]
        return _clean(stem[: min(ends, default=len(stem))])
    return ""


def _of_file(name: str, read: Callable[[], bytes], patient: str, number: int, form: Form) -> Item:
    return Item(name, patient or _patient_of(name, form), read, number)


def _of_entry(data: bytes, info: zipfile.ZipInfo, patient: str, number: int, form: Form) -> Item:
    read = partial(_read_entry, data, info.filename)
    return Item(shown_name(info.filename), patient or _patient_of(info.filename, form), read, number, info.filename)


def _read_entry(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return archive.read(opened, name)


def _entries(name: str, data: bytes, params: ServeParams) -> tuple[list[zipfile.ZipInfo], int]:
    """Return the entries of a zip that may be images, by name, and the number of the others."""
    _check_directory(name, data, params)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            files = {info.filename: info for info in opened.infolist() if not info.is_dir()}
            _check_methods(name, files)
            kept = [files[key] for key in sorted(files) if _may_be_image(opened, files[key])]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise ServeError(422, "bad_zip", f"{name} is no readable zip: pack it again.") from error
    for info in kept:
        if info.file_size > params.file_bytes:
            told = f"{shown_name(info.filename)} in {name} is larger than {params.file_mb:g} MB."
            raise ServeError(413, "file_too_large", told)
    return kept, len(files) - len(kept)


def _check_methods(name: str, files: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse entries of which even the first bytes may take long: a block of bzip2 is unpacked whole."""
    for info in files.values():
        if info.compress_type not in archive.BOUNDED:
            told = f"{shown_name(info.filename)} in {name} is compressed by another method than deflate: pack it again."
            raise ServeError(422, "bad_zip", told)


def _may_be_image(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    if "__MACOSX/" in info.filename or info.filename.rsplit("/", 1)[-1].startswith("."):
        return False
    head = archive.read_head(opened, info.filename)
    # What cannot even be begun, an encrypted entry say, is told if its name promises an image.
    return looks_like_image(head) if head else info.filename.lower().endswith(_SUFFIXES)


def _check_directory(name: str, data: bytes, params: ServeParams) -> None:
    """Refuse a zip whose directory is too large to be opened by `zipfile`, whatever it says of itself."""
    at = data.rfind(_END, max(0, len(data) - _END_BYTES - _COMMENT_BYTES))
    if at < 0 or len(data) < at + _END_BYTES:
        raise ServeError(422, "bad_zip", f"{name} is an incomplete zip: pack or send it again.")
    n_entries, directory_bytes = struct.unpack_from("<HI", data, at + 10)
    large = max(n_entries, directory_bytes // _DIRECTORY_BYTES) > most_entries(params)
    if large or data[max(at - _LOCATOR_BYTES, 0) : at].startswith(_ZIP64):
        raise ServeError(413, "too_many_files", f"{name} has too many entries: at most {params.max_files} images.")


def pick(found: list[Item], entry: str) -> Item:
    """Return the one image of a form that is asked about: the only one, or the one of that name in a zip.

    Raises:
        ServeError: 422, it is not there.
    """
    chosen = [item for item in found if item.entry == entry] if entry else found
    if len(chosen) != 1:
        raise ServeError(422, "invalid_request", "Send one image, or one zip and the name of its entry.")
    return chosen[0]
