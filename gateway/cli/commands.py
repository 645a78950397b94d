"""The commands by name. Each is a thin shell: options in, one call, exit status out.

Imports stand inside the commands: `gateway --help` and a usage error must not load a web server and four vendors.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="gateway",
    help="One GraphQL graph over the analytics vendors of physical retail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
sites = typer.Typer(help="The crosswalk: which codes of which vendors are one site.", no_args_is_help=True)
app.add_typer(sites, name="sites")
cache = typer.Typer(help="What is kept of the vendors' answers.", no_args_is_help=True)
app.add_typer(cache, name="cache")
keys = typer.Typer(help="API keys of callers: the file that GATEWAY_API_KEYS names.", no_args_is_help=True)
app.add_typer(keys, name="keys")

Config = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings.", envvar="GATEWAY_CONFIG", show_envvar=True)
]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the port.")] = 1,
    config: Config = None,
) -> None:
    """Serve the graph at /graphql; without credentials of a vendor, over simulated vendors."""
    from gateway.cli.serving import serve as run

    raise typer.Exit(run(host, port, workers, config))


@app.command()
def sandbox(
    port_base: Annotated[int, typer.Option(min=0, max=65000, help="Port of the first simulator; 0: any.")] = 9100,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    stores: Annotated[int, typer.Option(min=1, max=500, help="Sites of the world.")] = 12,
    days: Annotated[int, typer.Option(min=1, max=730, help="Days of history, up to now.")] = 60,
) -> None:
    """Run the vendors' simulators alone, each on its port, and print their addresses and credentials."""
    from gateway.cli.simulators import play

    play(port_base, seed, stores, days)


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where the committed file differs.")] = False,
    subgraph: Annotated[bool, typer.Option("--subgraph", help="As a federation router composes it.")] = False,
    file: Annotated[
        Path | None, typer.Option(help="What --check compares; left out: schema.graphql or subgraph.graphql.")
    ] = None,
) -> None:
    """Print the schema of the graph."""
    from gateway import runtime

    printed = runtime.print_schema(subgraph=subgraph).rstrip("\n") + "\n"
    if not check:
        sys.stdout.write(printed)
        return
    file = file or Path("subgraph.graphql" if subgraph else "schema.graphql")
    if not file.is_file() or file.read_text(encoding="utf-8") != printed:
        again = "gateway schema --subgraph" if subgraph else "gateway schema"
        typer.echo(f"{file} differs from the code. Write it afresh: {again} > {file}", err=True)
        raise typer.Exit(1)


@app.command()
def query(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT_OR_FILE", help="GraphQL text, a file of it, or -.")],
    variables: Annotated[str, typer.Option(help="JSON object of variables.")] = "{}",
    config: Config = None,
) -> None:
    """Run one operation in this process and print the answer as JSON."""
    from gateway.cli.asking import ask

    raise typer.Exit(ask(document, variables, config))


@app.command()
def explain(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT_OR_FILE", help="GraphQL text, a file of it, or -.")],
    variables: Annotated[str, typer.Option(help="JSON object of variables.")] = "{}",
    config: Config = None,
) -> None:
    """Print the calls to vendors one operation would make, and their price, without asking any."""
    from gateway.cli.explaining import explain as told

    raise typer.Exit(told(document, variables, config))


@app.command()
def doctor(config: Config = None) -> None:
    """Ask every configured vendor cheap questions; report credentials, clocks, quotas, drift and weak settings."""
    from gateway.cli.doctor import examine

    raise typer.Exit(examine(config))


KeysFile = Annotated[Path | None, typer.Option("--file", help="The keys file; left out: GATEWAY_API_KEYS.")]


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is: stands in logs.")],
    scope: Annotated[list[str], typer.Option(help="A right it has; may be repeated.")],
    site: Annotated[
        list[str] | None, typer.Option(help="Key of a site it may see; repeated. None: every site.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag of sites it may see; repeated.")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="How often it may ask.")] = None,
    expires: Annotated[str | None, typer.Option(help="ISO 8601 date-time after which it is refused.")] = None,
    file: KeysFile = None,
    config: Config = None,
) -> None:
    """Make a key and print it, once: the file holds its hash only."""
    from gateway.cli import keyring

    path = keyring.path_of(file, config)
    keyring.create(path, name, scope, site, tag, requests_per_minute, expires)


@keys.command("list")
def list_keys(file: KeysFile = None, config: Config = None) -> None:
    """List the keys by name, with what each may do."""
    from gateway.cli import keyring

    keyring.show(keyring.path_of(file, config))


@keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="The key to take out.")], file: KeysFile = None, config: Config = None
) -> None:
    """Take a key out of the file. Running gateways refuse it within seconds."""
    from gateway.cli import keyring

    keyring.revoke(keyring.path_of(file, config), name)


@app.command()
def export(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="sites, visits, sessions, … as docs/bi lists them.")],
    start: Annotated[str | None, typer.Option("--from", help="First instant, or day, of the span.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Instant after the span; of days the last one.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="Key of a site; may be given several times.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv, ndjson, parquet or arrow.")] = "csv",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File; left out: stdout.")] = None,
    more: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other parameter of the table.")
    ] = None,
    config: Config = None,
) -> None:
    """Stream one table as a file, with a progress bar on a terminal."""
    from gateway.cli.exporting import export as run

    pairs = [(name, value) for name, value in (("from", start), ("to", end)) if value is not None]
    pairs += [("site", key) for key in site or ()]
    pairs += [(name, value) for name, _, value in (text.partition("=") for text in more or ())]
    raise typer.Exit(run(table, form, output, pairs, config))


@sites.command()
def discover(config: Config = None) -> None:
    """List the codes vendors report and suggest joins, ready to paste into the crosswalk."""
    from gateway import runtime
    from gateway.cli.reporting import told

    raise typer.Exit(told(runtime.discover_sites, config))


@sites.command("check")
def check_sites(config: Config = None) -> None:
    """Check the crosswalk, and list the codes in use that no entry claims."""
    from gateway import runtime
    from gateway.cli.reporting import told

    raise typer.Exit(told(runtime.check_sites, config))


@cache.command()
def purge(
    vendor: Annotated[list[str] | None, typer.Option(help="Only this vendor, such as BESPOT; may be repeated.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="Only this site, by key; may be repeated.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Only days that touch this instant or later ones.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only days before this instant.")] = None,
    config: Config = None,
) -> None:
    """Drop entries of the shared cache; every replica forgets them within a second."""
    from gateway.cli.purging import purge as run

    raise typer.Exit(run(vendor or [], site or [], start, end, config))
