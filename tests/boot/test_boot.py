"""The packages on a host of their own: a Debian that boots with systemd, in an emulator.

BOOT_FOLDER has disk.img, vmlinuz and initrd, as make-disk leaves them. Each test leaves the machine as it
found it: store and daemon run, and the daemon is live.
"""
import os
import pathlib
import shutil
import tempfile
import unittest

from machine import Machine

FOLDER = pathlib.Path(os.environ.get("BOOT_FOLDER", "build/boot"))
ASK = "runuser -u web -- pennon --timeout 20000"

# What an operator does after apt install; docs/install.md has it.
SET_UP = """
set -e
runuser -u pennon-store -- pennon-store --config /etc/pennon/pennon-store.yaml init \
  --token-file /var/lib/pennon-store/admin-token
runuser -u pennon-store -- pennon-store --config /etc/pennon/pennon-store.yaml import \
  /usr/share/pennon/example-flags.json --sync-key-file /var/lib/pennon-store/sync-key
install -o pennon -g pennon -m 600 /var/lib/pennon-store/sync-key /etc/pennon/sync-key
systemctl enable --now pennon-store
systemctl restart pennond
"""

# Four clients ask on a new connection each time, while the daemon is restarted ten times.
LOAD = """
folder=$(mktemp -d) && chmod 755 $folder && install -d -o web $folder/out
cat >$folder/client <<'END'
until [ -e $1/stop ]; do
  if pennon --timeout 20000 eval banner -k user-7 >$1/out/last.$2 2>&1; then echo >>$1/out/asked.$2
  else cat $1/out/last.$2 >>$1/out/failed.$2; fi
done
END
for client in 1 2 3 4; do runuser -u web -- bash $folder/client $folder $client & done
until [ -s $folder/out/asked.4 ]; do sleep 0.1; done
for restart in 1 2 3 4 5 6 7 8 9 10; do systemctl restart pennond || echo "restart $restart failed"; done
touch $folder/stop
wait
cat $folder/out/failed.* 2>/dev/null
echo "asked $(cat $folder/out/asked.* | wc -l)"
"""


class BootTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pennon-boot-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        shutil.copy(FOLDER / "disk.img", folder)
        cls.machine = Machine(folder / "disk.img", FOLDER / "vmlinuz", FOLDER / "initrd", folder)
        cls.addClassCleanup(cls.machine.stop)
        code, output = cls.machine.run(SET_UP)
        assert code == 0, output
        cls.wait_until_live()

    @classmethod
    def wait_until_live(cls):
        code, output = cls.machine.run(f"for i in $(seq 300); do {ASK} status | grep -q live && exit; sleep 0.2; done; "
                                       "systemctl status pennond pennon-store; journalctl -u pennond -u pennon-store; exit 1")
        assert code == 0, output

    def ask(self, script):
        """The output of a script that has to succeed."""
        code, output = self.machine.run(script)
        self.assertEqual(code, 0, f"{script}\n{output}")
        return output

    def pid(self):
        return int(self.ask("systemctl show -p MainPID --value pennond"))

    def test_units_are_up_after_the_boot_and_nothing_failed(self):
        for unit in ("pennond.socket", "pennond.service", "pennon-store.service"):
            self.assertEqual(self.ask(f"systemctl is-active {unit}").strip(), "active")
            self.assertEqual(self.ask(f"systemctl is-enabled {unit}").strip(), "enabled")
        self.assertEqual(self.ask("systemctl list-units --failed --plain --no-legend").strip(), "")
        self.assertIn("revision", self.ask("systemctl show -p StatusText --value pennond"))

    def test_is_confined(self):
        for unit in ("pennond", "pennon-store"):
            self.ask(f"systemd-analyze security --threshold=15 {unit}.service >/dev/null")
        self.assertEqual(self.ask("grep CapEff /proc/$(systemctl show -p MainPID --value pennond)/status").split()[1], "0" * 16)

    def test_a_member_of_the_group_is_answered(self):
        self.assertIn("Welcome", self.ask(f"{ASK} eval banner -k anna"))

    def test_a_stranger_is_refused_and_reads_nothing(self):
        code, output = self.machine.run("runuser -u stranger -- pennon eval banner -k anna")
        self.assertNotEqual(code, 0, output)
        self.assertIn("ermission denied", output)
        for path in ("/var/lib/pennon/cache.db", "/etc/pennon/sync-key", "/var/lib/pennon-store/store.db"):
            code, output = self.machine.run(f"test -e {path} && runuser -u stranger -- cat {path}")
            self.assertNotEqual(code, 0, path)
            self.assertIn("ermission denied", output)

    def test_the_daemon_does_not_read_the_store(self):
        code, output = self.machine.run("runuser -u pennon -- cat /var/lib/pennon-store/store.db")
        self.assertNotEqual(code, 0)
        self.assertIn("ermission denied", output)

    def test_a_reload_takes_the_new_settings_and_refuses_wrong_ones(self):
        before = self.pid()
        self.ask("sed -i 's/^  level: info/  level: debug/' /etc/pennon/pennond.yaml && systemctl reload pennond")
        self.eventually_in_the_journal("log.level")
        self.ask("echo 'no-such-setting: 1' >>/etc/pennon/pennond.yaml && systemctl reload pennond")
        self.eventually_in_the_journal("no-such-setting")
        self.assertIn("Welcome", self.ask(f"{ASK} eval banner -k anna"))
        self.ask("sed -i -e '/^no-such-setting/d' -e 's/^  level: debug/  level: info/' /etc/pennon/pennond.yaml && "
                 "systemctl reload pennond")
        self.assertEqual(self.pid(), before)

    def eventually_in_the_journal(self, text):
        self.ask(f"for i in $(seq 100); do journalctl -u pennond | grep -q -e '{text}' && exit; sleep 0.1; done; "
                 "journalctl -u pennond; exit 1")

    def test_a_crash_is_answered_by_the_next_process(self):
        before = self.pid()
        # Asked right after: the socket is systemd's, so the question waits for the next process.
        self.assertIn("Welcome", self.ask(f"kill -SEGV {before} && {ASK} eval banner -k anna"))
        self.assertNotEqual(self.pid(), before)
        self.wait_until_live()

    def test_a_daemon_that_hangs_is_replaced_by_the_watchdog(self):
        before = self.pid()
        self.ask(f"kill -STOP {before}; for i in $(seq 120); do "
                 f"[ $(systemctl show -p MainPID --value pennond) -ne {before} ] && exit; sleep 1; done; exit 1")
        self.wait_until_live()
        self.eventually_in_the_journal("atchdog timeout")

    def test_a_restart_under_load_fails_no_request(self):
        before = self.pid()
        output = self.ask(LOAD).strip()
        self.assertNotEqual(self.pid(), before)
        self.assertRegex(output, r"^asked \d+$")
        self.assertGreater(int(output.split()[1]), 20)
        print(f"{output} during ten restarts, 0 failed")
        self.wait_until_live()

    def test_after_a_reboot_without_the_store_the_cache_answers(self):
        self.ask("systemctl disable --now pennon-store")
        self.machine.reboot()
        self.assertNotEqual(self.machine.run("systemctl is-active pennon-store")[0], 0)
        answer = self.ask(f"{ASK} eval banner -k anna")
        self.assertIn("Welcome", answer)
        self.assertIn("cache, revision", answer)
        self.ask("systemctl enable --now pennon-store")
        self.wait_until_live()


if __name__ == "__main__":
    unittest.main()
