"""Every exception of the gateway, drawn as a tree.

    GatewayError(code, detail)      detail is safe to show: never a value of a document
      Unreadable                    bytes are not what they claim to be
        UnsupportedMedia            not the media type, charset or coding that is read here
      NotAcceptable                 none of the media types that the caller takes is made here
      NotFound                      nothing here for this caller (also: somebody else's)
      NotAuthenticated              no credential, or one that nobody has
      NotPermitted                  known caller, forbidden act
      Conflict                      same id with other bytes; transition not allowed; leased
      RegistrationRefused           the record of a party is wrong, naming the key
      TooLarge                      over a size limit, refused before it is read
      TooMuch                       this caller has too much going on; others are served
      StoreUnavailable              try again later
      SourceUnavailable             what others have to say cannot be had now; try again later
      EngineFault                   a validating engine broke: neither acceptance nor refusal
      ConfigError                   at start only, naming the key
        CatalogueError              a file under schemas/ is wrong, naming the file
          CodeListRefused           a code list is wrong, naming file, entries and reasons

Expected outcomes (a refused form, a recipient that is down) are values, not exceptions. Only `api/problems.py` and
the command line turn these into statuses and exit codes. Signatures have their own root, `signing.SigningError`.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Root of what the gateway raises on purpose."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Unreadable(GatewayError):
    """Bytes that are not what they claim to be."""


class UnsupportedMedia(Unreadable):
    """Not the media type, charset or content coding that is read here."""


class NotAcceptable(GatewayError):
    """None of the media types that the caller takes is made here."""


class NotFound(GatewayError):
    """Nothing here for this caller."""


class NotAuthenticated(GatewayError):
    """No credential, or one that nobody has."""


class NotPermitted(GatewayError):
    """The caller is known and may not do this."""


class Conflict(GatewayError):
    """The same name for other bytes, or a move that the lifecycle does not allow.

    members: further safe facts for the problem document (digests, ids, times).
    """

    def __init__(self, code: str, detail: str, **members: str) -> None:
        super().__init__(code, detail)
        self.members = members


class RegistrationRefused(GatewayError):
    """The record of a party cannot be taken. place: the key of the record that is wrong."""

    def __init__(self, code: str, detail: str, *, place: str) -> None:
        super().__init__(code, detail)
        self.place = place


class TooLarge(GatewayError):
    """Over a size limit."""


class TooMuch(GatewayError):
    """More than one caller may have; it may come back after `retry_after_s`."""

    def __init__(self, code: str, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class StoreUnavailable(GatewayError):
    """The store cannot take or give this now."""

    def __init__(self, code: str, detail: str, *, retry_after_s: int = 2) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class SourceUnavailable(GatewayError):
    """What somebody else has to say, and must say first, cannot be had now."""

    def __init__(self, code: str, detail: str, *, retry_after_s: int) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class EngineFault(GatewayError):
    """A validating engine broke on a document: nothing is said about the document."""


class ConfigError(GatewayError):
    """The gateway cannot start as configured."""


class CatalogueError(ConfigError):
    """A form kind's folder is incomplete or wrong."""


class CodeListRefused(CatalogueError):
    """A code list that cannot be used. faults: each entry (or edition) that is wrong, and why."""

    def __init__(self, source: str, faults: tuple[tuple[str, str], ...]) -> None:
        said = "; ".join(f"{entry}: {reason}" for entry, reason in faults)
        super().__init__("catalogue-codelist", f"{source}: {said}")
        self.source = source
        self.faults = faults
