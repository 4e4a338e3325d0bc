"""`python -m hftsim` is the command `hftsim`."""

import sys

from hftsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
