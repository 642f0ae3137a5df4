"""`python -m router.cli`: the same as `firstline`."""

from router.cli.app import main

main()
