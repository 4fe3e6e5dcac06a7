// Numeric loops.
