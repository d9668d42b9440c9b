"""emu run: options, script steps on a machine that only pretends, exit codes."""

import json
import os
import signal
import subprocess
import sys

import pytest

from emu.cli import run, run_options
from emu.cli.main import main
from emu.cli.parsing import UsageError
from emu.cli.script import Script, unescape
from emu.machine import config as cfg


class FakeMachine:
    """Guest time in slices of 10 ms; ``plan`` maps a slice's number to what happens then."""

    engine_name = "fake"

    def __init__(self, plan=(), typing=3):
        self.plan = dict(plan)
        self.slices = 0
        self.rows, self.com1 = [" " * 80] * 25, ""
        self.ended, self.exit_value = None, 0
        self.typed, self._keys, self._typing = [], 0, typing
        self.closed = False
        self.config = None

    guest_seconds = property(lambda self: self.slices / 100)
    instructions = property(lambda self: self.slices * 1000)
    typing_done = property(lambda self: self._keys == 0)

    def step_slice(self):
        assert self.ended is None, "a machine that has ended is not run"
        self.slices += 1
        assert self.slices < 100_000, "the run does not end"
        self._keys = max(0, self._keys - 1)
        happens = self.plan.get(self.slices)
        if happens is not None:
            happens(self)

    def screen_text(self):
        return list(self.rows)

    watched_text = screen_text

    def serial_find(self, text, start=0):
        return self.com1.find(text, start)

    def type(self, text):
        self.typed.append((self.slices, text))
        self._keys = self._typing

    def finish_output(self):
        pass

    def screenshot(self):
        return self

    def save(self, path):
        with open(path, "wb") as file:
            file.write(b"png")

    def close(self):
        self.closed = True


def shows(text, row=0):
    def happens(machine):
        machine.rows[row] = text.ljust(80)
    return happens


def prints(text):
    def happens(machine):
        machine.com1 += text
    return happens


def ends(how, value=0):
    def happens(machine):
        machine.ended, machine.exit_value = how, value
    return happens


def both(*all):
    return lambda machine: [one(machine) for one in all]


