"""What a good engineer would write by hand for leads alone: static models, Django REST framework, no platform."""
