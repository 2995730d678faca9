"""Generators of what demos learn from: seeded, documented, property-tested. A bad size raises ConfigError."""
