"""The pages on which is set who may see and do what."""
