"""Simulators hosted by a command: alone for `gateway sandbox`, once for all workers of `gateway serve`."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from gateway import settings
from gateway.registry import vendors
from gateway.sandbox import host
from gateway.sandbox.world import World
from gateway.settings import Settings, VendorsSettings


def play(port_base: int, seed: int, stores: int, days: int) -> None:
    """Until SIGTERM or Ctrl-C."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before the simulators' thread, which inherits the mask
    hosted = host.start(
        World(seed=seed, stores=stores, days=days), _modules(VendorsSettings.model_fields.keys()), port_base
    )
    typer.echo(host.announce(hosted))
    signal.sigwait(signals)
    hosted.stop()


@contextmanager
def played(loaded: Settings) -> Iterator[Settings]:
    """The settings of a gateway that talks to simulators hosted here, in this process."""
    world = World()
    hosted = host.start(world, _modules(loaded.simulated))
    try:
        with tempfile.TemporaryDirectory() as folder:
            sites = Path(folder) / "sites.toml"
            sites.write_text(world.crosswalk_toml(), encoding="utf-8")
            theirs = {"GATEWAY_PLAYED": ",".join(sorted(loaded.simulated)), **hosted.environment()}
            ours = {"GATEWAY_SITES": str(sites)} if loaded.sites is None else {}
            yield settings.load(loaded.config, {**os.environ, **theirs, **ours})
    finally:
        hosted.stop()


def _modules(folders: Collection[str]) -> list[str]:
    return [vendor.simulator for vendor in vendors() if vendor.key.folder in folders]
