"""What held-out answers say: numpy and scikit-learn, no torch."""
