"""What is done with pools and the records in them; the pages and the Open API are faces of these modules."""
