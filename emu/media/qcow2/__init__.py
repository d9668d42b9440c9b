"""qcow2 disk images, versions 2 and 3."""

from .create import allocate_all, create
from .image import Qcow2Image
from .snapshots import read_snapshots

__all__ = ["Qcow2Image", "allocate_all", "create", "read_snapshots"]
