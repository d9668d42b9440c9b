"""A hard disk with Debian on it, for i386: tools/build_debian_disk.py FILE [--mirror URL].

From packages only, and without root.  FILE is a raw image: a FAT partition with SYSLINUX, kernel and initial RAM disk, and an
ext4 one with the system: a kernel without PAE, System V init, a shell on COM1.  Needs mmdebstrap, fakeroot, fdisk, mtools,
dosfstools, syslinux, e2fsprogs.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

NEEDS = ("mmdebstrap", "fakeroot", "sfdisk", "mkfs.vfat", "mcopy", "syslinux", "mke2fs", "tar")
MBR = Path("/usr/lib/syslinux/mbr/mbr.bin")
PACKAGES = "linux-image-686,sysvinit-core,udev,kmod,e2fsprogs,initramfs-tools"
MIRROR, SUITE = "http://deb.debian.org/debian", "bookworm"
MIB = 1 << 20
BOOT_AT, BOOT_SIZE, ROOT_SIZE = 1 * MIB, 63 * MIB, 640 * MIB
LEAVE_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
INITRD_MODULES = "ata_piix\\nata_generic\\nsd_mod\\next4\\n"
FSTAB = "/dev/sda2 / ext4 errors=remount-ro 0 1\\n"
GETTY = "T0:23:respawn:/sbin/agetty --autologin root -L ttyS0 115200 vt100"
# What is done in the new system, whose folder is $1
HOOKS = (
    f'printf "{FSTAB}" >"$1/etc/fstab"; echo guest >"$1/etc/hostname"',
    f'echo "{GETTY}" >>"$1/etc/inittab"; sed -i "/^[1-6]:/d" "$1/etc/inittab"',
    f'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/few"; printf "{INITRD_MODULES}" >>"$1/etc/initramfs-tools/modules"',
    'chroot "$1" update-initramfs -u',
    'rm -rf "$1"/usr/lib/modules/*/kernel/drivers/gpu "$1"/usr/lib/modules/*/kernel/drivers/media "$1"/usr/lib/modules/*/kernel/sound',
)
SYSLINUX = """DEFAULT linux
SERIAL 0 115200
LABEL linux
  KERNEL vmlinuz
  INITRD initrd.img
  APPEND root=/dev/sda2 ro quiet console=tty0 console=ttyS0,115200
"""


def missing():
    """What is needed and not there."""
    path = "/usr/local/sbin:/usr/sbin:/sbin"
    return [name for name in NEEDS if not (shutil.which(name) or shutil.which(name, path=path))] + ([] if MBR.exists() else [str(MBR)])


def run(*command, **options):
    """A program, which must do well."""
    subprocess.run([str(part) for part in command], check=True, **options)


def build(target, mirror=MIRROR):
    """Make the image."""
    lack = missing()
    if lack:
        raise SystemExit(f"build_debian_disk: needs {', '.join(lack)}")
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        hooks = [f"--customize-hook={hook}" for hook in HOOKS]
        without = [f"--dpkgopt=path-exclude={path}" for path in LEAVE_OUT]
        run("mmdebstrap", "--quiet", "--architectures=i386", "--variant=minbase", f"--include={PACKAGES}", *without, *hooks, SUITE,
            folder / "root.tar", f"deb {mirror} {SUITE} main")
        boot, root, disk = folder / "boot", folder / "root", folder / "disk"
        run("tar", "-C", folder, "-xf", folder / "root.tar", "--wildcards", "./boot/*")
        # The owners of the files are those of the archive for as long as fakeroot runs
        run("fakeroot", "sh", "-ec", f"mkdir {root}; tar -C {root} -xf {folder / 'root.tar'} --exclude='./boot/*' --exclude='./dev/*'; "
            f"mke2fs -q -t ext4 -O ^metadata_csum -d {root} {folder / 'ext4'} {ROOT_SIZE // 1024}k", env={"PATH": "/usr/bin:/usr/sbin:/bin:/sbin"})
        (folder / "syslinux.cfg").write_text(SYSLINUX)
        with open(folder / "fat", "wb") as file:
            file.truncate(BOOT_SIZE)
        run("mkfs.vfat", "-F", "16", "-h", BOOT_AT // 512, folder / "fat", stdout=subprocess.DEVNULL)
        for pattern, to in (("vmlinuz-*", "vmlinuz"), ("initrd.img-*", "initrd.img")):
            run("mcopy", "-i", folder / "fat", next(boot.glob(pattern)), f"::{to}")
        run("mcopy", "-i", folder / "fat", folder / "syslinux.cfg", "::")
        run("syslinux", "--install", folder / "fat")
        with open(disk, "wb") as file:
            file.write(MBR.read_bytes())
            for part, at in ((folder / "fat", BOOT_AT), (folder / "ext4", BOOT_AT + BOOT_SIZE)):
                file.seek(at)
                with open(part, "rb") as source:
                    shutil.copyfileobj(source, file, MIB)
        table = f"start={BOOT_AT // 512} size={BOOT_SIZE // 512} type=6 bootable\nsize={ROOT_SIZE // 512} type=83\n"
        run("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk, input=table.encode(), stdout=subprocess.DEVNULL)
        disk.rename(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--mirror", default=MIRROR)
    args = parser.parse_args()
    build(args.file, args.mirror)


if __name__ == "__main__":
    main()
