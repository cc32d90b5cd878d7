"""The ASiC-E container: a zip that carries several files as one, written plainly and read strictly.

Strictly: every byte of the archive belongs to exactly one entry, to its one line in the central directory or to the end
record; both headers of an entry say the same; names are plain and unique; the manifest names what is there. So no two
readers can find different files in it. Written by hand because zipfile trusts the central directory alone.
Source: ETSI EN 319 162-1, 4.4 and annex A; APPNOTE.TXT 6.3.10 (4.3.7, 4.3.12, 4.3.16).
"""

import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from signing.errors import ContainerRejected
from signing.parsing import NotXml, parse

CONTAINER_MEDIA_TYPE: Final = "application/vnd.etsi.asic-e+zip"
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_ENTRIES: Final = 256

_MIMETYPE: Final = "mimetype"
_MANIFEST: Final = "META-INF/manifest.xml"
_MANIFEST_NS: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*", re.ASCII)
_MAX_NAME: Final = 200

# signature, then the fields that local header and central directory share:
# version needed, flags, method, time, date, CRC-32, compressed size, size, length of name, length of extra field
_SHARED: Final = "HHHHHIIIHH"
_LOCAL: Final = struct.Struct(f"<I{_SHARED}")
_CENTRAL: Final = struct.Struct(f"<IH{_SHARED}HHHII")
_END: Final = struct.Struct("<IHHHHIIH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = 0x04034B50, 0x02014B50, 0x06054B50
_VERSION: Final = 20
_UTF8_NAME: Final = 0x0800
_STORED, _DEFLATED = 0, 8
_KIND_OF_FILE, _PLAIN_FILE, _FOLDER = 0o170000, 0o100000, 0x10  # as Unix says it in the upper half, DOS in the lower
_DATE: Final = 0x0021  # 1 January 1980: when the container was made is nobody's business


def build_container(files: Mapping[str, bytes], *, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> bytes:
    """An ASiC-E container of `files` (name -> bytes), in their order; the same files always give the same bytes.

    Raises ContainerRejected (entry-not-allowed, entry-repeated, container-too-large) for what the reader would refuse.
    """
    if len(files) + 2 > max_entries:
        raise ContainerRejected("container-too-large", f"more than {max_entries} entries")
    entries = {_MIMETYPE: CONTAINER_MEDIA_TYPE.encode(), **files, _MANIFEST: _manifest_of(tuple(files))}
    local: list[bytes] = []
    central: list[bytes] = []
    at = 0
    for name, content in entries.items():
        raw_name = name.encode("ascii")
        shared = (_VERSION, 0, _STORED, 0, _DATE, zlib.crc32(content), len(content), len(content), len(raw_name), 0)
        local += _LOCAL.pack(_LOCAL_MARK, *shared), raw_name, content
        central += _CENTRAL.pack(_CENTRAL_MARK, _VERSION, *shared, 0, 0, 0, 0, at), raw_name
        at += _LOCAL.size + len(raw_name) + len(content)
    directory = b"".join(central)
    end = _END.pack(_END_MARK, 0, 0, len(entries), len(entries), len(directory), at, 0)
    if at + len(directory) + len(end) > max_bytes:
        raise ContainerRejected("container-too-large", f"more than {max_bytes} bytes")
    return b"".join((*local, directory, end))


@lru_cache(maxsize=256)
def _manifest_of(names: tuple[str, ...]) -> bytes:
    """The manifest of files with these names, which must all be allowed. Containers of a kind hold the same names."""
    _check_names([_MIMETYPE, _MANIFEST, *names])
    return _build_manifest(names)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a container holds, and what it says that it holds.

    files: as of `read_container`. missing: names of what should be here and is not, `mimetype` and the manifest
    included. unlisted: files that the manifest does not name.
    """

    files: dict[str, bytes]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def read_container(raw: bytes, *, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> dict[str, bytes]:
    """The files of a container: name -> bytes, without `mimetype` and the manifest.

    max_bytes: of the container, and of all its files unpacked. max_entries: with `mimetype` and the manifest.
    Raises ContainerRejected.
    """
    found = read_contents(raw, max_bytes=max_bytes, max_entries=max_entries)
    if _MIMETYPE in found.missing:
        raise _without_media_type()
    if found.missing or found.unlisted:
        raise _disagrees("the manifest names other files than the container holds", "names")
    return found.files


def read_contents(raw: bytes, *, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> Contents:
    """The same of a container from which something may have been taken out, so that this can be said by name.

    Raises ContainerRejected for everything else.
    """
    if len(raw) > max_bytes:
        raise ContainerRejected("container-too-large", f"more than {max_bytes} bytes")
    # 1. The end record, at the very end, and the central directory right before it.
    if len(raw) < _END.size:
        raise ContainerRejected("container-unreadable", "no end record where it must be")
    mark, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(raw, len(raw) - _END.size)
    if mark != _END_MARK or disk or first_disk or comment or here != count:
        raise ContainerRejected("container-unreadable", "no end record where it must be")
    if count > max_entries:
        raise ContainerRejected("container-too-large", f"more than {max_entries} entries")
    if offset + size + _END.size != len(raw):
        raise ContainerRejected("hidden-data", "bytes before, between or after the parts of the archive")
    # 2. Each entry: the directory's line, then the local header and the bytes it speaks of, without gaps.
    files: dict[str, bytes] = {}
    names: list[str] = []
    at, expected, left = offset, 0, max_bytes
    for _ in range(count):
        name, content, at, expected = _read_entry(raw, at, expected, end=offset, left=left)
        left -= len(content)
        names.append(name)
        files[name] = content
    if at != offset + size or expected != offset:
        raise ContainerRejected("hidden-data", "bytes before, between or after the parts of the archive")
    # 3. What the entries are: plain unique names, the media type first, the manifest well formed.
    _check_names(names)
    if _MIMETYPE in files and (names[0] != _MIMETYPE or files[_MIMETYPE] != CONTAINER_MEDIA_TYPE.encode()):
        raise _without_media_type()
    listed = set(_read_manifest(files[_MANIFEST])) if _MANIFEST in files else None
    missing = [name for name in (_MIMETYPE, _MANIFEST) if files.pop(name, None) is None]
    here = set(_listed(files))
    return Contents(
        files=files,
        missing=(*missing, *sorted((listed or here) - here)),
        unlisted=tuple(sorted(here - (listed or here))),
    )


def _read_entry(raw: bytes, at: int, expected: int, *, end: int, left: int) -> tuple[str, bytes, int, int]:
    """Name, bytes, where the next line of the directory begins, where the next local header must begin."""
    if at + _CENTRAL.size > len(raw) - _END.size or expected + _LOCAL.size > end:
        raise ContainerRejected("container-unreadable", "an entry that ends too early")
    mark, _, *shared, comment, disk, _, attributes, offset = _CENTRAL.unpack_from(raw, at)
    local_mark, *local_shared = _LOCAL.unpack_from(raw, expected)
    if mark != _CENTRAL_MARK or local_mark != _LOCAL_MARK:
        raise ContainerRejected("container-unreadable", "an entry without its mark")
    _, flags, method, _, _, crc, packed_size, size, name_length, extra = shared
    after_line = at + _CENTRAL.size + name_length
    start = expected + _LOCAL.size + name_length
    raw_name = raw[at + _CENTRAL.size : after_line]
    if offset != expected or shared != local_shared or raw[expected + _LOCAL.size : start] != raw_name:
        raise ContainerRejected("headers-disagree", "an entry whose two headers say different things")
    if comment or disk or extra or flags & ~_UTF8_NAME or method not in (_STORED, _DEFLATED):
        raise ContainerRejected(
            "entry-not-allowed", "an entry with a comment, extra field, flag or method not in use here"
        )
    if attributes >> 16 & _KIND_OF_FILE not in (0, _PLAIN_FILE) or attributes & _FOLDER:
        raise ContainerRejected("entry-not-allowed", "an entry that unpacks as a link or a folder")
    if size > left:
        raise ContainerRejected("container-too-large", "the files are larger than allowed")
    if start + packed_size > end:
        raise ContainerRejected("container-unreadable", "an entry that ends too early")
    packed = raw[start : start + packed_size]
    content = packed if method == _STORED else _inflate(packed, size)
    if len(content) != size or zlib.crc32(content) != crc:
        raise ContainerRejected("entry-damaged", "an entry whose size or checksum is wrong")
    return raw_name.decode("ascii", errors="replace"), content, after_line, start + packed_size


def _inflate(packed: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj(wbits=-15)
    try:
        content = inflater.decompress(packed, size + 1)
    except zlib.error:
        raise ContainerRejected("entry-damaged", "an entry that cannot be unpacked") from None
    if len(content) != size or not inflater.eof or inflater.unused_data:
        raise ContainerRejected("entry-damaged", "an entry whose size or checksum is wrong")
    return content


def _check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not is_plain(name):
            raise ContainerRejected("entry-not-allowed", "an entry whose name is not plain")
        if name.casefold() in seen:
            raise ContainerRejected("entry-repeated", "two entries of the same name")
        seen.add(name.casefold())
    folders = {name[:at] for name in seen for at, sign in enumerate(name) if sign == "/"}
    if not folders.isdisjoint(seen):
        raise ContainerRejected("entry-not-allowed", "an entry whose name is the folder of another one")


def _listed(files: Iterable[str]) -> list[str]:
    return sorted(["/", *(name for name in files if not name.startswith("META-INF/"))])


def _build_manifest(files: Iterable[str]) -> bytes:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<manifest:manifest xmlns:manifest="{_MANIFEST_NS}">']
    for name in _listed(files):
        media_type = (
            CONTAINER_MEDIA_TYPE if name == "/" else "text/xml" if name.endswith(".xml") else "application/octet-stream"
        )
        lines.append(f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{media_type}"/>')
    return "\n".join([*lines, "</manifest:manifest>", ""]).encode()


def _read_manifest(raw: bytes) -> list[str]:
    try:
        root = parse(raw)
    except NotXml:
        raise _disagrees("the manifest cannot be read", "unreadable") from None
    entries = root.findall(f"{{{_MANIFEST_NS}}}file-entry")
    names = sorted(str(entry.get(f"{{{_MANIFEST_NS}}}full-path")) for entry in entries)
    if names[:1] != ["/"] or len(set(names)) != len(names) or not all(map(is_plain, names[1:])):
        raise _disagrees("a manifest with names that no container of ours has", "repeats")
    if names != _listed(names[1:]):
        raise _disagrees("a manifest that names what says what is covered", "repeats")
    return names


def is_plain(name: str) -> bool:
    """Whether a file in a container may have this name."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def _disagrees(detail: str, why: str) -> ContainerRejected:
    return ContainerRejected("manifest-disagrees", detail, about=_MANIFEST, why=why)


def _without_media_type() -> ContainerRejected:
    return ContainerRejected("mimetype-missing", "the first entry is not the media type of ASiC-E")
