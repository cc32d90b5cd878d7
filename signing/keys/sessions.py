"""Tokens behind PKCS#11: modules, logins, and the sessions that are kept open and shared.

Three properties of PKCS#11 shape this. A login belongs to the process, not to a session, and ends with the session that
made it: so that one is kept aside and never lent. python-pkcs11 initialises a module without asking it to lock, and
SoftHSM then falls over when two threads call it: so a module is called by as many threads as the address allows, one
unless told otherwise. And a token locks itself after a few wrong PINs: so a PIN that was refused is never tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import pkcs11
from pkcs11 import Attribute, ObjectClass, exceptions

from signing.errors import KeyUnavailable
from signing.keys.addresses import TokenAddress

T = TypeVar("T")

# After one of these the session, the login or the token is gone; with a new login it may be there again.
_LOST: Final = (
    exceptions.DeviceError,
    exceptions.DeviceRemoved,
    exceptions.FunctionFailed,
    exceptions.GeneralError,
    exceptions.KeyHandleInvalid,
    exceptions.NoSuchToken,
    exceptions.ObjectHandleInvalid,
    exceptions.OperationActive,
    exceptions.SessionClosed,
    exceptions.SessionHandleInvalid,
    exceptions.SlotIDInvalid,
    exceptions.TokenNotPresent,
    exceptions.TokenNotRecognised,
    exceptions.UserNotLoggedIn,
)
_PIN_REFUSED: Final = (
    exceptions.PinExpired,
    exceptions.PinIncorrect,
    exceptions.PinInvalid,
    exceptions.PinLenRange,
    exceptions.PinLocked,
    exceptions.UserPinNotInitialized,
)
_CANNOT: Final = (
    exceptions.ArgumentsBad,
    exceptions.AttributeSensitive,
    exceptions.FunctionNotSupported,
    exceptions.KeyTypeInconsistent,
    exceptions.MechanismInvalid,
    exceptions.MechanismParamInvalid,
    exceptions.TemplateInconsistent,
)


@dataclass
class Lent:
    """A session with the objects that were looked up in it."""

    session: pkcs11.Session
    keys: dict[tuple[str | None, bytes | None], pkcs11.PrivateKey] = field(default_factory=dict)

    def find(self, wanted: Mapping[Attribute, object]) -> list[pkcs11.Object]:
        """The objects of which all this is true."""
        with suppress(exceptions.RandomNoRNG):
            self.session.generate_random(64)  # python-pkcs11 cannot end a search in a session that is gone
        return list(self.session.get_objects(dict(wanted)))

    def key(self, label: str | None, id_: bytes | None) -> pkcs11.PrivateKey:
        """The one private key of that label and id. Raises KeyUnavailable: key-missing, key-ambiguous."""
        found = self.keys.get((label, id_))
        if found is None:
            wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
            wanted |= {Attribute.LABEL: label} if label is not None else {}
            wanted |= {Attribute.ID: id_} if id_ is not None else {}
            keys = [each for each in self.find(wanted) if isinstance(each, pkcs11.PrivateKey)]
            if not keys:
                raise KeyUnavailable("key-missing", "the token holds no private key of that name")
            if len(keys) > 1:
                raise KeyUnavailable("key-ambiguous", "the token holds several private keys of that name; give its id")
            found = self.keys[label, id_] = keys[0]
        return found


class Login:
    """The user's login on one token, and its sessions; safe to be used by threads."""

    def __init__(self, module: Module, token: tuple[tuple[str, str], ...], pin: str) -> None:
        self.pin = pin
        self._module = module
        self._token = dict(token)
        self._lock = threading.Lock()
        self._holder: pkcs11.Session | None = None
        self._free: list[Lent] = []
        self._age = 0
        self._refused: KeyUnavailable | None = None

    def run(self, work: Callable[[Lent], T]) -> T:
        """Do `work` in a session of the token. What was lost meanwhile is opened anew, once, and the work repeated.

        Raises KeyUnavailable: token-missing, pin-refused, token-cannot, token-unavailable; what `work` does.
        """
        with self._module.entered():
            try:
                return self._attempt(work)
            except _LOST:
                self._drop()
            except KeyUnavailable as missing:
                if missing.code != "key-missing":  # to whoever is not logged in any more, private keys are missing
                    raise
                self._drop()
            try:
                return self._attempt(work)
            except exceptions.NoSuchToken:
                raise KeyUnavailable("token-missing", "no token that says this of itself is present") from None
            except _LOST:
                raise KeyUnavailable("token-unavailable", "the token does not answer as it should") from None

    def _attempt(self, work: Callable[[Lent], T]) -> T:
        age, lent = self._take()
        sound = True
        try:
            return work(lent)
        except _CANNOT:
            raise KeyUnavailable("token-cannot", "the token does not do this with this key") from None
        except _LOST:
            sound = False
            raise
        except exceptions.PKCS11Error:
            raise KeyUnavailable("token-unavailable", "the token refused to work with this key") from None
        finally:
            self._give_back(age, lent, sound=sound)

    def _take(self) -> tuple[int, Lent]:
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._free:
                return self._age, self._free.pop()
            token = self._module.token(self._token)
            if self._holder is None:
                self._holder = self._log_in(token)
            return self._age, Lent(token.open())

    def _log_in(self, token: pkcs11.Token) -> pkcs11.Session:
        try:
            return token.open(user_pin=self.pin)
        except exceptions.UserAlreadyLoggedIn:
            return token.open()  # by somebody else in this process, who holds it
        except _PIN_REFUSED:
            self._refused = KeyUnavailable("pin-refused", "the token refuses the PIN: wrong, expired or locked")
        raise self._refused

    def _give_back(self, age: int, lent: Lent, *, sound: bool) -> None:
        with self._lock:
            if sound and age == self._age:
                self._free.append(lent)
            else:
                _close(lent.session)

    def _drop(self) -> None:
        """Forget every session, the one that holds the login last."""
        with self._lock:
            self._age += 1
            for lent in self._free:
                _close(lent.session)
            self._free.clear()
            if self._holder is not None:
                _close(self._holder)
            self._holder = None


