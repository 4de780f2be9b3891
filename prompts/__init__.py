"""System prompts: the shipped one, files, and what people set for a guild or a channel."""
