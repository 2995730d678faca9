"""Around the app: what every request passes before Streamlit sees it, and what tells an operator how it goes.

Reading order: hosts, sessions (who may come in), page and headers (what a browser may do), metrics and measure (what is
counted), routes (/healthz, /metrics), logs, errors (what is written down, what a visitor reads), stop (ending well).
"""
