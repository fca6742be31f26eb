"""`python -m pixelprep.cli` is the command line."""

from . import main

main()
