"""Programs that run beside the test, and waiting for what they do."""

import os
import pathlib
import signal
import subprocess
import time

PULSE = 0.02
# What `bound` sets: nothing is awaited any longer.
latest = float("inf")


class Wrong(Exception):
    """Why a scenario cannot go on."""


def bound(seconds):
    """All waiting ends within this time from now."""
    global latest
    latest = time.monotonic() + seconds


def wait_until(condition, seconds, what):
    """What the condition gives, once that is true."""
    end = min(time.monotonic() + seconds, latest)
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Wrong(f"{what}: not within {seconds} s, or the time of all is over")
        time.sleep(PULSE)


def run(*command, **options):
    """What a program prints; Wrong with its words if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)
    if done.returncode != 0:
        raise Wrong(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Program:
    """A program that prints a line when it is ready, and keeps what it prints in a folder of logs."""

    def __init__(self, logs, name, command, ready, environment=None):
        self.logs, self.name, self.ready = logs, name, ready
        self.command, self.environment = [str(word) for word in command], environment or {}
        self.child, self.starts = None, 0

    def start(self, seconds=30):
        """Starts it and waits until it is ready; what it printed so far."""
        self.starts += 1
        said = self.logs / f"{self.name}-{self.starts}.out"
        with said.open("w") as out, self.complaints().open("w") as errors:
            environment = os.environ | self.environment
            self.child = subprocess.Popen(self.command, stdout=out, stderr=errors, env=environment)
        wait_until(lambda: self.is_ready(said), seconds, f"the start of {self.name}")
        return said.read_text()

    def complaints(self):
        """Its log since the last start."""
        return self.logs / f"{self.name}-{self.starts}.log"

    def is_ready(self, said):
        if self.child.poll() is not None:
            raise Wrong(f"{self.name} ended with {self.child.returncode} before it was ready")
        return f"{self.ready}\n" in said.read_text()

    def kill(self):
        self.end(signal.SIGKILL)

    def stop(self):
        self.end(signal.SIGTERM)

    def end(self, how):
        if self.child and self.child.poll() is None:
            self.child.send_signal(how)
            self.child.wait(timeout=60)

    def hold(self):
        """It stops answering, but its connections stay."""
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)
