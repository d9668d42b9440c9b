"""Runs an image on all contestants in turn, several times over."""

from .measure import Failed, run


def compete(contestants, image_for, runs, timeout, progress):
    """Gives ({contestant: [rows of a run, …]}, notes).  ``image_for(contestant)`` gives the image to run.

    The contestants run in alternation, so that what the host does besides falls on all of them.  A peer that fails is left out,
    with a note; one of our engines that fails raises Failed.
    """
    measured, notes, out = {c.name: [] for c in contestants}, [], set()
    for n in range(runs):
        for contestant in contestants:
            if contestant.name in out:
                continue
            where = f"{contestant.name}, run {n + 1} of {runs}" if runs > 1 else contestant.name
            try:
                rows = run(contestant, image_for(contestant), timeout, lambda row, where=where: progress(f"{where}: {row}"))
                if not rows:
                    raise Failed("the image said BENCH-DONE, but no line with a figure")
            except Failed as error:
                if contestant.counts:
                    raise
                out.add(contestant.name)
                del measured[contestant.name]
                notes.append(f"{contestant.name} is left out: {error}")
                continue
            measured[contestant.name].append(rows)
    return measured, notes
