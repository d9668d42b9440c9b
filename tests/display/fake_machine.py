"""A machine as the Viewer sees it: a VGA rig and a log of what came in."""
from emu.media.errors import MediaError
from vga_rig import Rig


class FakeMachine:
    def __init__(self):
        self.rig = Rig(0x13)
        self.vga, self.vram, self.vram_dirty = self.rig.vga, memoryview(self.rig.vram), self.rig.dirty
        self.log = []
        self.paused = self.pointer_absolute = self.typing = self.mouse_heard = False
        self.instructions = self.guest_ns = self.lock_lights = 0
        self.fitted = {"cdrom", "floppy", "power_button"}
        self.inside = {"cdrom": None, "floppy": None}
        self.locked = False

    def key(self, usage, pressed):
        self.log.append(("key", usage, pressed))

    def mouse_move(self, dx, dy, wheel):
        self.log.append(("move", dx, dy, wheel))

    def mouse_buttons(self, mask):
        self.log.append(("buttons", mask))

    def pointer(self, x, y, buttons, wheel):
        self.log.append(("pointer", x, y, buttons, wheel))

    def paste(self, text):
        self.log.append(("paste", text))
        return text.count("ä")

    def stop_typing(self):
        self.log.append("stop typing")

    def screen_text(self):
        return ["first  ", "second ", "       "]

    def media(self):
        return dict(self.inside)

    def activity(self):
        return {"cdrom": 3}

    def insert(self, path):
        raise MediaError(path, "is no image")

    def insert_cdrom(self, path):
        self.inside["cdrom"] = path
        return "cdrom"

    def insert_floppy(self, path):
        self.inside["floppy"] = path
        return "floppy"

    def eject_cdrom(self, force):
        self.log.append(("eject", force))
        if self.locked and not force:
            return False
        self.inside["cdrom"] = None
        return True

    def eject_floppy(self):
        self.inside["floppy"] = None

    def pause(self):
        self.paused = True
        self.log.append("pause")

    def resume(self):
        self.paused = False
        self.log.append("resume")

    def reset(self):
        self.log.append("reset")

    def press_power_button(self):
        self.log.append("power button")

    def power_off(self):
        self.log.append("power off")
