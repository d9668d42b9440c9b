"""Ctrl+C and SIGTERM end everything at once, whatever the guest is at, and put the terminal back."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import termios
import time

import guests
import pytest
from guests import LOOPS, environment, rom, start, stop, wait_until

PROMPT = 2.0            # seconds from the signal to the end of the process, on a busy host


@pytest.fixture
def vga_rom(tmp_path):
    path = tmp_path / "vga.rom"
    path.write_bytes(b"\x55\xaa\x01\xcb" + bytes(508))
    return path


@pytest.fixture
def run(tmp_path, vga_rom):
    """``run(code, options…)``: a run of a guest of a few instructions, in its loop."""
    started = []

    def go(code, *options):
        bios, com1, floppy = tmp_path / "bios.rom", tmp_path / "com1", tmp_path / "floppy"
        bios.write_bytes(rom(code))
        floppy.write_bytes(bytes(1474560))
        com1.unlink(missing_ok=True)
        process = start("run", floppy, "--bios", bios, "--vga-bios", vga_rom, "--display", "none", "--serial", com1, "--memory", "4M", "--no-apic",
                        *options)
        started.append(process)
        wait_until(lambda: com1.exists() and com1.read_bytes()[:1] == b"R" or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.2)
        return process
    yield go
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.native
@pytest.mark.parametrize("name", LOOPS)
def test_in_any_loop(run, name):
    code, took, err = stop(run(LOOPS[name], "--engine", "native"))
    assert (code, err) == (130, "") and took < PROMPT


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_on_the_python_engine(run, name):
    code, took, err = stop(run(LOOPS[name], "--engine", "python"))
    assert (code, err) == (130, "") and took < PROMPT


def test_in_host_time(run):
    code, took, err = stop(run(LOOPS["a halt with interrupts"], "--clock", "host"))
    assert (code, err) == (130, "") and took < PROMPT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_written_at_the_end_is_written(run, tmp_path, number):
    shot = tmp_path / "shot.png"
    process = run(LOOPS["a tight loop"], "--screenshot", shot, "--stats")
    code, took, err = stop(process, number)
    assert code == 128 + number and took < PROMPT + 1
    assert shot.read_bytes().startswith(b"\x89PNG") and f'"exit": {128 + number}' in err


def test_while_it_starts(tmp_path):
    """During the imports and the assembly of the machine: the end comes by a signal or an exit code, without a traceback."""
    for wait in (0.15, 0.4):
        process = start("run", "--display", "none", "--engine", "python", "--memory", "64M")
        time.sleep(wait)
        code, took, err = stop(process)
        assert code in (130, -signal.SIGINT) and took < PROMPT + 3, (wait, err)
        assert "Traceback" not in err or wait < 0.3, err        # the interpreter itself was still starting


def test_the_firmware(firmware, tmp_path):
    process = start("run", "--display", "none", "--boot", "floppy", "--floppy", _floppy(tmp_path))
    time.sleep(1.5)
    code, took, err = stop(process)
    assert (code, err) == (130, "") and took < PROMPT


def _floppy(tmp_path):
    path = tmp_path / "empty.img"
    path.write_bytes(bytes(1474560))
    return path


def test_a_terminal_that_nobody_reads(tmp_path, vga_rom):
    """Output to a full pipe does not hold up the end."""
    bios = tmp_path / "bios.rom"
    bios.write_bytes(rom(b"\xba\xf8\x03\xee\xeb\xfd"))          # floods COM1
    process = start("run", _floppy(tmp_path), "--bios", bios, "--vga-bios", vga_rom, "--display", "none", "--serial", "stdio")
    time.sleep(2)
    began = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(20) == 130 and time.monotonic() - began < PROMPT + 1
    process.communicate()


def test_a_reader_that_goes_away(tmp_path, vga_rom):
    bios = tmp_path / "bios.rom"
    bios.write_bytes(rom(b"\xba\xf8\x03\xee\xeb\xfd"))
    process = start("run", _floppy(tmp_path), "--bios", bios, "--vga-bios", vga_rom, "--display", "none", "--serial", "stdio")
    assert process.stdout.read(1) == b"R"
    process.stdout.close()
    assert process.wait(20) == 128 + signal.SIGPIPE
    assert process.stderr.read() == b""


@pytest.mark.parametrize("options", [("--version",), ("run", "--display", "none", "--until", "", "--dump-text", "--floppy")])
def test_standard_output_that_nobody_reads(options, firmware, tmp_path):
    options += (_floppy(tmp_path),) if options[0] == "run" else ()
    read, write = os.pipe()
    os.close(read)
    process = start(*options, stdout=write)
    os.close(write)
    _out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_put_back(tmp_path, vga_rom, number):
    bios = tmp_path / "bios.rom"
    bios.write_bytes(rom(LOOPS["a tight loop"]))
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen([*guests.EMU, "run", str(_floppy(tmp_path)), "--bios", str(bios), "--vga-bios", str(vga_rom), "--display", "none",
                                "--serial", "stdio"], stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=environment(), start_new_session=True)
    try:
        shown = b""
        while b"R" not in shown:
            assert select.select([master], [], [], 60)[0] and process.poll() is None
            shown += os.read(master, 100)
        assert termios.tcgetattr(slave) != before
        code, took, err = stop(process, number)
        assert (code, err) == (128 + number, "") and took < PROMPT
        assert termios.tcgetattr(slave) == before
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        os.close(master)
        os.close(slave)


@pytest.mark.native
@pytest.mark.parametrize("number, group", [(signal.SIGINT, True), (signal.SIGTERM, False)], ids=["Ctrl+C", "SIGTERM"])
def test_the_instruction_tests(number, group):
    from emu.suites.runner import data_folder
    if not (data_folder() / "cpu-vectors").is_dir():
        pytest.skip("no instruction vectors")
    process = start("cpu-test", "--engine", "python", "--jobs", "2")
    time.sleep(3)
    code, took, err = stop(process, number, group)
    assert code == 128 + number and took < PROMPT and "Traceback" not in err, err
    with pytest.raises(ProcessLookupError):                     # and no worker is left behind
        for _ in range(50):
            os.killpg(process.pid, 0)
            time.sleep(0.1)


@pytest.mark.native
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_lockstep(number, firmware, tmp_path):
    process = start("lockstep", _floppy(tmp_path), "--every", "100000000", "--instructions", "3000000")
    time.sleep(2.5)
    code, took, err = stop(process, number)
    assert code == 128 + number and took < PROMPT and "Traceback" not in err, err


@pytest.mark.parametrize("group", [pytest.param(False, marks=pytest.mark.slow), True], ids=["the command", "its whole group"])
def test_with_a_window(run, group, monkeypatch):
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb")
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-noreset"], pass_fds=(write,), stderr=subprocess.DEVNULL)
    try:
        os.close(write)
        number = os.read(read, 20).decode().strip()
        env = environment(DISPLAY=f":{number}")
        monkeypatch.setattr(guests, "environment", lambda **more: env)
        process = run(LOOPS["a tight loop"], "--display", "window")
        time.sleep(1)
        code, took, err = stop(process, group=group)
        assert (code, err) == (130, "") and took < PROMPT + 1
    finally:
        server.terminate()
        server.wait()
        os.close(read)


@pytest.mark.parametrize("engine", [pytest.param("python", marks=pytest.mark.slow), pytest.param("native", marks=pytest.mark.native)])
def test_from_python(engine, tmp_path, vga_rom):
    """KeyboardInterrupt reaches a script, and the machine can go on."""
    bios = tmp_path / "bios.rom"
    bios.write_bytes(rom(LOOPS["a tight loop"]))
    script = f"""
import os, signal, threading, time
from emu import Machine
with Machine(bios={str(bios)!r}, vga_bios={str(vga_rom)!r}, memory="4M", engine={engine!r}) as pc:
    for run in (lambda: pc.run_for(1e6), lambda: pc.step(1 << 40)):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        try:
            run()
        except KeyboardInterrupt:
            print(time.monotonic() - began < {0.5 + PROMPT}, pc.ended)
        pc.step(10)
"""
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True None\n" * 2, "")
