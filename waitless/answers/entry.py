"""An entry of the near cache: one answer, and what it was made from."""

from datetime import datetime

from waitless.answers.laid import Laid
from waitless.answers.render import Advised, Pointed
from waitless.answers.sheet import Sheet
from waitless.answers.travelled import Travelled

ANSWER_TICK_S = 5
"""Answers are made as of the last such tick of the clock, so that the same question at the same
epoch gives the same bytes, and an unchanged answer can be told by its ETag. Ages are understated
by less than this; what is live is judged exactly (`as_of_last_change`)."""
OVERHEAD_BYTES = 1024
"""Counted for each entry besides its bodies: its key, heads and objects."""


class Entry(Laid):
    """One answer."""

    __slots__ = ("advised", "pointed", "sheet", "travelled")

    def __init__(
        self,
        body: bytes,
        sheet: Sheet,
        travelled: Travelled,
        valid_until: datetime,
        *,
        tag: bytes,
        private: bool,
        advised: Advised | None = None,
        pointed: Pointed | None = None,
    ) -> None:
        """Hold an answer.

        Args:
            body: its JSON.
            sheet: what it was made from.
            travelled: likewise.
            valid_until: when it should no longer be shown.
            tag: of this answer among all, for its ETag.
            private: whether it stays out of shared caches.
            advised: what it puts first.
            pointed: of what kinds that and the nearest are.
        """
        super().__init__(
            body, most_age_s=ANSWER_TICK_S, valid_until=valid_until, tag=tag, private=private
        )
        self.sheet = sheet
        self.travelled = travelled
        self.advised = advised
        self.pointed = pointed

    def nbytes(self) -> int:
        """Memory, bytes; a compressed form is counted before it is made."""
        return len(self.body) * 5 // 4 + OVERHEAD_BYTES
