"""One chip or line per file, each behind a port URL."""
