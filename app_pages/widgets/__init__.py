"""Parts that several pages show: sidebar, tables, editors."""
