"""RIMS in Python: token, seal, verify; `open_sealed` for debugging. Python 3.8 or newer, `pip install cryptography`.

    python3 rims.py vectors FILE
    python3 rims.py verify LICENCE_NUMBER NAME CLASS PLATE   # with RIMS_URL, RIMS_AUTH_KEY, RIMS_SECRET_KEY set

Never log licence numbers, names, tokens or keys. Nothing here does.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

KOREA = timezone(timedelta(hours=9))  # without summer time; RIMS counts days in Seoul, not in UTC
TOKEN_LIFE = 3 * 3600 - 5 * 60  # seconds: three hours, less five minutes so that it does not end on the way


class RimsError(Exception):
    """An error of table 5.1: `respCode` and `errorMsg`."""


def aes(secret_key):
    """AES-256 in ECB mode. The key is text, not hex: its UTF-8 bytes, cut or filled with zeros to 32 (not 16)."""
    return Cipher(algorithms.AES(secret_key.encode("utf-8")[:32].ljust(32, b"\0")), modes.ECB())


def seal(plaintext, secret_key):
    padder, encryptor = PKCS7(128).padder(), aes(secret_key).encryptor()
    padded = padder.update(plaintext.encode("utf-8")) + padder.finalize()
    # Standard Base64 with padding. base64.encodebytes would break lines.
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def open_sealed(sealed, secret_key):
    unpadder, decryptor = PKCS7(128).unpadder(), aes(secret_key).decryptor()
    padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
    return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")


class Rims:
    def __init__(self, url, auth_key, secret_key):
        self.url, self.auth_key, self.secret_key = url, auth_key, secret_key
        self.token, self.token_ends = None, 0.0

    def authorization(self):
        """`Bearer ...`, kept and used again while it is valid. Threads at once may get one each; all hold."""
        if self.token is None or time.monotonic() >= self.token_ends:
            # Base64 of the auth key alone: no user name, no colon.
            basic = base64.b64encode(self.auth_key.encode("utf-8")).decode("ascii")
            status, headers, body = send(self.url + "/col/oauth2?grantType=password", "Basic " + basic)
            if "Authorization" not in headers:  # the token is in the response's header, and the body is empty,
                answer(status, body)  # unless the key was refused
                raise RuntimeError(f"HTTP {status} without a token")
            self.token, self.token_ends = headers["Authorization"], time.monotonic() + TOKEN_LIFE
        return self.token

    def post(self, path, request):
        sealed = seal(json.dumps(request, ensure_ascii=False), self.secret_key)
        body = json.dumps({"encryptedData": sealed}).encode("utf-8")
        status, _, reply = send(self.url + path, self.authorization(), body)
        if status == 401:  # the token no longer holds: once more with a new one, and not again
            self.token = None
            status, _, reply = send(self.url + path, self.authorization(), body)
        return answer(status, reply)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take key and token to another host: it is an answer like any other."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def send(url, authorization, body=None):
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    try:
        with OPENER.open(urllib.request.Request(url, body, headers), timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:  # 401 is an answer, too
        with error:
            return error.code, error.headers, error.read()


def answer(status, body):
    try:
        found = json.loads(body)
    except ValueError:
        raise RuntimeError(f"HTTP {status} without an answer of RIMS") from None
    if "respCode" in found:  # errors come as HTTP 200
        raise RimsError(found["respCode"], found["errorMsg"])
    return found


def verify(rims, licence_number, name, licence_class, plate):
    """One line, and the exit code."""
    today = datetime.now(KOREA).strftime("%Y%m%d")
    request = {
        "f_license_no": licence_number,
        "f_resident_name": name,
        "f_licn_con_code": licence_class,
        "f_from_date": today,
        "f_to_date": today,
        "vhcl_reg_no": plate,
    }
    try:
        found = rims.post("/licenseVerification", request)
    except RimsError as error:
        return "error {} {}".format(*error.args), 5
    header = found["header"]
    if header["f_rtn_cd"] not in ("0", "00"):  # the licence register refused, and there is no body
        return f"refused {header['f_rtn_cd']} {header['f_rtn_msg']}", 4
    code = found["body"]["f_rtn_code"]  # 00 alone is eligible; codes newer than your list are not
    return ("eligible", 0) if code == "00" else (f"not eligible {code}", 3)


# From here on: the demonstration.


def vectors(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        secret_key, plaintext, sealed = line.split("\t")
        plaintext = base64.b64decode(plaintext).decode("utf-8")
        if seal(plaintext, secret_key) != sealed or open_sealed(sealed, secret_key) != plaintext:
            return f"line {number} differs", 1
    return f"ok {len(lines)}", 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "vectors":
        printed, status = vectors(sys.argv[2])
    elif len(sys.argv) == 6 and sys.argv[1] == "verify":
        # Keys come from the environment: arguments are seen by every user of the machine. So would be the driver's
        # data, which real code takes from its own database; the sandbox's driver does not exist.
        client = Rims(*(os.environ["RIMS_" + name] for name in ("URL", "AUTH_KEY", "SECRET_KEY")))
        printed, status = verify(client, *sys.argv[2:])
    else:
        printed, status = "usage: rims.py vectors FILE | verify LICENCE_NUMBER NAME CLASS PLATE", 2
    print(printed)
    sys.exit(status)
