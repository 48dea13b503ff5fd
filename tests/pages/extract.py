"""Every message of the page: marked in the code and templates, or brought by answers."""

from pathlib import Path

from babel.messages.extract import extract_from_dir

import waitless.web
from waitless.recommend import advice
from waitless.recommend.reasons import REASON_TEXTS
from waitless.web.parse import YOUR_POSITION

WEB = Path(waitless.web.__file__).parent
_METHODS = [("templates/patient*", "jinja2"), ("*.py", "python")]


def list_messages() -> list[str]:
    """Each once, in the order of the page."""
    found = extract_from_dir(
        WEB, _METHODS, keywords={"say": None, "mark": None}, options_map={"**": {"silent": "false"}}
    )
    texts = [
        advice.CALL_999.text, advice.NHS_111_PHONE.text, advice.PHARMACY.text,
        advice.SERIOUS_FIRST.text, *REASON_TEXTS.values(), YOUR_POSITION,
    ]  # fmt: skip
    messages = sorted(found, key=lambda one: (not one[0].startswith("templates"), one[0], one[1]))
    return list(dict.fromkeys([one[2] for one in messages if isinstance(one[2], str)] + texts))
