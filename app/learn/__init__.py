"""The page Learn: shows any lesson of `lessons`. Reading order: progress, desk, draw, words, steps, contents."""
