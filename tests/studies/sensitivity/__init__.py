"""What moves a plan."""
