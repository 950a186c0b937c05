"""An upstream that is reached through a proxy of the environment's, as curl would."""
import sys

from harness import ROOT, EndToEndTest, eventually
from test_tls import make_certificate

sys.path.insert(0, str(ROOT / "tests" / "support"))
from http_proxy import HttpProxy  # noqa: E402


class ProxyTest(EndToEndTest):
    def proxy(self, store):
        proxy = HttpProxy(store.port)
        self.addCleanup(proxy.close)
        return proxy

    @staticmethod
    def variables(*given):
        """A command that runs what is behind it with these alone of what names proxies."""
        return ["env", *(f"--unset={name}" for name in ("no_proxy", "NO_PROXY")), *given]

    def test_a_store_whose_name_only_the_proxy_knows_is_followed_and_no_password_is_told(self):
        store = self.start_store()
        proxy = self.proxy(store)
        daemon = self.start_daemon(store, ["--upstream-url", "http://store.internal", "--log-level", "debug"],
                                   wrap=self.variables(f"http_proxy=http://user:canary@127.0.0.1:{proxy.port}"))
        eventually(lambda: daemon.environment()["state"] == "live", daemon.status)
        revision = store.configure("banner", {"enabled": False})
        eventually(lambda: daemon.environment()["revision"] == revision, daemon.status)
        self.assertTrue(any(line.startswith("GET http://store.internal/sync/v1/flagset") for line in proxy.asked), proxy.asked)
        self.assertTrue(proxy.authorizations)
        self.assertNotIn("canary", daemon.program.log + daemon.get("/status")[2].decode())

    def test_https_goes_through_a_tunnel_and_what_no_proxy_names_goes_without(self):
        certificate, key = make_certificate(self.folder("tls"), "store")
        store = self.start_store(tls=(certificate, key))
        proxy = self.proxy(store)
        trusting = ["--upstream-ca-file", str(certificate)]
        variable = f"https_proxy=http://127.0.0.1:{proxy.port}"
        through = self.start_daemon(store, trusting, wrap=self.variables(variable))
        eventually(lambda: through.environment()["state"] == "live", through.status)
        self.assertEqual(set(proxy.asked), {f"CONNECT 127.0.0.1:{store.port} HTTP/1.1"})
        through.program.end()
        proxy.asked.clear()
        past = self.start_daemon(store, trusting, name="past", wrap=self.variables(variable, "no_proxy=127.0.0.1"))
        eventually(lambda: past.environment()["state"] == "live", past.status)
        self.assertEqual(proxy.asked, [])
