"""The composition root: puts the rooms together and runs them."""
