"""The conversation as a state machine; knows nothing of Discord."""
