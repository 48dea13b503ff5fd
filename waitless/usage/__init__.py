"""Usage: where answers send people and where they say they go, by kind and local day; counts alone.

`counting` counts in each answering process, `store` is where all of them come together, `figures`
makes days, weeks and shares of it. Nothing in it says who, or from where.
"""
