"""Live traffic: bytes from road authorities to figures for links and events on the road."""
