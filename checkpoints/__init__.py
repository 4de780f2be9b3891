"""All that is durable: checkpoints of the graph, and the journal of what was promised to the outside."""
