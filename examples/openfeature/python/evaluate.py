"""Flags in Python: the stock OFREP provider against pennond, over HTTP or its Unix socket.

    OFREP_URL=http://127.0.0.1:8016 python evaluate.py
    OFREP_SOCKET=/run/pennon/pennon.sock python evaluate.py
"""
import json
import os
import socket

import requests
import urllib3
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


class UnixConnection(urllib3.connection.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ["OFREP_SOCKET"])


class UnixPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = UnixConnection


class UnixAdapter(requests.adapters.HTTPAdapter):
    """Sends what is for any host to the socket."""

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        return UnixPool("localhost")


def make_provider():
    if "OFREP_SOCKET" not in os.environ:
        return OFREPProvider(os.environ.get("OFREP_URL", "http://127.0.0.1:8016"))
    provider = OFREPProvider("http://localhost")
    provider.session.mount("http://", UnixAdapter())
    return provider


def main():
    api.set_provider(make_provider())
    client = api.get_client()
    user = EvaluationContext(targeting_key="user-7", attributes={"country": "NO", "age": 41})
    details = [
        client.get_boolean_details("new-checkout", False, user),
        client.get_string_details("banner", "none", user),
        client.get_integer_details("page-size", 10, user),
        client.get_float_details("sample-rate", 0.5, user),
        client.get_object_details("layout", {}, user),
        client.get_boolean_details("not-there", True, user),
        client.get_string_details("new-checkout", "of another type", user),
    ]
    for one in details:
        print(json.dumps({"flag": one.flag_key, "value": one.value, "variant": one.variant or "",
                          "error": one.error_code.value if one.error_code else ""}))


main()
