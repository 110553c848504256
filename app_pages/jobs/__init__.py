"""What workers compute for the page, and the desk that hands jobs out. No streamlit here."""
