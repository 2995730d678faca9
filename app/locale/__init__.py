"""The catalogues of the app: every text in the code, and what stands for it in each language (`app.language`)."""
