"""The files that people attach: fetched within bounds, checked by content, made ready for the model."""
