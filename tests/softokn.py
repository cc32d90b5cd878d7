"""NSS's own token for the tests (Debian: libnss3), because SoftHSM opens RSA-OAEP with SHA-1 only.

`python -m tests.softokn FOLDER`, in a process of its own: python-pkcs11 loads one module in a process. The module wants
parameters when it is initialised, which python-pkcs11 does not pass: that is done here, by the module's own table of
functions, and what asks for it a second time is told that it is done.
Source: PKCS#11 2.40, 5.4; NSS, lib/softoken/pkcs11.c (`LibraryParameters`).
"""

from __future__ import annotations

import ctypes
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing import SealingFailed, issue, issue_authority, key_place, load_identity, open_sealed, seal
from signing.keys.addresses import TokenAddress
from signing.keys.provisioning import make_token_key

MODULES = ("/usr/lib/x86_64-linux-gnu/libsoftokn3.so", "/usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so")
TOKEN, PIN = "Counter NSS", "kwartel-1234"
OS_LOCKING_OK = 2
_Initialize = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)


class _Arguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS as NSS reads it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("create", "destroy", "lock", "unlock")),
        ("flags", ctypes.c_ulong),
        ("parameters", ctypes.c_char_p),
        ("reserved", ctypes.c_void_p),
    )


class _Functions(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST."""

    _fields_ = (("version", ctypes.c_ubyte * 2), ("initialize", _Initialize))


_done = _Initialize(lambda _: 0)


def initialised(folder: Path) -> Path:
    """The module, with a token in `folder` that has the PIN."""
    module = next(Path(each) for each in MODULES if Path(each).exists())
    names = "crypto", "db"
    told = " ".join(f"{name}TokenDescription='{TOKEN if name == 'db' else 'NSS'}'" for name in names)
    parameters = f"configdir='sql:{folder}' certPrefix='' keyPrefix='' secmod='' flags= {told} minPS=0"
    arguments = _Arguments(flags=OS_LOCKING_OK, parameters=parameters.encode())
    functions = ctypes.POINTER(_Functions)()
    assert ctypes.CDLL(str(module)).C_GetFunctionList(ctypes.byref(functions)) == 0
    assert functions.contents.initialize(ctypes.addressof(arguments)) == 0
    functions.contents.initialize = _done
    with pkcs11.lib(str(module)).get_token(token_label=TOKEN).open(rw=True, so_pin="") as session:
        session.init_pin(PIN)
    return module


def main(folder: Path) -> dict[str, object]:
    """What came of opening by an RSA key in the token."""
    (folder / "token").mkdir()
    (folder / "pin").write_text(PIN + "\n")
    module, now = initialised(folder / "token"), datetime.now(UTC)
    certificates = folder / "desk.pem"
    query = f"module-path={module}&pin-source=file:{folder / 'pin'}&x-certificates={certificates}"
    where = f"pkcs11:token={TOKEN.replace(' ', '%20')};object=desk?{query}"
    address = key_place(where)
    assert isinstance(address, TokenAddress)
    key = make_token_key(address, kind="rsa3072", purpose="open")
    authority = issue_authority("Token Authority", at=now - timedelta(days=1))
    made = issue(authority, "Desk", use="seal", at=now - timedelta(hours=1), holder_key=key)
    certificates.write_bytes(made.certificate.public_bytes(Encoding.PEM))
    desk = load_identity(where)
    sealed = seal(b"what nobody else may read", recipients=[desk.certificate])
    assert isinstance(desk.key, rsa.RSAPrivateKey)
    found: dict[str, object] = {"opened": open_sealed(sealed, identity=desk).decode(), "key": type(desk.key).__name__}
    other = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    for name, wrapped in (
        ("sha1", desk.key.public_key().encrypt(b"key", other)),
        ("flipped", bytes(1) + desk.key.public_key().encrypt(b"key", oaep)[1:-1] + b"!"),
    ):
        try:
            desk.key.decrypt(wrapped, oaep)
        except ValueError as refused:
            found[name] = str(refused)
    try:
        open_sealed(sealed[:-1] + bytes([sealed[-1] ^ 1]), identity=desk)
    except SealingFailed as refused:
        found["altered"] = refused.code
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
