"""Training outside the process that asks for it: `engine.submit(config, seed) -> Handle`, and nothing else.

engine.py   takes runs, shares equal ones, hands them to workers, starts workers again that died
handle.py   one run in computation, and one watcher's hold on it
jobs.py     the side that computes: several runs in turns
process.py, inline.py, cluster.py   the ways to a worker: a process of its own, this very one, another machine (Ray)
cache.py    finished runs, in memory and in files
budget.py   what one run may use
"""
