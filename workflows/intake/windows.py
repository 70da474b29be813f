"""How long what strangers send is counted together."""

from datetime import timedelta

WINDOW = timedelta(minutes=10)
