"""Sample data of every field type, from which the tests of all types are made.

A registered type without an entry fails `tests/metadata/field_types/test_samples.py`. Nothing here runs anything.
"""

from __future__ import annotations

import uuid

from tests.kit.samples import (
    computed,
    dates_and_choices,
    files,
    labelled,
    markup,
    measures,
    numbers,
    places,
    reference_lists,
    references,
    sealed,
    spans,
    texts,
)
from tests.kit.samples.shapes import FieldSamples, SampleIds


def _fixed(kind: int) -> tuple[uuid.UUID, ...]:
    return tuple(uuid.UUID(int=(0x0192 << 112) + (7 << 76) + (2 << 62) + kind * 100 + n) for n in range(3))


FIXED_IDS = SampleIds(_fixed(1), _fixed(2), _fixed(3), files=files.fixed_files())

_PLAIN = (
    *(texts.text, texts.long_text, texts.email, texts.url, texts.phone, texts.auto_number, texts.currency_code),
    *(numbers.integer, numbers.decimal, numbers.currency, numbers.percent, numbers.checkbox),
    *(dates_and_choices.date_, dates_and_choices.datetime_),
    *(places.geolocation, places.address, places.check_in),
    *(labelled.emails, labelled.phones),
    *(sealed.masked_text, sealed.encrypted_text, sealed.secret),
    *(markup.rich_text, markup.markdown, markup.code, markup.person_name, markup.barcode),
    *(markup.color, markup.icon, markup.tags),
    *(spans.date_range, spans.datetime_range, spans.json_),
    *(
        computed.formula,
        computed.rollup,
        computed.base_currency,
        computed.lookup_value,
        computed.copied_value,
        computed.dynamic_url,
    ),
    *(measures.time_, measures.duration, measures.rating, measures.slider),
    *(
        dates_and_choices.picklist,
        dates_and_choices.record_type,
        dates_and_choices.stage,
        dates_and_choices.multi_picklist,
    ),
)
_POINTING = (
    *(references.lookup, references.master_detail, references.poly_lookup, references.hierarchy),
    *(references.user, references.department, references.record_id),
    *(reference_lists.multi_lookup, reference_lists.multi_user, reference_lists.multi_department),
    *files.ALL,
)


def field_samples(ids: SampleIds = FIXED_IDS) -> dict[str, FieldSamples]:
    """Return the samples of every type by its key, with references to the given ids."""
    made = [make() for make in _PLAIN] + [make(ids) for make in _POINTING]
    return {samples.key: samples for samples in made}
