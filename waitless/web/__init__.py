"""The service over HTTP: handlers parse, call, and render; none of them decides.

Every handler takes its collaborators in its constructor and is wired in `waitless.app`.
"""
