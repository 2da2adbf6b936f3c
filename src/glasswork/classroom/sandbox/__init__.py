"""Where the code of others runs: limits, the process that holds the data, and the one that asks it."""
