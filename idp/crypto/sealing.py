"""AES-256-GCM for what we must read back, in two floors (R19).

The master key (from settings, never stored) wraps one data key per tenant; the data key seals that tenant's values.
Each sealed value is bound to its place by associated data, so moving a blob to another row, column or tenant breaks
it.  Deleting a tenant's wrapped data key shreds everything sealed under it (R51).
"""

from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idp.crypto.secrets import new_seed
from idp.errors import IdPError

_VERSION = b"\x01"
_NONCE_BYTES = 12


class SealBroken(IdPError):
    """A sealed value does not open: wrong master key, moved blob or damage."""

    code = "seal-broken"


class MasterKeys:
    """Wraps and opens data keys.  The first key wraps, every key opens.

    Args:
        keys: 32-byte keys by id.
    """

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.current = next(iter(keys))
        """Id of the key that wraps."""
        self.ids = tuple(keys)
        """Of every key, the one that wraps first."""

    @property
    def prefix(self) -> bytes:
        """How whatever the current key wraps begins: version, and the key's id."""
        key_id = self.current.encode()
        return _VERSION + bytes([len(key_id)]) + key_id

    def wrap_new(self, tenant_id: UUID) -> bytes:
        """A fresh data key, wrapped: version, key id, nonce, ciphertext."""
        return self._wrap(tenant_id, new_seed())

    def rewrap(self, tenant_id: UUID, wrapped: bytes) -> bytes:
        """The same data key under the current master key; what it seals stays as it is.

        Raises:
            SealBroken: the master key is not among ours, or the blob is damaged.
        """
        return self._wrap(tenant_id, self._unwrap(tenant_id, wrapped))

    def _wrap(self, tenant_id: UUID, key: bytes) -> bytes:
        return self.prefix + _seal(self._keys[self.current], key, _aad("tenants", tenant_id, "data_key_sealed"))

    def open(self, tenant_id: UUID, wrapped: bytes) -> "DataKey":
        """The tenant's data key.

        Raises:
            SealBroken: the master key is not among ours, or the blob is damaged.
        """
        return DataKey(tenant_id, self._unwrap(tenant_id, wrapped))

    def _unwrap(self, tenant_id: UUID, wrapped: bytes) -> bytes:
        length = wrapped[1] if wrapped[:1] == _VERSION and len(wrapped) > 1 else 0
        master = self._keys.get(wrapped[2 : 2 + length].decode(errors="replace"))
        if master is None:
            raise SealBroken("The master key that sealed this tenant is not in IDP_MASTER_KEYS.")
        return _open(master, wrapped[2 + length :], _aad("tenants", tenant_id, "data_key_sealed"))


class DataKey:
    """One tenant's key; lives for one use and is never stored open."""

    def __init__(self, tenant_id: UUID, key: bytes) -> None:
        self._tenant_id = tenant_id
        self._raw = key
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return f"<DataKey of {self._tenant_id}>"

    def seal(self, value: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """Seal `value` for exactly this tenant, table, column and row."""
        return _VERSION + _seal(self._aead, value, _aad(table, self._tenant_id, column, row))

    def unseal(self, sealed: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """Undo `seal`.

        Raises:
            SealBroken: sealed elsewhere, or damaged.
        """
        if sealed[:1] != _VERSION:
            raise SealBroken("Unknown seal version.")
        return _open(self._aead, sealed[1:], _aad(table, self._tenant_id, column, row))

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one `purpose` (HKDF, RFC 5869)."""
        return HKDF(SHA256(), 32, salt=self._tenant_id.bytes, info=purpose.encode()).derive(self._raw)


def _aad(table: str, tenant_id: UUID, column: str, row: UUID | None = None) -> bytes:
    return "|".join((str(tenant_id), table, column, str(row or tenant_id))).encode()


def _seal(aead: AESGCM, value: bytes, aad: bytes) -> bytes:
    nonce = new_seed()[:_NONCE_BYTES]
    return nonce + aead.encrypt(nonce, value, aad)


def _open(aead: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    try:
        return aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        raise SealBroken("A sealed value does not open.") from None
