"""Whether the helper names every mistake of the catalogue: measured, and as a table."""
