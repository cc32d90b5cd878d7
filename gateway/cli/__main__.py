"""`python -m gateway.cli`: the same as the command `sealpost`."""

from gateway.cli import main

main()
