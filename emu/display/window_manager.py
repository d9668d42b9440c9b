"""Is there a window manager?  SDL does not say, and a full screen without one is up to us.

Source: Extended Window Manager Hints, _NET_SUPPORTING_WM_CHECK.
"""
import ctypes

ANY_TYPE, MOST = 0, 1


def has_window_manager(driver):
    """False only on an X display whose root window names no window manager.  ``driver`` is SDL's name of it."""
    if driver != "x11":
        return True
    try:
        x = ctypes.CDLL("libX11.so.6")
    except OSError:
        return True
    pointer, number = ctypes.c_void_p, ctypes.c_ulong
    x.XOpenDisplay.restype, x.XOpenDisplay.argtypes = pointer, [ctypes.c_char_p]
    x.XDefaultRootWindow.restype, x.XDefaultRootWindow.argtypes = number, [pointer]
    x.XInternAtom.restype, x.XInternAtom.argtypes = number, [pointer, ctypes.c_char_p, ctypes.c_int]
    x.XGetWindowProperty.argtypes = [pointer, number, number, ctypes.c_long, ctypes.c_long, ctypes.c_int, number] + [pointer] * 5
    x.XFree.argtypes, x.XCloseDisplay.argtypes = [pointer], [pointer]
    display = x.XOpenDisplay(None)
    if not display:
        return True
    kind, form, count, left, value = number(), ctypes.c_int(), number(), number(), pointer()
    atom = x.XInternAtom(display, b"_NET_SUPPORTING_WM_CHECK", 0)
    x.XGetWindowProperty(display, x.XDefaultRootWindow(display), atom, 0, MOST, 0, ANY_TYPE,
                         *map(ctypes.byref, (kind, form, count, left, value)))
    if value:
        x.XFree(value)
    x.XCloseDisplay(display)
    return count.value > 0
