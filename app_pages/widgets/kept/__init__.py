"""What is kept for a visitor: drafts to go on from, links, who is signed in."""
