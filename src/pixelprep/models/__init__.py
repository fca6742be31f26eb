"""One folder for each family; `registry.py` lists them."""
