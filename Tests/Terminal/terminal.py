#!/usr/bin/env python3
"""Runs a program in a terminal of its own, and types when it is asked.

    terminal.py COLUMNS [EXPECT ANSWER]... -- PROGRAM ARGUMENT...

Each ANSWER is typed once its EXPECT has appeared after the one before; `^C` and `^D` in it are the control characters.
What the program wrote goes to standard output; this ends with the program's code, 124 when it takes too long.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LONGEST = 60  # seconds


def main():
    split = sys.argv.index("--")
    columns, pairs, program = int(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1:]
    answers = [(pairs[i].encode(), typed(pairs[i + 1])) for i in range(0, len(pairs), 2)]
    pid, terminal = pty.fork()
    if pid == 0:
        # Wait for the size, which is set outside.
        while struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))[1] != columns:
            time.sleep(0.01)
        os.execvp(program[0], program)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    written, looked_at, end = b"", 0, time.monotonic() + LONGEST
    while True:
        if answers:
            place = written.find(answers[0][0], looked_at)
            if place >= 0:
                looked_at = place + len(answers[0][0])
                os.write(terminal, answers.pop(0)[1])
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            finish(written, 124)
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # The other end is closed.
            piece = b""
        if not piece:
            break
        written += piece
    finish(written, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def typed(text):
    return text.replace("^C", "\x03").replace("^D", "\x04").encode()


def finish(written, code):
    sys.stdout.buffer.write(written.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    sys.exit(code)


main()
