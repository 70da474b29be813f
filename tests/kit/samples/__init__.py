"""Sample data of the field types, by kind of type; `tests.kit.field_samples` puts it together."""
