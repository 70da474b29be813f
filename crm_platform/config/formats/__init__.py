"""How dates and numbers are written where templates do it: as fields write them (metadata.field_types.formats)."""
