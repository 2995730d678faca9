"""One module a page; `main.py` lists them."""
