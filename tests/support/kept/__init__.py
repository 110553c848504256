"""Libraries of kept work for tests: files, and a PostgreSQL server."""
