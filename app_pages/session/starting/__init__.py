"""Parts of the draft of a new scenario: keys of its content, and what workers made of its files."""
