"""Other ways to plan the same instances, side by side: `python -m bench peers --help`."""
