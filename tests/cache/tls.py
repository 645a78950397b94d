"""TLS in front of a server that has none: a throw-away authority, and a terminator in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs one certificate for `address`. `file` is what clients must trust, `pair` what a server shows."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        key, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away")])
        root = _made(name, name, key, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        leaf = _made(subject, name, server, key).add_extension(names, critical=False)
        self.file, self.pair = folder / "authority.pem", folder / "store.pem"
        self.file.write_bytes(root.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        shown = server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.pair.write_bytes(leaf.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + shown)


def _made(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )


class Terminator:
    """Takes TLS on `port` and passes it on in the clear."""

    def __init__(self, authority: Authority) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(authority.pair)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.taken = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self, behind: int) -> None:
        if self._thread is not None:
            return
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(behind, ready)), daemon=True)
        self._thread.start()
        ready.wait(5)

    def stop(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(5)
            self._thread = None

    async def _serve(self, behind: int, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()

        writers: set[asyncio.StreamWriter] = set()

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.taken += 1
            with contextlib.suppress(OSError):
                there, onward = await asyncio.open_connection("127.0.0.1", behind)
                writers.update((writer, onward))
                both = [asyncio.ensure_future(_copied(*way)) for way in ((reader, onward), (there, writer))]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for each in (writer, onward):
                each.transport.abort()

        server = await asyncio.start_server(pass_on, sock=self._socket, ssl=self._context)
        ready.set()
        await self._stopped.wait()
        server.close()
        for each in writers:
            each.transport.abort()
        await asyncio.sleep(0.05)  # for the connections to be gone


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
