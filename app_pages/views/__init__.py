"""One file per page; each ends with a call of its `draw_..._view`."""
