"""No way to the Hub: the crawl ends soon, says why in a line, and does not ask again what would fail likewise."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.workplace import Workplace

TABLE = [f"net{number:04}.tag_in1k" for number in range(1_251)]
Handler = Callable[[socket.socket], None]


@contextmanager
def listener(handle: Handler) -> Iterator[tuple[int, list[int]]]:
    """Listen and *handle* each connection; yield the port and, in a list of one, the number of connections."""
    count = [0]
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                count[0] += 1
                with connection, suppress(OSError):
                    connection.settimeout(10)
                    handle(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], count
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def demand_login(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


def untrusted(folder: Path) -> Handler:
    """Return what speaks TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file = folder / "certificate.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(pem + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def handle(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    return handle


def alarms(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.search("(WARNING|ERROR|CRITICAL): ", line)]


@pytest.mark.parametrize("kind", ["reset", "refused"])
def test_crawl_without_network_ends_after_a_few_connections_and_says_why(offline: Workplace, kind: str) -> None:
    with listener(reset) as (port, count):
        endpoint = f"http://127.0.0.1:{port}" if kind == "reset" else offline.endpoint
        ended = offline.crawl("-a", f"table={offline.table(TABLE)}", env={"HF_ENDPOINT": endpoint})
    assert ended.status == 1
    # The list six times, then repos up to 20 failures, and those that were in flight with the last of them.
    assert count[0] <= 100
    (cause,) = (line for line in alarms(ended.err) if f"{endpoint} cannot be reached: " in line)
    assert "HF_HUB_OFFLINE=1 estimates sizes without a network" in cause
    # The list, which was given up, and the cause.
    assert len(alarms(ended.err)) == 2
    assert len(ended.err.splitlines()) < 100
    assert f"failed: {endpoint} cannot be reached" in ended.err
    assert "next:" not in ended.err


def test_certificate_that_nobody_vouches_for_is_told_and_not_tried_again(offline: Workplace) -> None:
    with listener(untrusted(offline.folder)) as (port, count):
        env = {"HF_ENDPOINT": f"https://localhost:{port}"}
        ended = offline.crawl("-a", f"table={offline.table(TABLE[:3])}", env=env)
    assert ended.status == 1
    assert count[0] == 3
    assert "certificate cannot be verified" in ended.err
    assert "set SSL_CERT_FILE" in ended.err
    assert not alarms(ended.err)


@pytest.mark.slow
def test_proxy_that_asks_for_a_login_is_told_and_not_tried_again(offline: Workplace) -> None:
    with listener(demand_login) as (port, count):
        env = {"https_proxy": f"http://127.0.0.1:{port}", "no_proxy": "", "HF_ENDPOINT": "https://hub.invalid"}
        ended = offline.crawl("-a", f"table={offline.table(TABLE[:3])}", env=env)
    assert ended.status == 1
    assert count[0] == 3
    assert "https://hub.invalid cannot be reached: the proxy asks for a login (407)" in ended.err
    assert not alarms(ended.err)


def test_host_without_an_address_is_told(offline: Workplace) -> None:
    env = {"HF_ENDPOINT": "https://hub.invalid"}
    ended = offline.crawl("-a", f"table={offline.table(TABLE[:2])}", "-s", "RETRY_TIMES=0", env=env)
    assert ended.status == 1
    assert "https://hub.invalid cannot be reached: " in ended.err
    assert {row["status"] for row in offline.sizes().values()} == {"error"}
