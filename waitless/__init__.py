"""WaitLess: live urgent-care waits and travel times, as honest, ranked destinations.

Composes `feeds` (what sources say) and `routing` (how long journeys take) into a service: its
state, its web, its command line. `waitless.app` is the one composition root.
"""

from importlib.metadata import version

__version__ = version("waitless-urgent-care")
