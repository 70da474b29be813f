"""The product beside a hand-written twin and bare SQL, measured in one run: `make bench`."""
