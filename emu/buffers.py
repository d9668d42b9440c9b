"""Lists of writable buffers, in which what is read goes to several places at once."""

MOST = 1024             # that a host takes in one call


def total(views):
    """Bytes of all of them."""
    return sum(map(len, views))


def skip(views, n):
    """The buffers without their first ``n`` bytes."""
    for index, view in enumerate(views):
        if n < len(view):
            return [view[n:], *views[index + 1:]]
        n -= len(view)
    return []


def first(views, n):
    """The first ``n`` bytes of the buffers."""
    out = []
    for view in views:
        if n <= len(view):
            return [*out, view[:n]] if n else out
        out.append(view)
        n -= len(view)
    return out


def fill(views, data):
    """Put ``data`` into the buffers, and zeros behind it."""
    at, data = 0, memoryview(data)
    for view in views:
        part = data[at:at + len(view)]
        view[:len(part)] = part
        if len(part) < len(view):
            view[len(part):] = bytes(len(view) - len(part))
        at += len(view)
