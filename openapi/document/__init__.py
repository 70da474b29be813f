"""The OpenAPI 3.1 document: made from the data model, never from compiled classes."""
