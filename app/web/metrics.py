"""What /metrics counts. Whoever knows of an event imports the counter and raises it; nothing here imports the app.

Size, processor time and open files of the process come with prometheus_client itself, on Linux.
"""

import threading

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # a second number for each, which says when the server started
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("playground_requests", "HTTP requests answered", ["route", "status"])
SESSIONS = Gauge("playground_sessions", "Tabs open now")
REFUSED = Counter("playground_sessions_refused", "Tabs refused because their address had too many open")
STREAMS = Gauge("playground_stage_streams", "Stages that are streamed to a browser now")
TICK = Histogram(
    "playground_tick_seconds",
    "From a browser's message until the page, or the part of it that ticks, is drawn anew",
    ["part"],
    buckets=SECONDS,
)
RUNS_WAITING = Gauge("playground_runs_waiting", "Sessions whose runs wait for a seat")
RUNS_RUNNING = Gauge("playground_runs_running", "Sessions whose runs train now")
RESTARTS = Gauge("playground_worker_restarts", "Training processes replaced because they ended unexpectedly")
DATABASE_ERRORS = Counter("playground_database_errors", "Statements or connections that the database failed")
PAGE_ERRORS = Counter("playground_page_errors", "Visits that ended in an exception")
THREADS = Gauge("playground_threads", "Threads of the server")
THREADS.set_function(threading.active_count)
