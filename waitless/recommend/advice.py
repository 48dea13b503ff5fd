"""The advice that stands above any ranking: when not to look for the shortest queue at all.

Wording follows the public lists of South Western Ambulance Service ("when to call 999"), East
Kent Hospitals and NHS 111; a clinician must sign it off before it serves patients.
"""

from dataclasses import dataclass

from waitless.area.facility import Need

UNDER_FIVE = 5
"""NHS 111 online is for people aged 5 and over."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One line of advice: a stable code, a sentence, and where to turn."""

    code: str
    text: str
    url: str | None = None


CALL_999 = Advice(
    "call_999",
    "Call 999 now for chest pain, signs of a stroke, severe difficulty breathing, bleeding that "
    "will not stop, a fit that does not stop, loss of consciousness, sudden swelling of the lips, "
    "mouth or throat, or a serious accident.",
    "tel:999",
)
NHS_111 = Advice(
    "nhs_111",
    "Not sure where to go, or need help that cannot wait? NHS 111 can tell you and can book "
    "a time for you.",
    "https://111.nhs.uk/",
)
NHS_111_PHONE = Advice(
    "nhs_111_phone",
    "For a child under 5, phone 111: 111 online is for people aged 5 and over.",
    "tel:111",
)
PHARMACY = Advice(
    "pharmacy",
    "A pharmacist can treat sore throat, earache, sinusitis, impetigo, shingles, infected insect "
    "bites and simple urine infections, often without a prescription from a doctor.",
    "https://www.nhs.uk/service-search/pharmacy/find-a-pharmacy",
)
SERIOUS_FIRST = Advice(
    "serious_first",
    "Everywhere, the most seriously ill are seen first, so someone who comes after you may be "
    "seen before you.",
)
_FOR_A_PHARMACIST = frozenset({Need.MINOR_ILLNESS, Need.CHILD_MINOR_ILLNESS, Need.BITE})


def list_advice(need: Need, age_years: int | None) -> list[Advice]:
    """The advice for a need and an age, the most urgent first; 999 and 111 are always there."""
    advice = [CALL_999, NHS_111]
    may_be_under_five = (
        need is Need.CHILD_MINOR_ILLNESS if age_years is None else (age_years < UNDER_FIVE)
    )
    if may_be_under_five:
        advice.append(NHS_111_PHONE)
    if need in _FOR_A_PHARMACIST and age_years != 0:
        advice.append(PHARMACY)
    return [*advice, SERIOUS_FIRST]
