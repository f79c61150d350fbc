"""A PostgreSQL server on loopback: made, copied as a standby, killed, promoted."""

import os
import pathlib
import shutil
import subprocess

from processes import Wrong, run, wait_until

# PostgreSQL refuses to run as root: then it is this user.
OWNER = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
# The name by which the primary knows its standby.
STANDBY = "faults_standby"
# Little of the log is kept, so that a small disk is enough; but what is written while a standby is made, which a
# checkpoint would remove before the standby has asked for it.
SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "min_wal_size": "32MB", "max_wal_size": "64MB",
    "wal_keep_size": "64MB",
}


def program(name):
    """Debian keeps the server's programs out of PATH, one folder per version."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = str(folders[-1] / name) if folders else shutil.which(name)
    if not found or not os.access(found, os.X_OK):
        raise Wrong(f"{name} is missing (Debian: postgresql)")
    return found


class Postgres:
    """One server: its data folder and its port."""

    def __init__(self, folder, logs, name, port):
        self.home, self.port = folder / name, port
        self.data, self.log = self.home / "data", logs / f"{name}.log"
        self.url = f"postgres://postgres@127.0.0.1:{port}"

    def own_home(self):
        """Its folder belongs to the user it runs as."""
        self.home.mkdir(exist_ok=True)
        self.log.touch()
        if OWNER:
            for path in (self.home, self.log):
                shutil.chown(path, OWNER["user"], OWNER["group"])

    def run(self, name, *arguments):
        return run(program(name), *arguments, cwd=self.home, **OWNER)

    def create(self):
        self.own_home()
        how = ("--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        self.run("initdb", "--pgdata", self.data, *how)

    def copy_of(self, other):
        """The data of a server that is stopped."""
        self.own_home()
        run("cp", "-a", other.data, self.home)

    def follow(self, primary):
        """Becomes a standby of a running server."""
        self.own_home()
        shutil.rmtree(self.data, ignore_errors=True)
        source = f"{primary.url}/postgres?application_name={STANDBY}"
        how = ("--write-recovery-conf", "--checkpoint", "fast", "--wal-method", "stream", "--no-sync")
        self.run("pg_basebackup", "--dbname", source, "--pgdata", self.data, *how)

    def start(self):
        settings = " ".join(f"-c {name}={value}" for name, value in (SETTINGS | {"port": self.port}).items())
        command = ("--pgdata", self.data, "--wait", "--silent", "--timeout", "60", "--log", self.log)
        # It would keep a pipe open for ever: what it says goes to its log.
        done = subprocess.run(
            [program("pg_ctl"), *map(str, command), "--options", settings, "start"], cwd=self.home, timeout=90,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **OWNER,
        )
        if done.returncode != 0:
            raise Wrong(f"PostgreSQL does not start: {self.log.read_text()[-2000:]}")

    def stop(self, mode="fast"):
        """`immediate` is a crash: nothing is written any more, connections end at once."""
        if self.is_running():
            self.run("pg_ctl", "--pgdata", self.data, "--mode", mode, "--wait", "--silent", "stop")

    def is_running(self):
        if not (self.data / "postmaster.pid").exists():
            return False
        return subprocess.run(
            [program("pg_ctl"), "--pgdata", str(self.data), "status"], cwd=self.home, capture_output=True, **OWNER
        ).returncode == 0

    def sql(self, text, database="postgres"):
        """The rows of a statement, each a list of texts."""
        printed = run(
            program("psql"), "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator", "\t",
            "--set", "ON_ERROR_STOP=1", "--dbname", f"{self.url}/{database}", "--command", text,
        )
        return [line.split("\t") for line in printed.splitlines()]

    def wait_for_standby(self):
        """From now on every commit waits until the standby has it, too."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
        self.sql("SELECT pg_reload_conf()")
        state = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: self.sql(state), 30, "a synchronous standby")

    def forget_standby(self):
        """Commits wait for nobody any more."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.sql("SELECT pg_reload_conf()")

    def promote(self):
        """As docs/operations.md says: it must not wait for a standby that is gone."""
        self.forget_standby()
        self.run("pg_ctl", "--pgdata", self.data, "--wait", "--silent", "promote")
