"""A machine as the Viewer sees it: a VGA rig and a log of what came in."""
from vga_rig import Rig


class FakeMachine:
    def __init__(self):
        self.rig = Rig(0x13)
        self.vga, self.vram, self.vram_dirty = self.rig.vga, memoryview(self.rig.vram), self.rig.dirty
        self.log = []
        self.paused = False

    def key(self, usage, pressed):
        self.log.append(("key", usage, pressed))

    def mouse_move(self, dx, dy, wheel):
        self.log.append(("move", dx, dy, wheel))

    def mouse_buttons(self, mask):
        self.log.append(("buttons", mask))

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
