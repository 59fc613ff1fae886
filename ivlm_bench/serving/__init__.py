"""A reasoner behind a port: openpi's websocket protocol and plain HTTP with JSON."""
