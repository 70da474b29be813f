"""The settings of pools."""
