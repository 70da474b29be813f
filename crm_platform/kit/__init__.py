"""Small, model-free building blocks that every layer may use."""
