"""What one browser session holds, and its work on the server."""
