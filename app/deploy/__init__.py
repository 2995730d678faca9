"""Running it for a class: README.md first. capacity (how many learners fit), measure (what they cost)."""
