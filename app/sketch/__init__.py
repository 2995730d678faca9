"""A curve that a person draws on empty axes, in lessons and in a class. Reading order: axes (pure data), component."""
