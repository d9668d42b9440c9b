"""The front end of the subset: reads hot functions with `ast`, types and checks them.  Rules: docs/subset.md."""
