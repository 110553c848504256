"""What workers compute for the page, and the queue that dispatches jobs. No Streamlit here."""
