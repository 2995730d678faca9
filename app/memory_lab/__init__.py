"""Talk to a memory: facts taught to small matrix memories one by one, every number of every write kept to be looked at.

facts    what a person types              words    how a word becomes a vector
rules    what a write is, in numpy        lesson   the facts taught, and what may be asked afterwards
sentences, maps, curves, answers          views: pure functions of a lesson
gallery, controls                         presets, and the widgets
"""
