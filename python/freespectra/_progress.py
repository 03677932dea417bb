"""Progress of long work: a callable, or tqdm where it is installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Union

Progress = Union[bool, Callable[[int, int], Any], None]


@contextmanager
def reporter(progress: Progress) -> Iterator[Callable[[int, int], Any] | None]:
    """What is to be called with (done, total)."""
    if progress is None or progress is False:
        yield None
    elif progress is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            yield None
            return
        with tqdm() as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.n = done
                bar.refresh()

            yield show
    elif callable(progress):
        yield progress
    else:
        raise TypeError(f"progress: expected a bool or a callable, got {progress!r}")
