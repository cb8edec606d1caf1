"""Which backbone, and how it reads rows."""
