"""Where Python looks for garbage: in a thread of its own, as long as it is Python 3.11.

Python 3.11 looks while it makes an object, also while it makes the `__dict__` of another one. If a
finalizer lets another thread run then, and that one asks for the same `__dict__`, the object has two
that hold the same memory, and the process ends with SIGSEGV. It was seen where threads share what
libraries compute once, at the start of a bridge on a busy machine. From 3.12 on, Python looks
between two instructions only, and nothing is done here.
"""

import gc
import sys
import threading
import time

PAUSE = 0.2  # seconds between looks at how much has been made


def collect_apart() -> None:
    """For the whole process, from now on. May be called again."""
    if sys.version_info >= (3, 12) or not gc.isenabled():
        return
    gc.disable()
    threading.Thread(target=collect, name="garbage", daemon=True).start()


def settle() -> None:
    """To be called once all is made that a process needs: that stays, and is not looked through
    again. Each time it kept every thread waiting for 70 ms."""
    gc.freeze()


def collect() -> None:
    """As often as Python would by itself, for ever."""
    while True:
        time.sleep(PAUSE)
        made, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if made[generation] > thresholds[generation]:
                gc.collect(generation)
                break
