"""Demo data that tells a story, and volume for measurements. No part of the product runs through here."""
