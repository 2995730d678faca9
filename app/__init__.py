"""The Streamlit app. Pages show Traces and nothing else; training happens in processes of its own.

Reading order: main (pages), app_pages/playground (the page), controls (settings -> configs), state (what a tab holds),
runner and worker (training elsewhere), views (Trace -> chart).
"""
