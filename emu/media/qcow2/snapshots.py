"""The table of internal snapshots of a qcow2 image: read only, and kept as it is."""

from dataclasses import dataclass

from ..errors import MediaError

_FIXED = 40


@dataclass(frozen=True)
class Snapshot:
    """One snapshot: its names, and where its L1 table is."""

    id: str
    name: str
    l1_at: int
    l1_entries: int


def read_snapshots(file, header):
    """(snapshots, end of their table).  Raises MediaError for a table that cannot be."""
    out, at, room = [], header.snapshots_at, file.length
    for n in range(header.snapshots):
        fixed = file.read(at, _FIXED)
        l1_at, entries = int.from_bytes(fixed[:8], "big"), int.from_bytes(fixed[8:12], "big")
        id_size, name_size, extra = (int.from_bytes(fixed[a:b], "big") for a, b in ((12, 14), (14, 16), (36, 40)))
        names = at + _FIXED + extra
        at = names + id_size + name_size
        at += -at % 8
        room -= entries * 8             # their tables lie beside each other
        if l1_at % header.cluster or l1_at + entries * 8 > file.length or room < 0 or at > -(-file.length // 8) * 8:
            raise MediaError(file.path, f"is a damaged qcow2 image: snapshot {n + 1} lies outside the file")
        text = file.read(names, id_size + name_size)
        out.append(Snapshot(text[:id_size].decode("utf-8", "replace"), text[id_size:].decode("utf-8", "replace"), l1_at, entries))
    return out, at