def _close(session: pkcs11.Session) -> None:
    with suppress(exceptions.PKCS11Error):  # it may be gone already
        session.close()


class Module:
    """One PKCS#11 library of this process."""

    def __init__(self, path: Path, sessions: int) -> None:
        self.sessions = sessions
        self._gate = threading.Semaphore(sessions)
        try:
            self._library = pkcs11.lib(str(path))
        except exceptions.PKCS11Error:
            raise KeyUnavailable("module-unusable", "module-path is not a PKCS#11 library that can be used") from None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """As one of those who may call the module now."""
        with self._gate:
            yield

    def token(self, said: dict[str, str]) -> pkcs11.Token:
        """The one token that says all this of itself. Raises NoSuchToken; KeyUnavailable (token-ambiguous)."""
        found = [slot.get_token() for slot in self._library.get_slots(token_present=True)]
        found = [each for each in found if all(_says(each, name) == value for name, value in said.items())]
        if not found:
            raise exceptions.NoSuchToken
        if len(found) > 1:
            raise KeyUnavailable("token-ambiguous", "several tokens say this of themselves; name it by its serial")
        return found[0]


def _says(token: pkcs11.Token, name: str) -> str:
    match name:
        case "token":
            return token.label
        case "serial":
            return token.serial.decode("ascii", "replace").rstrip("\0 ")
        case "manufacturer":
            return token.manufacturer_id
        case _:
            return token.model


_lock: Final = threading.Lock()
_modules: Final[dict[Path, Module]] = {}
_logins: Final[dict[tuple[Path, tuple[tuple[str, str], ...], str], Login]] = {}


def login(address: TokenAddress, pin: str) -> Login:
    """The login of this process at the token, made when it is first used.

    Raises KeyUnavailable: module-unusable, token-address.
    """
    token = tuple(sorted(address.token.items()))
    with _lock:
        module = _modules.get(address.module)
        if module is None:
            module = _modules[address.module] = Module(address.module, address.sessions)
        if module.sessions != address.sessions:
            raise KeyUnavailable("token-address", "x-sessions must be the same wherever one module is named")
        found = _logins.get((address.module, token, pin))
        if found is None:
            found = _logins[address.module, token, pin] = Login(module, token, pin)
        return found
