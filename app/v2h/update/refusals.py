"""The one error of an update: a step is refused, with the sentence for the owner."""

from v2h.bus.sentences import Sentence


class RefusedError(ValueError):
    """A step of an update is refused; the sentence says why and what to do. bad_input: what was sent can never be
    used; otherwise it is a matter of the moment, of room or of order. go_on_b: the offset at which the upload
    continues, None if it does not."""

    def __init__(self, sentence: Sentence, *, bad_input: bool = False, go_on_b: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.bad_input, self.go_on_b = sentence, bad_input, go_on_b
