"""`python -m gateway` and the console script: commands, and errors of usage as one line with exit status 2."""

import sys

from gateway.cli.commands import app
from gateway.settings import ConfigurationError


def main() -> None:
    """Exit status 0: done; 1: the check failed or a vendor refused; 2: bad usage or configuration."""
    try:
        app()
    except ConfigurationError as error:
        print(f"gateway: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
