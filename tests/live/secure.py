"""A broker with TLS, passwords and rights, and an Elasticsearch behind TLS and an API key."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PASSWORD = "correct horse battery staple"  # noqa: S105 - of a broker that lives for a minute
SCRAM_ITERATIONS = 8192


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of a certificate authority made for one test, and of a server it vouches for."""

    authority: Path
    server_store: Path
    server_context: ssl.SSLContext


def certificates(folder: Path) -> Certificates:
    """Make them; the server's store is in the form that Kafka reads (PKCS #8, then the chain)."""
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    ca_file, store = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    key = load_pem_private_key(server.private_key_pem.bytes(), password=None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    store.write_bytes(pem + b"".join(blob.bytes() for blob in server.cert_chain_pems))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.configure_cert(context)
    return Certificates(ca_file, store, context)


def broker_properties(*, plain: int, controller: int, secure: int, store: Path) -> dict[str, str]:
    """Two doors: a plain one for the administrator, a secure one where nothing is allowed."""
    doors = f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secure}"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "listeners": f"{doors},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": doors,
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL"
        ),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": login,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }


@dataclass(frozen=True, slots=True)
class Rights:
    """What one worker may do, and nothing else: the table of the operators' documentation."""

    user: str
    group: str
    reads: str
    writes: Sequence[str]

    def grant(self, bootstrap_servers: str) -> None:
        """Make the user and give it its rights; return when the broker has them."""
        client = AdminClient({"bootstrap.servers": bootstrap_servers})
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
        upsertion = UserScramCredentialUpsertion(self.user, scram, PASSWORD.encode())
        for done in client.alter_user_scram_credentials([upsertion]).values():
            done.result(timeout=10)
        bindings = [
            self._may(ResourceType.TOPIC, self.reads, AclOperation.READ),
            self._may(ResourceType.GROUP, self.group, AclOperation.READ),
            *[self._may(ResourceType.TOPIC, name, AclOperation.WRITE) for name in self.writes],
        ]
        for done in client.create_acls(bindings).values():
            done.result(timeout=10)

    def _may(self, kind: ResourceType, name: str, operation: AclOperation) -> AclBinding:
        return AclBinding(
            kind,
            name,
            ResourcePatternType.LITERAL,
            f"User:{self.user}",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )


@asynccontextmanager
async def tls_front(url: str, context: ssl.SSLContext, *, authorization: str) -> AsyncIterator[str]:
    """Serve ``url`` over TLS to those who send the header; the others are cut off."""
    host, port = url.removeprefix("http://").split(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = await reader.readuntil(b"\r\n\r\n")
            if f"authorization: {authorization}".lower() in head.decode().lower():
                back, onward = await asyncio.open_connection(host, int(port))
                onward.write(head)
                await asyncio.gather(_pour(reader, onward), _pour(back, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    finally:
        target.close()
