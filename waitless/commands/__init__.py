"""Commands of `waitless`, loaded by `waitless.cli` when they are asked for."""
