"""A command in a terminal -> an SVG that plays what the terminal showed, with the times that it took."""
import argparse
import fcntl
import html
import os
import pty
import select
import shlex
import struct
import sys
import termios
import time
from collections import defaultdict
from pathlib import Path

import pyte

COLUMNS, ROWS = 112, 40
# A picture of the screen at most so often, in seconds: spinners turn faster than anybody reads.
EVERY = 0.24
# How long the last picture stays before it begins anew.
STAY = 8.0
CELL, LINE, MARGIN = 8.4, 19, 16
# The colours of the terminal, readable on its background (at least 4.5 to 1).
COLOURS = {"red": "#f48771", "green": "#7ec699", "brown": "#e5c07b", "yellow": "#e5c07b", "blue": "#7aa2f7",
           "magenta": "#c792ea", "cyan": "#56b6c2", "white": "#d4d4d4", "black": "#8a8f98", "brightblack": "#8a8f98"}
PLAIN = "#d4d4d4"


def play(command, answer):
    """Runs the command in a terminal; gives its pictures as (seconds, rows) and how it ended."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS))
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    start, pictures, shown, quiet_since = time.monotonic(), [], None, None
    while True:
        ready, _, _ = select.select([terminal], [], [], EVERY)
        now = time.monotonic() - start
        if ready:
            try:
                told = os.read(terminal, 1 << 16)
            except OSError:
                told = b""
            if not told:
                break
            stream.feed(told)
            quiet_since = now
        elif answer and screen.display[screen.cursor.y].rstrip().endswith(("]", "?", ":")) and now - quiet_since > 1:
            os.write(terminal, answer.encode() + b"\n")
            answer = None
        rows = picture(screen)
        if rows != shown and (not pictures or now - pictures[-1][0] >= EVERY):
            pictures.append((now, rows))
            shown = rows
    rows = picture(screen)
    if rows != shown:
        pictures.append((time.monotonic() - start, rows))
    return pictures, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def picture(screen):
    """The screen as a tuple of rows, each a tuple of (column, text, colour, is bold)."""
    return tuple(row(screen.buffer[line]) for line in range(screen.lines))


def row(cells):
    runs = []
    for column in range(COLUMNS):
        cell = cells[column]
        style = (COLOURS.get(cell.fg, PLAIN if cell.fg == "default" else f"#{cell.fg}"), cell.bold)
        if runs and runs[-1][2:] == style and runs[-1][0] + len(runs[-1][1]) == column:
            runs[-1] = (runs[-1][0], runs[-1][1] + cell.data, *style)
        else:
            runs.append((column, cell.data, *style))
    return tuple(run for run in runs if run[1].strip())


def spans(pictures, total):
    """Each different row, by its line, with the times at which it comes and goes."""
    found, open_rows = defaultdict(list), {}
    for when, rows in [*pictures, (total, ())]:
        for line in range(ROWS):
            now = rows[line] if line < len(rows) else ()
            since, before = open_rows.get(line, (0.0, ()))
            if now != before:
                if before:
                    found[line, before].append((since, when))
                open_rows[line] = (when, now)
    return found


def drawn(line, runs, times, total):
    y = MARGIN + 2 * LINE + (line + 1) * LINE - 5
    text = "".join(
        f'<tspan x="{MARGIN + column * CELL:.1f}" textLength="{len(part.rstrip()) * CELL:.1f}"'
        f'{"" if colour == PLAIN else f""" fill="{colour}" """.rstrip()}{" font-weight=" + chr(34) + "600" + chr(34) if bold else ""}>'
        f"{html.escape(part.rstrip())}</tspan>" for column, part, colour, bold in indented(runs))
    keys, values = ["0"], ["hidden"]
    for begins, ends in times:
        keys.append(f"{begins / total:.4f}")
        values.append("visible")
        if ends < total:
            keys.append(f"{ends / total:.4f}")
            values.append("hidden")
    # What does not move sees the end.
    last = "" if times[-1][1] >= total else ' visibility="hidden"'
    return (f'<g{last}><animate attributeName="visibility" calcMode="discrete" dur="{total:.2f}s" repeatCount="indefinite" '
            f'keyTimes="{";".join(keys)}" values="{";".join(values)}"/><text y="{y}" xml:space="preserve">{text}</text></g>')


def indented(runs):
    for column, part, colour, bold in runs:
        stripped = part.lstrip()
        yield column + len(part) - len(stripped), stripped, colour, bold


def svg(words, pictures, seconds):
    total = pictures[-1][0] + STAY
    used = 1 + max((line for _, rows in pictures for line, runs in enumerate(rows) if runs), default=0)
    width, height = MARGIN * 2 + COLUMNS * CELL, MARGIN * 2 + LINE * (used + 2)
    lines = [drawn(line, runs, times, total) for (line, runs), times in sorted(spans(pictures, total).items())]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{html.escape(words)}, recorded</title>',
        f'<desc id="d">A recording of {html.escape(words)} in a terminal; it took {seconds:.0f} seconds.</desc>',
        '<rect width="100%" height="100%" rx="8" fill="#1e1f24"/>',
        f"""<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="{PLAIN}">""",
        f'<text x="{MARGIN}" y="{MARGIN + LINE - 5}"><tspan fill="#8a8f98">$ </tspan>{html.escape(words)}</text>',
        *lines, "</g>", "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--answer", help="typed where the command asks")
    parser.add_argument("--as", dest="words", help="how the picture says the command")
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    start = time.monotonic()
    pictures, code = play(asked.command, asked.answer)
    seconds = time.monotonic() - start
    asked.out.write_text(svg(asked.words or shlex.join(asked.command), pictures, seconds), encoding="utf-8")
    print(f"{asked.out}: {seconds:.1f} s, {len(pictures)} pictures, {asked.out.stat().st_size // 1024} KiB")
    if code != 0:
        sys.exit(f"the command ended with {code}")


main()
