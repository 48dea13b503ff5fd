"""`python -m waitless`: the command, by the interpreter of one's choice."""

from waitless.cli import main

main()
