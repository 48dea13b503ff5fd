"""Where a fault of ours came up, told without what it came up over."""

FRAMES = 5


def locate_fault(fault: BaseException) -> str:
    """The kind of a fault and where in the code it came up, innermost first.

    Never its message: what a handler stumbled over may be what a client wrote.
    """
    frames = []
    step = fault.__traceback__
    while step is not None:
        name = step.tb_frame.f_code.co_filename.rsplit("/", maxsplit=1)[-1]
        frames.append(f"{name}:{step.tb_lineno}")
        step = step.tb_next
    return f"{type(fault).__name__} at {' < '.join(reversed(frames[-FRAMES:]))}"
