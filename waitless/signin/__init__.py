"""Signing in with a browser: accounts, OpenID Connect, sessions, lockout.

`desk` is what pages call. `accounts` and `provider` say who somebody is, `lockout` whether another
try is admitted, `sessions` who is signed in. Nothing here knows of pages or cookies.
"""
