"""Files are read and written here, and faults in them are reported with place and fix."""