@pytest.fixture
def image(tmp_path, monkeypatch):
    """A floppy image to name, with firmware that is there."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for name, size in (("bios.bin", 65536), ("vgabios.bin", 32768)):
        (tmp_path / name).write_bytes(bytes(size))
    monkeypatch.setattr(cfg, "_BIOS", tmp_path / "bios.bin")
    monkeypatch.setattr(cfg, "_VGA_BIOS", tmp_path / "vgabios.bin")
    path = tmp_path / "floppy"
    path.write_bytes(bytes(737280))
    return str(path)


@pytest.fixture
def emu_run(image):
    def go(plan, *options, typing=3):
        machine = FakeMachine(plan, typing)

        def make(config):
            machine.config = config
            return machine
        code = run.main([image, "--display", "none", *options], make)
        assert machine.closed
        return code, machine
    return go


def test_until_on_screen_and_on_com1(emu_run):
    code, machine = emu_run({5: shows("boot: ready")}, "--until", "ready")
    assert (code, machine.slices) == (0, 5)
    code, machine = emu_run({5: prints("x rea"), 7: prints("dy")}, "--until", "ready")
    assert (code, machine.slices) == (0, 7)


def test_until_wrapped_at_the_edge(emu_run):
    plan = {2: both(shows("rea".rjust(80)), shows("dy", 1))}
    assert emu_run(plan, "--until", "ready", "--timeout", "5")[0] == 0


def test_steps_go_in_order(emu_run):
    plan = {2: shows("password:", 3), 5: shows("login:"), 40: prints("# ")}
    code, machine = emu_run(plan, "--wait", "login:", "--type", r"root\n", "--wait", "password:",
                            "--wait-seconds", "0.2", "--type", r"live\t{f12}\e", "--until", "# ")
    assert code == 0
    assert machine.typed == [(5, "root\n"), (28, "live\t{f12}\x1b")]
    assert machine.slices == 40


def test_a_type_waits_until_the_one_before_is_through(emu_run):
    code, machine = emu_run({}, "--type", "a", "--type", "b", "--until", "", typing=7)
    assert (code, machine.typed, machine.slices) == (0, [(0, "a"), (7, "b")], 14)


def test_empty_until_stops_at_once_when_all_is_done(emu_run):
    code, machine = emu_run({}, "--wait-seconds", "1", "--until", "")
    assert (code, machine.slices) == (0, 100)
    assert emu_run({}, "--until", "")[1].slices == 0


def test_a_prompt_on_com1_must_come_again():
    script = Script([("wait", "# "), ("type", "one\n"), ("wait", "# ")], "")
    machine = FakeMachine({1: prints("# "), 6: prints("one\r\n# ")}, typing=1)
    while not script.advance(machine):
        machine.step_slice()
    assert machine.slices == 6


def test_what_was_printed_before_the_wait_began_counts():
    script = Script([("wait-seconds", 1)], "early")
    machine = FakeMachine({1: prints("early")})
    while not script.advance(machine):
        machine.step_slice()
    assert machine.slices == 100


def test_texts_are_looked_for_at_fixed_points_only():
    script = Script([], "x")
    machine = FakeMachine()
    type(machine).now = 0.0
    assert not script.advance(machine)
    machine.com1 = "x"
    assert not script.advance(machine)          # guest time has not moved
    machine.slices = 1
    assert script.advance(machine)


@pytest.mark.parametrize("plan, options, code", [
    ({3: ends("poweroff")}, (), 0),
    ({3: ends("poweroff")}, ("--until", "x"), 4),
    ({3: ends("poweroff")}, ("--wait", "x"), 4),
    ({3: ends("poweroff")}, ("--wait-seconds", "9"), 4),
    ({3: both(prints("x"), ends("poweroff"))}, ("--until", "x"), 0),
    ({3: both(prints("x"), ends("poweroff"))}, ("--wait", "x"), 0),
    ({3: both(prints("x y"), ends("poweroff"))}, ("--wait", "x", "--until", "y"), 0),
    ({3: ends("window")}, ("--until", "x"), 0),
    ({3: ends("triple-fault")}, ("--no-reboot",), 4),
    ({3: ends("reset")}, ("--no-reboot",), 4),
    ({3: ends("halt")}, (), 4),
    ({3: ends("debug-exit", 5)}, ("--debug-exit",), 69),
    ({3: ends("debug-exit", 0xFF)}, ("--debug-exit", "--until", "x"), 127),
    ({3: ends("debug-exit", 0)}, ("--debug-exit",), 64),
])
def test_exit_codes(emu_run, plan, options, code):
    assert emu_run(plan, *options)[0] == code


def test_timeout(emu_run, capsys):
    assert emu_run({}, "--wait", "never", "--timeout", "0.05")[0] == 3
    assert capsys.readouterr().err == "emu run: timeout at --wait never\n"


def test_a_bug_is_exit_code_1_and_has_a_report(emu_run, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def bug(machine):
        raise KeyError("broken")
    shot = tmp_path / "shot.png"
    code, machine = emu_run({3: bug}, "--screenshot", str(shot), "--stats")
    assert code == 1 and shot.read_bytes() == b"png"
    err = capsys.readouterr().err.splitlines()
    report = err[0].rsplit(" ", 1)[1]
    assert "bug in the emulator" in err[0]
    with open(report) as file:
        assert "KeyError" in file.read()
    assert json.loads(err[-1])["exit"] == 1


def test_screenshot_text_and_stats_at_the_end(emu_run, capsys, tmp_path):
    shot = tmp_path / "shot.png"
    code, _ = emu_run({3: both(shows("hello", 2), ends("halt"))}, "--screenshot", str(shot), "--dump-text", "--stats")
    assert code == 4 and shot.read_bytes() == b"png"
    out = capsys.readouterr()
    assert out.out.splitlines()[2] == "hello" and len(out.out.splitlines()) == 25
    stats = json.loads(out.err.splitlines()[-1])
    assert set(stats) == {"instructions", "host_seconds", "guest_seconds", "mips", "engine", "exit"}
    assert (stats["instructions"], stats["guest_seconds"], stats["engine"], stats["exit"]) == (3000, 0.03, "fake", 4)


def test_a_file_that_the_machine_cannot_open_is_exit_code_2(image, capsys):
    def make(config):
        open("/nonexistent/serial", "w")
    assert run.main([image, "--display", "none"], make) == 2
    assert capsys.readouterr().err == "emu run: /nonexistent/serial: No such file or directory\n"


def test_ctrl_c_ends_the_run_and_restores_the_handler(emu_run):
    before = signal.getsignal(signal.SIGINT)
    code, machine = emu_run({3: lambda m: os.kill(os.getpid(), signal.SIGINT)}, "--until", "x")
    assert code == 130 and machine.slices == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_window_closed(emu_run, monkeypatch):
    import types

    class Viewer:
        def __init__(self, machine):
            self.machine, self.closed = machine, False

        def poll(self):
            self.closed = self.machine.slices == 4
    monkeypatch.setitem(sys.modules, "emu.display.window", types.SimpleNamespace(Viewer=Viewer))
    code, machine = emu_run({}, "--display", "window", "--until", "x")
    assert (code, machine.slices) == (0, 4)
    assert machine.config.wanted_clock() == "host"


@pytest.mark.parametrize("was_shown, asked, code, slices", [
    (False, (), 0, 9), (False, ("--display", "window"), 2, 4), (True, (), 0, 4), (True, ("--display", "window"), 0, 4)])
def test_window_that_fails(image, monkeypatch, was_shown, asked, code, slices):
    """One that never came up, and one whose display went away."""
    import types

    class Viewer:
        failed = closed = False
        shown = was_shown

        def __init__(self, machine):
            self.machine = machine

        def close(self):
            pass

        def poll(self):
            self.failed = self.closed = self.machine.slices >= 4
    monkeypatch.setitem(sys.modules, "emu.display.window", types.SimpleNamespace(Viewer=Viewer))
    monkeypatch.setenv("DISPLAY", ":99")
    machine = FakeMachine({9: ends("poweroff")})
    assert run.main([image, *asked], lambda config: machine) == code
    assert machine.slices == slices


def test_configuration(emu_run, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    plan = {1: ends("poweroff")}
    _, machine = emu_run(plan, "--disk", str(disk), "--memory", "64M", "--no-apic", "--no-vmware", "--serial", "null")
    config = machine.config
    assert config.memory == 64 << 20 and config.no_apic and config.no_vmware and not config.no_acpi
    assert config.boot_order == ["floppy", "cdrom", "disk"]
    assert [f.keep_writes for f in config.floppies] == [False]          # the IMAGE is never written
    assert config.disk_keeps_writes(config.disks[0])
    assert (config.net, config.nic, config.wanted_clock()) == ("user", "ne2k_pci", "virtual")
    _, machine = emu_run(plan, "--disk", str(disk), "--snapshot", "--boot", "disk", "--clock", "host")
    assert machine.config.boot_order[0] == "disk" and not machine.config.disk_keeps_writes(machine.config.disks[0])
    assert machine.config.wanted_clock() == "host"


@pytest.mark.parametrize("options", [
    ("--bogus",), ("--unti", "x"), ("--wait",), ("--timeout", "x"), ("--timeout", "-1"), ("--wait-seconds", "nan"),
    ("--memory", "5"), ("--memory", "4G"), ("--memory", "lots"), ("--boot", "cdrom"), ("--boot", "net"), ("--nic", "e1000"), ("--net", "tap"),
    ("--net", "switch=../a"), ("--net", "switch="), ("--nic", "ne2k_pci,mac=01:00:00:00:00:00"), ("--forward", "tcp:[::1:80:80"),
    ("--forward", "tcp:80"), ("--forward", "tcp::70000:80"), ("--pcap", "/nonexistent/x"), ("--pcap", "/"),
    ("--engine", "fast"), ("--display", "holo"), ("--initrd", "/dev/null"), ("--append", "x"),
    ("--disk", "/nonexistent"), ("--floppy", "/"), ("--cdrom", "/dev/null"), ("--kernel", "/etc/hostname"),
    ("--screenshot", "/nonexistent/x.png"), ("--screenshot", "/"), ("--bios", "/nonexistent"), ("--bios", "/etc/hostname"),
    ("--serial", "/nonexistent/x"), ("--sound", "window"), ("--sound", "x.mp3"), ("--sound", "/nonexistent/x.wav"), ("--midi", "/"),
    ("another-image",), ("--type", "{nokey}"), ("--type", r"\q"), ("--type", "{f1")], ids=" ".join)
def test_wrong_command_lines_are_one_line_and_2(image, capsys, options):
    assert main(["run", image, *(("--display", "none") if "--display" not in options else ()), *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("emu run: ") and err.count("\n") == 1
    assert "Traceback" not in err and "internal" not in err


def test_wrong_images(image, capsys, tmp_path):
    bad = tmp_path / "text"
    bad.write_text("words\n")
    for path, what in ((bad, "it is a text file"), (tmp_path / "absent", "no such file"), (tmp_path, "is a directory")):
        assert main(["run", str(path)]) == 2
        assert capsys.readouterr().err == f"emu run: {path}: " + capsys_tail(path, what) + "\n"


def capsys_tail(path, what):
    return {"it is a text file": "is not an ISO, floppy or disk image: it is a text file",
            "is a directory": "is a directory, not an image"}.get(what, what)


def test_a_cd_that_cannot_boot(image, tmp_path, capsys):
    iso = bytearray(20 * 2048)
    iso[16 * 2048:16 * 2048 + 7] = b"\x01CD001\x01"
    iso[16 * 2048 + 80] = 20
    iso[17 * 2048:17 * 2048 + 7] = b"\xffCD001\x01"
    path = tmp_path / "data.iso"
    path.write_bytes(iso)
    assert main(["run", "--display", "none", str(path)]) == 2
    assert f"{path}: is an ISO image without a boot record" in capsys.readouterr().err
    # beside something else that boots it is a data CD
    args = run_options.parser().parse_args([image, "--cdrom", str(path), "--display", "none"])
    assert run_options.configure(args).cdrom == str(path)


def test_unescape():
    assert unescape(r"a\n\t\e\\n{f12}{{") == "a\n\t\x1b{\\}n{f12}{{"


@pytest.mark.parametrize("text", ["linux text\\n", r"C:\\DOS\t\e\b{ctrl-alt-delete}{{A}", "plain"])
def test_unescaped_text_is_the_same_keys(text):
    from emu.machine.keys import chords
    assert chords(unescape(text), escapes=False) == chords(unescape(text), escapes=True) == chords(text)


def test_commands(capsys):
    for argv, code in (([], 2), (["bogus"], 2), (["disk"], 2), (["bench", "--row", "nothing"], 2), (["--help"], 0), (["--version"], 0),
                       (["run", "--help"], 0), (["cpu-test", "--help"], 0), (["cpu-test", "--limit", "0"], 2),
                       (["lockstep", "--bogus"], 2)):
        assert main(argv) == code, argv
        out, err = capsys.readouterr()
        assert (err.count("\n"), out == "") == ((0, False) if code == 0 else (1, True)), argv


def test_the_command_line_loads_nothing_heavy():
    code = "import sys; from emu.cli.main import main; main(['run', '/nonexistent']); " \
           "sys.exit(any(m in sys.modules for m in ('numpy', 'pygame', 'PIL', 'cffi')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_runners_are_called(monkeypatch):
    from emu.suites import runner
    seen = []
    monkeypatch.setattr(runner, "main", lambda args: seen.append(args) or runner.FAILED)
    assert main(["cpu-test", "--suite", "a", "--suite", "b", "--filter", "ADD", "--limit", "9", "--json"]) == 1
    args = seen[0]
    assert vars(args) == {"suite": ["a", "b"], "filter": "ADD", "limit": 9, "jobs": None, "json": True, "engine": None,
                          "lockstep": False, "cpu": None, "timeout": None, "junit": None, "seed": None}


def test_usage_error_is_not_a_crash():
    with pytest.raises(UsageError):
        run_options.parser().parse_args(["--cpu", "z80"])
