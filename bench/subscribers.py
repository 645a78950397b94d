"""How much memory and how many upstream calls idle subscribers cost: `python -m bench.subscribers [COUNT]`.

One gateway process over simulators in another, real sockets. The first line is one subscriber, the second all of them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

PORT = 8765
PROTOCOL = [Subprotocol("graphql-transport-ws")]
SITE = base64.urlsafe_b64encode(b"Site:ath-116500").rstrip(b"=").decode()
QUERY = "subscription($sites: [ID!]!) { sessions(sites: $sites) { id status startedAt site { key } } }"
EVERY = 5
SECONDS = 21


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 3 * count)), hard))
    with sandbox() as environment, gateway(environment) as pid:
        addresses = {
            vendor: re.sub(r"(://[^/]+).*", r"\1", environment[f"GATEWAY_VENDORS__{vendor.upper()}__BASE_URL"])
            for vendor in ("bespot", "guest_wifi")
        }
        asyncio.run(measured(count, pid, addresses))


async def measured(count: int, pid: int, addresses: Mapping[str, str]) -> None:
    async with AsyncExitStack() as stack:
        await follow(stack, silent=True)
        idle = resident(pid)
        await follow(stack)
        await line("1 subscriber", pid, idle, addresses)
        began = time.monotonic()
        for _ in range((count - 1) // 50):
            await asyncio.gather(*(follow(stack) for _ in range(50)))
        print(f"the others came in {time.monotonic() - began:.1f} s")
        await line(f"{1 + (count - 1) // 50 * 50} subscribers", pid, idle, addresses)


async def line(title: str, pid: int, idle: float, addresses: Mapping[str, str]) -> None:
    forget(addresses)
    spent = cpu(pid)
    await asyncio.sleep(SECONDS)
    share = 100 * (cpu(pid) - spent) / SECONDS
    calls = counted(addresses)
    print(f"{title}: {resident(pid) - idle:.1f} MB above idle, {share:.1f}% of a core, calls in {SECONDS} s: {calls}")


async def follow(stack: AsyncExitStack, *, silent: bool = False) -> None:
    address = f"ws://127.0.0.1:{PORT}/graphql"
    opened = await stack.enter_async_context(connect(address, subprotocols=PROTOCOL, compression=None))
    await opened.send('{"type": "connection_init"}')
    await opened.recv()
    if not silent:
        payload = {"query": QUERY, "variables": {"sites": [SITE]}}
        await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    """Settings of a gateway that talks to the simulators."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gateway", "sandbox"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            told = dict(announced(process.stdout))
            sites = Path(folder) / "sites.toml"
            address = told["GATEWAY_VENDORS__BESPOT__BASE_URL"].removesuffix("/api")
            sites.write_bytes(httpx.get(address + "/_crosswalk").content)
            yield {
                **told,
                "GATEWAY_SITES": str(sites),
                "GATEWAY_PSEUDONYM_KEY": "00" * 32,
                "GATEWAY_ANONYMOUS_SCOPES": "read",
                "GATEWAY_STREAMS__SESSIONS_EVERY": str(EVERY),
                "GATEWAY_CACHE": "coalesce",
            }
        finally:
            process.terminate()
            process.wait()


@contextmanager
def gateway(environment: Mapping[str, str]) -> Iterator[int]:
    """Its process id, once it is ready."""
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(PORT)]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{PORT}/readyz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def announced(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for text in lines:
        found = re.match(r"\s+export (GATEWAY_VENDORS__\w+)=(\S+)", text)
        if found:
            yield found[1], found[2]
        if "Faults off" in text:
            return


def forget(addresses: Mapping[str, str]) -> None:
    for address in addresses.values():
        httpx.delete(address + "/_calls")


def counted(addresses: Mapping[str, str]) -> dict[str, int]:
    return {
        vendor: sum(each["calls"] for each in httpx.get(address + "/_calls").json().values())
        for vendor, address in addresses.items()
    }


def resident(pid: int) -> float:
    """Megabytes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1024


def cpu(pid: int) -> float:
    """Seconds."""
    parts = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
