"""Values of the formats that the API description names, and that no pattern describes."""

from datetime import datetime, timedelta, timezone

import schemathesis
from hypothesis import strategies as st

SEGMENTS_MAX = 10
# A text with a character outside the GSM alphabet has 67 UTF-16 units a segment, one within it 153 septets.
UCS2_UNITS_MAX = 67 * SEGMENTS_MAX
SEPTETS_MAX = 153 * SEGMENTS_MAX


def is_shown(character: str) -> bool:
    """Neither a control character, other than tab, line breaks and NEL, nor half of a pair."""
    code = ord(character)
    if character in "\t\n\r\f\u0085":
        return True
    return not (code < 0x20 or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF)


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


shown = st.characters(codec="utf-8").filter(is_shown)
# Each takes at most two septets in every national table; the accent ` is not in all of them.
IN_EVERY_ENCODING = [chr(code) for code in range(0x20, 0x7F) if chr(code) != "`"] + ["\n", "\r"]
in_every_encoding = st.sampled_from(IN_EVERY_ENCODING)

countries = st.one_of(
    st.builds("98{}".format, st.integers(10**9, 10**10 - 1)),
    st.builds("1{}".format, st.integers(2 * 10**9, 10**10 - 1)),
    st.builds("4479{}".format, st.integers(10**7, 10**8 - 1).map(lambda n: f"{n:08}")),
    st.builds("4917{}".format, st.integers(10**7, 10**8 - 1).map(lambda n: f"{n:08}")),
)


def write(digits: str, prefix: str, gap: str, script: int) -> str:
    written = "".join(chr(script + int(digit)) for digit in digits)
    return f"{prefix}{written[:2]}{gap}{written[2:5]}{gap}{written[5:]}"


ASCII, ARABIC, PERSIAN, DEVANAGARI = 0x30, 0x660, 0x6F0, 0x966
phones = st.builds(
    write,
    countries,
    st.sampled_from(["+", "00", "+ ", "\uff0b", "\u202a+"]),
    st.sampled_from(["", " ", "-", "\u00a0", "\u200e"]),
    st.sampled_from([ASCII, ARABIC, PERSIAN, DEVANAGARI]),
)

NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !\"#%&'()*+,-./:;<=>?_"
names = st.builds(
    "{}{}".format,
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    st.text(alphabet=NAME_CHARACTERS, max_size=10),
)
short_codes = st.integers(1, 10**8 - 1).map(str)
international = st.builds("+98{}".format, st.integers(10**9, 10**10 - 1))


def in_future(seconds: int, offset_minutes: int) -> str:
    zone = timezone(timedelta(minutes=offset_minutes))
    return (datetime.now(zone) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


HOUR_S, DAY_S = 3_600, 86_400

for name, strategy in {
    "phone": phones,
    "sms-text": st.text(alphabet=shown, min_size=1, max_size=UCS2_UNITS_MAX).filter(
        lambda text: utf16_units(text) <= UCS2_UNITS_MAX
    ),
    "sms-text-of-encoding": st.text(alphabet=in_every_encoding, min_size=1, max_size=SEPTETS_MAX // 4),
    "sms-sender": st.one_of(names, short_codes, international),
    # As a run takes time, neither the next moment nor the last one that is permitted.
    "future-date-time": st.builds(
        in_future, st.integers(HOUR_S, 29 * DAY_S), st.sampled_from([0, 210, 330, -480])
    ),
}.items():
    schemathesis.openapi.format(name, strategy)


def fits(text: str, encoding: str) -> bool:
    if encoding in ("auto", "ucs2"):
        return text != "" and all(map(is_shown, text)) and utf16_units(text) <= UCS2_UNITS_MAX
    return text != "" and set(text) <= set(IN_EVERY_ENCODING) and len(text) <= SEPTETS_MAX // 4


@schemathesis.hook
def filter_body(context, body):
    """
    Drops texts that the schema refuses by `if`, `then` and `else`: schemathesis draws some that way without the strategy of
    their format, as it cannot tell whether a text has it. Bodies of another form, which must be refused, are kept.
    """
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        return True
    encoding = body.get("encoding", "auto")
    return not isinstance(encoding, str) or fits(body["text"], encoding)
