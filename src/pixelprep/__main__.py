"""`python -m pixelprep` is the command line."""

from .cli import main

main()
