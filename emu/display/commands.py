"""What the window can do: one list, from which come the toolbar, the menu and the keys (Ctrl+Alt and a letter)."""
from dataclasses import dataclass

from . import link

# USB HID usages, which is what pygame calls scan codes
HID_LEFT_CTRL, HID_LEFT_ALT, HID_RIGHT_CTRL = 0xE0, 0xE2, 0xE4
HID_DELETE = 0x4C


def hid(character):
    """The usage of a letter or of a digit 1 to 9."""
    return 0x04 + ord(character) - ord("A") if character >= "A" else 0x1E + ord(character) - ord("1")


@dataclass(frozen=True)
class Command:
    """``name`` is also the name of the Window's method.  ``importance`` says what a narrow toolbar leaves to the menu first
    (0: it is in the menu only); ``group`` separates buttons, and those of the last group stand at the right."""

    name: str
    icon: str
    label: str
    tip: str
    key: str = ""
    group: int = 0
    importance: int = 0
    labelled: bool = False  # its button has room for the word
    needs: int = 0  # a bit of link.STATE that the machine must have

    @property
    def shortcut(self):
        """For people."""
        return f"Ctrl+Alt+{self.key}" if self.key else ""


RIGHT = 9
COMMANDS = (
    Command("pause", "pause", "Pause", "Let the machine stand still", "P", 0, 9, True),
    Command("power_button", "shutdown", "Shutdown", "Press the power button, so that the guest shuts itself down", "B", 1, 9, True,
            needs=link.HAS_POWER_BUTTON),
    Command("reset", "reset", "Reset", "Reset the machine at once", "R", 1, 8),
    Command("power_off", "power_off", "Power off", "Pull the plug", "Q", 1, 8),
    Command("ctrl_alt_delete", "keys", "Send Ctrl+Alt+Del", "Type Ctrl+Alt+Del in the guest", "D", 2, 5),
    Command("choose_cd", "cd", "CD", "Insert or eject a CD", "O", 3, 7, needs=link.HAS_CD),
    Command("choose_floppy", "floppy", "Floppy", "Insert or eject a floppy disk", "L", 3, 7, needs=link.HAS_FLOPPY),
    Command("paste", "paste", "Paste as keys", "Type the clipboard's text in the guest", "V", 4, 3),
    Command("copy_text", "copy", "Copy the text screen", "Copy the text on the guest's screen", "C", 4, 2),
    Command("screenshot", "camera", "Screenshot", "Save the picture as a PNG file", "S", 4, 4),
    Command("mute", "sound", "Mute", "Sound off", "U", RIGHT, 6, needs=link.HAS_SOUND),
    Command("scaling", "crisp", "Smooth scaling", "Fill the window smoothly, or show whole pixels", "Z", RIGHT, 3),
    Command("full_screen", "full_screen", "Full screen", "Use the whole screen", "F", RIGHT, 7),
    Command("grab", "mouse", "Capture the mouse", "Give the mouse to the guest, or take it back", "G"),
    Command("actual_size", "window", "Actual size", "Window of the guest's size", "1"),
    Command("double_size", "window", "Double size", "Window of twice the guest's size", "2"),
    Command("toggle_bars", "menu", "Toolbar on or off", "Show or hide toolbar and status line", "T"),
    Command("menu", "menu", "Menu", "All commands and their keys", "M", RIGHT, 10),
)
BY_KEY = {hid(command.key): command for command in COMMANDS}
