"""Groups of the `waitless` command, each in a module of its own."""
