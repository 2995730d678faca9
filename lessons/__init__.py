"""Step-through lessons, built on the same runs as the app."""
