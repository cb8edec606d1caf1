"""What is wrong with rows, before anything is computed of them."""
