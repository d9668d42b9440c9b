"""Compressed clusters: raw deflate, or zstd where the host's Python has a library for it."""

import zlib

from .header import ZSTD


class CannotDecompress(Exception):
    """The data are damaged, or the library is missing: one phrase."""


def zstd_library():
    """A function (data, size) -> bytes that decompresses, or None."""
    try:
        from compression import zstd                    # Python 3.14
    except ImportError:
        zstd = None
    if zstd is None:
        try:
            import zstandard
        except ImportError:
            return None
        return lambda data, size: zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data).read(size)
    return lambda data, size: zstd.ZstdDecompressor().decompress(data, size)


def decompressor(kind):
    """A function (data, size) -> bytes for clusters of an image, which raises CannotDecompress."""
    if kind == ZSTD:
        library = zstd_library()

        def unpack(data, size):
            if library is None:
                raise CannotDecompress("is compressed with zstd: install the Python package zstandard to read it (emu[zstd])")
            try:
                return library(data, size)
            except Exception as error:
                raise CannotDecompress(f"has a damaged compressed cluster ({error})") from None
    else:
        def unpack(data, size):
            try:
                return zlib.decompressobj(-15).decompress(data, size)
            except zlib.error as error:
                raise CannotDecompress(f"has a damaged compressed cluster ({error})") from None

    def whole(data, size):
        out = unpack(data, size)
        if len(out) != size:
            raise CannotDecompress("has a damaged compressed cluster (it is too short)")
        return out

    return whole
