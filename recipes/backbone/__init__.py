"""How the embedded backbone is made: an open encoder rewritten as a T5, healed, and taught to answer."""
