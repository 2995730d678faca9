"""Pictures of traces: pure functions from Trace to an ECharts option, a table or a sentence. No torch, no streamlit."""
