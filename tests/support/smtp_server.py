#!/usr/bin/python3
"""A real SMTP server (aiosmtpd) for the tests of mail.

usage: smtp_server.py DIRECTORY [--starttls | --tls] [--auth NAME:PASSWORD] [--refuse]

Prints "listening on PORT", then each mail it accepted as one line of JSON: envelope, headers as the standard library
decodes them, and text. DIRECTORY gets cert.pem, for 127.0.0.1 and localhost, which is its own authority.
Ends with whoever started it.
"""
import argparse
import asyncio
import email
import email.policy
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, refuse):
        self.refuse, self.login = refuse, ""

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 4.3.0 not now"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tls = server.transport.get_extra_info("ssl_object") is not None
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": tls, "login": self.login,
                          "headers": {name.lower(): str(value) for name, value in mail.items()},
                          "names": [name.lower() for name in mail.keys()], "text": mail.get_content()}), flush=True)
        return "250 2.0.0 queued as 4711"


def make_certificate(directory):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", directory / "key.pem", "-out", directory / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    return context


async def serve(options, context):
    handler = Handler(options.refuse)

    def authenticate(server, session, envelope, mechanism, data):
        handler.login = data.login.decode()
        return AuthResult(success=f"{data.login.decode()}:{data.password.decode()}" == options.auth, handled=False)

    def protocol():
        return SMTP(handler, tls_context=context if options.starttls else None,
                    authenticator=authenticate if options.auth else None, auth_required=bool(options.auth),
                    auth_require_tls=False)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0,
                                                            ssl=context if options.tls else None)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--auth", default="")
    parser.add_argument("--refuse", action="store_true")
    options = parser.parse_args()
    asyncio.run(serve(options, make_certificate(options.directory) if options.starttls or options.tls else None))


main()
